"""A file of ninety hours, simulated from one segment again and again: joined, measured, split."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from mixer.sound.analysis.verification import Verification
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import Encoding
from mixer.sound.formats.model import EncodedStream, FileCut, FileSpec, WholeFile, Workshop
from mixer.sound.formats.mp3_frames import FRAME_SAMPLES
from mixer.sound.formats.tags import AudioTags
from mixer.sound.render.mixdown import file_spec
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import Renderer, RenderPool
from mixer.sound.render.segment_streams import render_streams
from mixer.sound.render.segments import Segment
from mixer.sound.render.store_join import StreamJoin
from mixer.sound.timeline import Timeline
from mixer.store.folder import FolderStore
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import decode_audio, level_db, speech

HOURS, MAX_MB = 90, 500
ENCODING = Encoding("mp3", 64)
FRAMES = 4_900
"""Of a segment: 128 s, a whole number of loudness windows, so that each measures the same."""

COUNT = HOURS * 3_600 // 128
LATER = 40
"""Segments before a later chapter."""

MARKED = AudioTags({"title": "Ninety hours"}, [(0.0, "One"), (300_000.0, "Two")], COUNT * 128.0)


MAIN = """
import sys
from pathlib import Path
from tests.functional.sound.test_ninety_hours import main
main(Path(sys.argv[1]))
"""


class Sink(FolderStore):
    """A store that counts what is streamed into it, and keeps only the beginning."""

    written_bytes = 0

    @contextmanager
    def open_writer(
        self,
        key: str,
        max_bytes: int,
        content_type: str,
    ) -> Iterator[IO[bytes]]:
        with super().open_writer(key, max_bytes, content_type) as file:
            yield Counted(self, file)  # type: ignore[misc]


class Counted:
    def __init__(self, sink: Sink, file: IO[bytes]) -> None:
        self._sink, self._file = sink, file

    def write(self, content: bytes) -> int:
        self._sink.written_bytes += len(content)
        return self._file.write(content) if self._file.tell() < 10_000 else len(content)


def prepare(folder: Path) -> PreparedMix:
    chunk = ChunkSpec(speech(55.0), gap_ms=1_000)
    return prepare_mix(folder, [chunk] * 5, bitrate_kbps=64)


def render_segment(folder: Path, store: FolderStore) -> EncodedStream:
    """A segment from the middle of a mix, of exactly so many frames, kept in a store."""
    mix = prepare(folder)
    at = [part * mix.timeline.grid for part in (100, 200)]
    window = (at[0] - 2 * mix.timeline.grid, at[1] + mix.timeline.rate_hz // 5)
    segment = Segment(*at, *window, is_last=False)
    pool = RenderPool(ProcessGroup(), 1)
    renderer = Renderer(mix.timeline, mix.ingredients, ENCODING, Workshop(folder, pool.processes))
    (stream,) = render_streams(renderer, [segment], SegmentCache(store), pool)
    stored_segment = SegmentCache(store).find(stream.key)
    assert stored_segment is not None
    assert stored_segment.frames == FRAMES
    return stored_segment


def ninety_hours(mix: PreparedMix) -> Timeline:
    return replace(mix.timeline, length=COUNT * 128 * mix.timeline.rate_hz)


def long_spec(mix: PreparedMix) -> FileSpec:
    return file_spec(ninety_hours(mix), ENCODING, MARKED)


def join_ninety_hours(folder: Path) -> tuple[Sink, int, Verification]:
    store = Sink(folder / "store")
    stream = render_segment(folder, store)
    timeline = ninety_hours(prepare(folder))
    work = StreamJoin(store, timeline, ENCODING, MARKED, 1_600, ProcessGroup())
    found = work.verify([stream] * COUNT)
    return store, work.join([stream] * COUNT, "book.mp3"), found


def main(folder: Path) -> None:
    """Join, and say how much memory that took."""
    store, size_bytes, found = join_ninety_hours(folder)
    assert store.written_bytes == size_bytes > 2.5e9
    assert len(found.momentary_lufs) == pytest.approx(HOURS * 36_000, rel=0.001)
    assert found.integrated_lufs == pytest.approx(-18, abs=2)
    assert -12 < found.true_peak_dbtp < 0
    assert len(found.peaks) >= 1_600
    assert found.range_lu is not None
    assert found.noise_floor_dbfs is not None
    print(peak_memory_mb())  # noqa: T201


def peak_memory_mb() -> int:
    """The peak of this process alone: `getrusage` would begin with its parent's."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1_000


def test_ninety_hours_are_joined_and_measured_in_bounded_memory(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", MAIN, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MAX_MB


class Repeated(io.RawIOBase):
    """Ninety hours as a file to be read: a header, then the same bytes again and again."""

    def __init__(self, header: bytes, content: bytes) -> None:
        self._header, self._content = header, content
        self.at = self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        size = len(self._header) + COUNT * len(self._content)
        self.at = {0: 0, 1: self.at, 2: size}[whence] + offset
        return self.at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        begin, content = self.at - len(self._header), self._content
        if begin < 0:
            found = self._header[self.at :]
        elif begin >= COUNT * len(content):
            return 0
        else:
            found = content[begin % len(content) :]
        count = min(len(buffer), len(found))
        buffer[:count] = found[:count]
        self.at, self.read_bytes = self.at + count, self.read_bytes + count
        return count


class RepeatedAudio:
    def __init__(self, header: bytes, content: bytes) -> None:
        self._header, self._content = header, content
        self.opened: list[Repeated] = []

    def open(self) -> IO[bytes]:
        self.opened.append(Repeated(self._header, self._content))
        return io.BufferedReader(self.opened[-1], 1 << 16)

    def local_path(self) -> Path:
        raise AssertionError("all of it was fetched")


def test_chapters_of_ninety_hours_are_read_where_they_are(tmp_path: Path):
    store = FolderStore(tmp_path / "store")
    stream = render_segment(tmp_path, store)
    content = io.BytesIO()
    stream.write_to(content)
    spec = long_spec(prepare(tmp_path))
    kind = ENCODING.kind
    header = kind.build_header(spec, COUNT * FRAMES, COUNT * stream.size_bytes)  # type: ignore[attr-defined]
    audio = RepeatedAudio(header, content.getvalue())
    workshop = Workshop(tmp_path, ProcessGroup())
    whole = WholeFile(audio, ENCODING.bitrate_kbps, 1, None, workshop)
    period = FRAMES * FRAME_SAMPLES
    cuts = [FileCut(count * period + 500_001, count * period + 900_001) for count in (1, LATER)]
    wanted = ((cut, tmp_path / f"{n}.mp3", AudioTags()) for n, cut in enumerate(cuts))
    early, late = (decode_audio(path) for path in kind.split(whole, wanted))
    assert early.shape[0] == late.shape[0] == 400_000
    assert np.abs(early - late).max() == 0
    assert level_db(late) > -40
    assert sum(each.read_bytes for each in audio.opened) < (LATER + 2) * stream.size_bytes
