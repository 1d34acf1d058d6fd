"""A Script spoken into a store: known chunks are kept, the others are synthesized in parallel.

First all chunks are looked up by their content; those near the age at which retention would delete
them are touched. Missing chunks are synthesized, measured, and stored with their measurements and
the silence that follows. A chunk that fails, or for which the time ran out, does not stop the
others under way: what they cost is not lost, and the next run pays only for what is missing. Any
other error stops at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from threading import BoundedSemaphore

from mixer.errors import MixerError, NotFound, OutOfTime, StoreFailed, UnplayableAudio
from mixer.files import translate_disk_errors
from mixer.parallel import run_in_parallel, usable_cores
from mixer.scratch import open_scratch_folder
from mixer.script import Chunk
from mixer.sound import ProcessGroup
from mixer.sound.analysis import Measurement, measure
from mixer.speech.charges import Charges
from mixer.speech.engine import CONTENT_TYPES, Speech, SpeechEngine, VoiceSettings
from mixer.speech.recordings import Recording, build_recording, chunk_key, normalise_recording
from mixer.speech.results import ChunkResult, ProgressCallback, ResultCollector, unreadable_error
from mixer.store import ObjectStore, StoredObject

CONCURRENT_LOOKUPS = 16
"""Each lookup is a round trip of some milliseconds and costs no core."""

KnownChunks = Mapping[str, Recording | None]
"""Results of earlier lookups by chunk key: a recording, or None for a chunk that was missing."""


@dataclass(frozen=True, slots=True)
class NarratorResult:
    """A Script's recordings, one per chunk in reading order; None for an unreadable chunk.

    `synthesized_chunks` and `billed_chars` count this run only.
    """

    recordings: tuple[Recording | None, ...]
    synthesized_chunks: int
    billed_chars: int


@dataclass(frozen=True, slots=True)
class Narrator:
    """Synthesizes chunks into a store.

    Attributes:
        processes: the group of the FFmpegs that measure.
        measure_slots: lets as many chunks be measured at a time as there are cores: an engine that
            keeps dozens of calls in flight would otherwise start as many FFmpegs.
        stale_before: chunks stored before this are touched; None leaves them.
        deadline_s: when to stop waiting for anything, on the monotonic clock.
    """

    engine: SpeechEngine
    store: ObjectStore
    voice_settings: VoiceSettings
    processes: ProcessGroup
    measure_slots: BoundedSemaphore = field(
        default_factory=lambda: BoundedSemaphore(usable_cores())
    )
    stale_before: datetime | None = None
    deadline_s: float | None = None

    def find_recordings(
        self, chunks: Sequence[Chunk], known: KnownChunks | None = None
    ) -> dict[str, Recording | None]:
        """Look up each distinct chunk that is not known yet.

        Returns:
            By key, in reading order: the recording, or None for a missing chunk.

        Raises:
            OutOfTime: the deadline came.
        """
        known = known or {}
        distinct = self.unique_chunks(chunks)
        lookups = run_in_parallel(
            [(key, chunk) for key, chunk in distinct.items() if key not in known],
            self._look_up_chunk,
            CONCURRENT_LOOKUPS,
            deadline_s=self.deadline_s,
        )
        looked_up = {key: outcome.result() for (key, _), outcome in lookups}
        return {key: looked_up[key] if key in looked_up else known[key] for key in distinct}

    def narrate(
        self,
        chunks: Sequence[Chunk],
        progress: ProgressCallback | None = None,
        known: KnownChunks | None = None,
        charges: Charges | None = None,
    ) -> NarratorResult:
        """Synthesize the chunks that the store lacks; equal ones once.

        Args:
            chunks: in reading order.
            progress: called after each chunk.
            known: from `find_recordings`; the store is asked for all other chunks.
            charges: counts what is charged, also before a failure; closed in the end.

        Raises:
            SpeechFailed: some passages failed; it names them, the others are stored.
            NothingSpoken: the voice cannot read any of the chunks.
            UnknownVoice: the engine lacks the voice.
            StoreFailed: the store accepts no more.
            OutOfTime: the deadline came, or the group was stopped; finished chunks are stored.
        """
        distinct = self.unique_chunks(chunks)
        stored = self.find_recordings(chunks, known)
        missing = {key: chunk for key, chunk in distinct.items() if stored[key] is None}
        charges = charges or Charges(self.voice_settings.pricing_engine)
        results = self._synthesize_missing(missing, distinct, progress, charges)
        kept = {**stored, **{key: each.recording for key, each in results.items()}}
        recordings = tuple(kept[self.key(chunk)] for chunk in chunks)
        if not any(recordings):
            raise unreadable_error(self.voice_settings.voice, chunks)
        synthesized = sum(each.recording is not None for each in results.values())
        billed_chars = sum(each.billed_chars for each in results.values())
        return NarratorResult(recordings, synthesized, billed_chars)

    def key(self, chunk: Chunk) -> str:
        """The object key of a chunk."""
        settings = self.voice_settings.speaker_settings(chunk.speaker)
        return chunk_key(chunk.ssml, settings, self.engine.suffix)

    def unique_chunks(self, chunks: Sequence[Chunk]) -> dict[str, Chunk]:
        """The chunks by key, in reading order; of equal ones the one with the longest silence."""
        longest: dict[str, Chunk] = {}
        for chunk in chunks:
            key = self.key(chunk)
            if chunk.gap_ms > longest.setdefault(key, chunk).gap_ms:
                longest[key] = chunk
        return longest

    def _look_up_chunk(self, item: tuple[str, Chunk]) -> Recording | None:
        key, chunk = item
        stored = self.store.head(key)
        if stored is None:
            return None
        recording = Recording.from_metadata(key, stored.metadata) or self._remeasure_chunk(
            key, chunk.gap_ms
        )
        if recording is None:
            return None
        if recording.gap_ms != chunk.gap_ms:
            recording = replace(recording, gap_ms=chunk.gap_ms)
            self._put_recording(recording, self.store.get(key))
        elif self._is_stale(stored):
            self.store.touch(key)
        return recording

    def _is_stale(self, stored: StoredObject) -> bool:
        return self.stale_before is not None and stored.modified < self.stale_before

    def _synthesize_missing(
        self,
        missing: Mapping[str, Chunk],
        distinct: Mapping[str, Chunk],
        progress: ProgressCallback | None,
        charges: Charges,
    ) -> dict[str, ChunkResult]:
        collected = ResultCollector(distinct, missing, progress)
        work = run_in_parallel(
            missing.items(),
            partial(self._synthesize_chunk, charges),
            self.engine.parallelism,
            deadline_s=self.deadline_s,
        )
        with closing(charges), closing(work):
            try:
                for (key, _), outcome in work:
                    collected.add(key, outcome)
            except OutOfTime as error:
                collected.timeouts.append(error)
        collected.raise_failures()
        return collected.results

    def _synthesize_chunk(self, charges: Charges, item: tuple[str, Chunk]) -> ChunkResult:
        key, chunk = item
        if self.processes.is_stopped:
            raise OutOfTime("The work was stopped before this chunk was synthesized.")
        settings = self.voice_settings.speaker_settings(chunk.speaker)
        with charges.charge_call(chunk.billed_chars) as charge:
            speech = self.engine.synthesize(chunk.ssml, settings)
            charge(speech.billed_chars)
        if not _is_audible(speech):
            return ChunkResult(None, speech.billed_chars)
        try:
            recording = self._store_speech(key, speech, chunk.gap_ms)
        except (OutOfTime, StoreFailed) as error:
            if isinstance(error, StoreFailed):
                charges.close()  # do not pay for what cannot be kept
            self._put_unmeasured(key, speech)
            raise
        return ChunkResult(recording, speech.billed_chars)

    def _store_speech(self, key: str, speech: Speech, gap_ms: int) -> Recording:
        with _scratch_file(key) as path:
            path.write_bytes(speech.audio)
            recording = build_recording(key, speech, self._measure_file(path, key), gap_ms)
            self._put_recording(recording, path)
        return recording

    def _measure_file(self, path: Path, key: str) -> Measurement:
        with self.measure_slots:
            return measure(path, key, processes=self.processes)

    def _remeasure_chunk(self, key: str, gap_ms: int) -> Recording | None:
        """Measure a recording again, losing its times; None where it cannot be played."""
        with suppress(NotFound, UnplayableAudio), _scratch_file(key) as path:
            self.store.fetch(key, path)
            recording = normalise_recording(
                Recording(key, self._measure_file(path, key), gap_ms=gap_ms)
            )
            self._put_recording(recording, path)
            return recording
        return None

    def _put_unmeasured(self, key: str, speech: Speech) -> None:
        """Keep what was paid for even without the time or room to measure it."""
        with suppress(MixerError):
            content_type = CONTENT_TYPES[self.engine.suffix]
            self.store.put(key, speech.audio, content_type=content_type)

    def _put_recording(self, recording: Recording, content: bytes | Path) -> None:
        content_type = CONTENT_TYPES[self.engine.suffix]
        metadata = recording.to_metadata()
        self.store.put(recording.key, content, content_type=content_type, metadata=metadata)


@contextmanager
def _scratch_file(key: str) -> Iterator[Path]:
    """A temporary path for FFmpeg; StoreFailed where its folder is full or not writable."""
    with (
        translate_disk_errors(Path(gettempdir())),
        open_scratch_folder("chunk") as folder,
    ):
        yield Path(folder, Path(key).name)


def _is_audible(speech: Speech) -> bool:
    """Whether anything was spoken; an engine without times is trusted."""
    return not speech.sentences or any(speech.sentences)
