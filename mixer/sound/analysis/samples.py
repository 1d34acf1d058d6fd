"""The decoded samples of a sound, in parts, from a pipe of FFmpeg's.

FFmpeg's own command decodes in a thread per stage, and handing over small frames costs more than
decoding them. A source inside the filter graph (`amovie`) does all in one thread; it gives up at
the first damaged frame, where the command goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from struct import unpack
from typing import IO, Generic, TypeVar

from mixer.errors import RenderFailed
from mixer.sound import ffmpeg
from mixer.sound.arithmetic import Samples, np
from mixer.sound.ffmpeg import ProcessGroup

FRAMES = 32_768
"""Read at once: enough that NumPy's calls cost little, few enough to stay in the cache."""

DECODE_TIMEOUT_S = 600.0
"""A pass takes about a second per half hour of speech; the timeout is for a broken machine."""

LARGE_FRAMES = f"asetnsamples={FRAMES}:p=0"
RAW = ("-c:a", "pcm_f32le", "-bitexact", "-map_metadata", "-1", "-f", "wav", "-")
ONE_THREAD = ("-filter_complex_threads", "1", "-threads", "1")
"""Files are decoded in parallel, so each gets one thread."""

COUNTED = "astats=length=0:measure_perchannel=none:measure_overall=Number_of_samples"
"""Reports once for each format of samples that a file has."""

LOUDEST = 1e6
"""Of a sample, 120 dB above full scale. What is louder, or not a number, stays in FFmpeg's
recursive filters, which then play noise to the end.
"""

OVERFLOW = "Samples are not numbers, or 120 dB above full scale."

RIFF_BYTES, CHUNK_HEAD_BYTES = 12, 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SampleReader:
    """Samples that FFmpeg writes into a pipe as WAV, which states their rate and channels."""

    rate_hz: int
    channels: int
    _file: IO[bytes]

    @classmethod
    def open(cls, file: IO[bytes]) -> "SampleReader | None":
        """Read the head of a stream; None if there is none, because FFmpeg failed."""
        file.read(RIFF_BYTES)
        rate_hz = channels = 0
        while len(head := file.read(CHUNK_HEAD_BYTES)) == CHUNK_HEAD_BYTES:
            name, size = unpack("<4sI", head)
            if name == b"data":
                return cls(rate_hz, channels, file)
            content = file.read(size)
            if name == b"fmt ":
                channels, rate_hz = unpack("<HI", content[2:8])
        return None

    def read(self) -> Iterator[Samples]:
        """All samples, in parts; raises RenderFailed with OVERFLOW if one is above LOUDEST."""
        frame_bytes = 4 * self.channels
        while content := self._file.read(FRAMES * frame_bytes):
            whole = len(content) // frame_bytes * frame_bytes
            frames = np.frombuffer(content[:whole], "<f4").reshape(-1, self.channels)
            samples = np.ascontiguousarray(frames.T)
            if not np.vdot(samples, samples) < LOUDEST**2:  # also if that is not a number
                _require_finite(samples)
            yield samples


def _require_finite(samples: Samples) -> None:
    if not np.abs(samples).max() <= LOUDEST:
        raise RenderFailed(OVERFLOW)


@dataclass(frozen=True, slots=True)
class Decoded(Generic[T]):
    """What was made of a sound's samples, and FFmpeg's log, which describes the file."""

    result: T
    log: str


def decode_samples(
    path: Path,
    filters: str,
    consume: Callable[[SampleReader], T],
    *,
    processes: ProcessGroup | None = None,
) -> Decoded[T]:
    """Decode a sound of any format, opened confined; raises RenderFailed if there is none.

    `consume` gets the samples; if the file is damaged it is called again, with all that can be
    decoded.
    """
    probe_bytes = ffmpeg.select_probe_bytes(path)
    probing = ["-probesize", str(probe_bytes)] if probe_bytes else []
    shown = [*probing, *ffmpeg.confine_input(0)]  # only for the log
    source = f"{ffmpeg.confine_source(1, probe_bytes)},{filters}"
    with suppress(RenderFailed):
        decoded = _decode([*shown, *_output(source)], [path, path], consume, processes)
        if not ffmpeg.is_damaged(decoded.log):
            return decoded
    source = f"[0:a:0]{COUNTED},{filters}"
    return _decode([*shown, *_output(source)], [path], consume, processes)


def decode_piece(
    path: Path,
    filters: str,
    consume: Callable[[SampleReader], T],
    processes: ProcessGroup | None,
) -> T:
    """Decode a file that we encoded; raises RenderFailed if that fails."""
    source = f"{ffmpeg.confine_source(0)},{filters}"
    return _decode(_output(source), [path], consume, processes).result


def _output(graph: str) -> list[str]:
    return ["-filter_complex", f"{graph},{LARGE_FRAMES}[out]", "-map", "[out]", *RAW]


def _decode(
    arguments: Sequence[str],
    files: Sequence[Path],
    consume: Callable[[SampleReader], T],
    processes: ProcessGroup | None,
) -> Decoded[T]:
    results: list[T] = []

    def read(file: IO[bytes]) -> None:
        reader = SampleReader.open(file)
        if reader is not None:
            results.append(consume(reader))

    log = ffmpeg.stream(
        [*ONE_THREAD, *arguments],
        read,
        files=[each.resolve() for each in files],
        timeout_s=DECODE_TIMEOUT_S,
        processes=processes,
    )
    if not results:
        raise RenderFailed("The file contains no audio.")
    return Decoded(results[0], log)
