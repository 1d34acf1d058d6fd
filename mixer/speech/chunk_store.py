"""The recordings of chunks in a store: looked up, checked, measured, kept.

A recording is sealed with its measurements. What is damaged counts as missing, so the same run
synthesizes it again. A recording from before there were seals is measured once more: it is used if
it is as long as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from threading import BoundedSemaphore

from mixer.errors import DamagedObject, MixerError, NotFound, UnplayableAudio
from mixer.files import translate_disk_errors
from mixer.scratch import open_scratch_folder
from mixer.script import Chunk
from mixer.sound import ProcessGroup
from mixer.sound.analysis import Measurement, measure
from mixer.speech.engine import CONTENT_TYPES, Speech
from mixer.speech.recordings import SEAL, Recording, build_recording, normalise_recording
from mixer.store import ObjectStore, find_sealed, put_sealed


@dataclass(frozen=True, slots=True)
class ChunkStore:
    """Recordings, under keys that end in the suffix of their audio files.

    Attributes:
        processes: the group of the FFmpegs that measure.
        measure_slots: limits how many chunks are measured at a time.
        stale_before: chunks stored before this are touched; None leaves them.
    """

    store: ObjectStore
    processes: ProcessGroup
    measure_slots: BoundedSemaphore
    stale_before: datetime | None

    def find(self, key: str, chunk: Chunk) -> Recording | None:
        """Look up the recording of a chunk; None if it is missing, damaged or unplayable."""
        stored = find_sealed(self.store, key, accept_unsealed=True)
        if stored is None:
            return None
        recording = Recording.from_metadata(key, stored.metadata)
        if recording is None or not stored.is_sealed:
            recording = self._remeasure(key, chunk.gap_ms, recording)
        if recording is None:
            return None
        if recording.gap_ms != chunk.gap_ms:
            recording = replace(recording, gap_ms=chunk.gap_ms)
            with suppress(NotFound, DamagedObject):
                return self._put(recording, self.store.get(key))
            return None
        if self.stale_before is not None and stored.modified < self.stale_before:
            self.store.touch(key)
        return recording

    def put(self, key: str, speech: Speech, gap_ms: int) -> Recording:
        """Measure and store a new recording with the silence that follows it."""
        with _scratch_file(key) as path:
            path.write_bytes(speech.audio)
            return self._put(build_recording(key, speech, self._measure(path, key), gap_ms), path)

    def put_unmeasured(self, key: str, speech: Speech) -> None:
        """Keep what was paid for even without the time or room to measure it."""
        with suppress(MixerError):
            put_sealed(self.store, key, speech.audio, content_type=_content_type(key))

    def _put(self, recording: Recording, content: bytes | Path) -> Recording:
        key, about = recording.key, recording.to_metadata()
        kind = _content_type(key)
        seal = put_sealed(self.store, key, content, content_type=kind, metadata=about)
        return Recording.from_metadata(key, {**about, SEAL: seal}) or recording

    def _measure(self, path: Path, key: str) -> Measurement:
        with self.measure_slots:
            return measure(path, key, processes=self.processes)

    def _remeasure(self, key: str, gap_ms: int, before: Recording | None) -> Recording | None:
        """Measure a recording again; without `before` its times are lost."""
        with suppress(NotFound, DamagedObject, UnplayableAudio), _scratch_file(key) as path:
            self.store.fetch(key, path)
            measured = self._measure(path, key)
            if before is not None and before.measured.samples != measured.samples:
                return None
            recording = before or normalise_recording(Recording(key, measured, gap_ms=gap_ms))
            return self._put(recording, path)
        return None


def _content_type(key: str) -> str:
    return CONTENT_TYPES[key.rpartition(".")[2]]


@contextmanager
def _scratch_file(key: str) -> Iterator[Path]:
    """A temporary path for FFmpeg; StoreFailed where its folder is full or not writable."""
    with (
        translate_disk_errors(Path(gettempdir())),
        open_scratch_folder("chunk") as folder,
    ):
        yield Path(folder, Path(key).name)
