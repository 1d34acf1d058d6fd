"""A Script spoken into a store: what is there already is kept, the rest is said in parallel.

First all chunks are looked up by their content; those near the age at which the clean-up would
delete them are made young again. What is missing is said, measured, and stored with its
measurements and the silence that follows it. A chunk that fails, or for which the time ran out,
does not stop the others under way: what they cost is not lost, and the next run asks only for what
is missing. Anything else that goes wrong stops at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import BoundedSemaphore

from mixer.errors import (
    MixerError,
    NotFound,
    OutOfTime,
    SpeechFailed,
    StoreFailed,
    UnplayableAudio,
)
from mixer.files import translate_disk_errors
from mixer.parallel import run_in_parallel, usable_cores
from mixer.script.script import Chunk
from mixer.sound.analysis.measurement import Measurement, measure
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.charges import Charges
from mixer.speech.engine import Speech, SpeechEngine, VoiceSettings
from mixer.speech.errors import combine_failures, timeout_error, unreadable_error
from mixer.speech.recordings import (
    Recording,
    build_recording,
    chunk_key,
    from_metadata,
    normalise_recording,
    to_metadata,
)
from mixer.store.objects import ObjectStore, StoredObject

CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg"}

CONCURRENT_LOOKUPS = 16
"""Objects looked up at a time: each is a round trip of some milliseconds and costs no core."""

ProgressCallback = Callable[[int, int], None]
"""Told how many characters of how many are done."""


@dataclass(frozen=True, slots=True)
class Narration:
    """A Script's recordings.

    Attributes:
        recordings: one per chunk, in reading order; None for a chunk that the voice cannot read.
        synthesized_chunks: how many chunks were said just now; the others were there already, or
            unreadable.
        billed_chars: what the engine charged for just now.
    """

    recordings: tuple[Recording | None, ...]
    synthesized_chunks: int
    billed_chars: int


@dataclass(frozen=True, slots=True)
class Narrator:
    """Says chunks into a store.

    Attributes:
        engine: who says them.
        store: where they are kept.
        voice_settings: how they are said.
        processes: the job that the measuring belongs to.
        measure_slots: lets as many chunks be measured at a time as there are cores: an engine that
            keeps dozens of calls in flight would otherwise start as many FFmpegs.
        stale_before: chunks stored before this moment are made young again; None leaves them.
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

    def find_recordings(self, chunks: Sequence[Chunk]) -> dict[str, Recording]:
        """The chunks that were said before, by key; costs nothing but the looking.

        Raises:
            StoreFailed: the store does not answer.
            OutOfTime: the moment to stop came.
        """
        looked = run_in_parallel(
            self.unique_chunks(chunks).items(),
            self._look_up_chunk,
            CONCURRENT_LOOKUPS,
            deadline_s=self.deadline_s,
        )
        recordings = {key: outcome.result() for (key, _), outcome in looked}
        return {key: each for key, each in recordings.items() if each is not None}

    def narrate(
        self,
        chunks: Sequence[Chunk],
        progress: ProgressCallback | None = None,
        existing: Mapping[str, Recording] | None = None,
        charges: Charges | None = None,
    ) -> Narration:
        """Have every chunk in the store.

        Args:
            chunks: in reading order; equal ones are said once.
            progress: told how far it is.
            existing: what `found` has found; looked up when None.
            charges: counts what is charged, also before a failure; closed in the end.

        Raises:
            SpeechFailed: some passages could not be said; it names them, the others are stored.
            NothingSpoken: the voice can read nothing of the whole.
            UnknownVoice: the engine has no such voice.
            StoreFailed: the store took no more.
            OutOfTime: the deadline came, or the job was stopped; what was said is stored.
        """
        distinct = self.unique_chunks(chunks)
        there = self.find_recordings(chunks) if existing is None else existing
        missing = {key: chunk for key, chunk in distinct.items() if key not in there}
        charges = charges or Charges(self.voice_settings.pricing_engine)
        said = self._synthesize_missing(missing, distinct, progress, charges)
        kept = {**there, **{key: each.recording for key, each in said.items()}}
        recordings = tuple(kept[self.key(chunk)] for chunk in chunks)
        if not any(recordings):
            raise unreadable_error(self.voice_settings.voice, chunks)
        made = sum(each.recording is not None for each in said.values())
        return Narration(recordings, made, sum(each.billed_chars for each in said.values()))

    def key(self, chunk: Chunk) -> str:
        """The object key of a chunk."""
        return chunk_key(
            chunk.ssml, self.voice_settings.speaker_settings(chunk.speaker), self.engine.suffix
        )

    def unique_chunks(self, chunks: Sequence[Chunk]) -> dict[str, Chunk]:
        """The chunks by key, in reading order; of equal ones the one with the longest silence."""
        longest: dict[str, Chunk] = {}
        for chunk in chunks:
            known = longest.setdefault(self.key(chunk), chunk)
            if chunk.gap_ms > known.gap_ms:
                longest[self.key(chunk)] = chunk
        return longest

    def _look_up_chunk(self, item: tuple[str, Chunk]) -> Recording | None:
        key, chunk = item
        stored = self.store.head(key)
        if stored is None:
            return None
        known = from_metadata(key, stored.metadata) or self._remeasure_chunk(key, chunk.gap_ms)
        if known is None:
            return None
        if known.gap_ms != chunk.gap_ms:
            known = replace(known, gap_ms=chunk.gap_ms)
            self._put_recording(known, self.store.get(key))
        elif self._is_stale(stored):
            self.store.touch(key)
        return known

    def _is_stale(self, stored: StoredObject) -> bool:
        return self.stale_before is not None and stored.modified < self.stale_before

    def _synthesize_missing(
        self,
        missing: Mapping[str, Chunk],
        distinct: Mapping[str, Chunk],
        progress: ProgressCallback | None,
        charges: Charges,
    ) -> dict[str, "_ChunkResult"]:
        """The missing chunks, said and stored; all of them, or it raises."""
        total_chars = sum(chunk.billed_chars for chunk in distinct.values())
        done_chars = total_chars - sum(chunk.billed_chars for chunk in missing.values())
        tally = _ResultCollector()
        say = partial(self._synthesize_chunk, charges)
        work = run_in_parallel(
            missing.items(), say, self.engine.parallelism, deadline_s=self.deadline_s
        )
        with closing(charges), closing(work):
            try:
                for (key, chunk), outcome in work:
                    tally.add(key, outcome)
                    done_chars += chunk.billed_chars
                    if progress is not None:
                        progress(done_chars, total_chars)
            except OutOfTime as error:
                tally.timeouts.append(error)
        if tally.failures:
            raise combine_failures(tally.failures, distinct)
        if tally.timeouts:
            done = len(distinct) - len(missing) + len(tally.results)
            raise timeout_error(done, len(distinct)) from tally.timeouts[0]
        return tally.results

    def _synthesize_chunk(self, charges: Charges, item: tuple[str, Chunk]) -> "_ChunkResult":
        """Have a chunk said, and store it."""
        key, chunk = item
        if self.processes.is_stopped:
            raise OutOfTime("The work was stopped before this chunk was said.")
        with charges.charge_call(chunk.billed_chars) as charge:
            speech = self.engine.synthesize(
                chunk.ssml, self.voice_settings.speaker_settings(chunk.speaker)
            )
            charge(speech.billed_chars)
        if not _is_audible(speech):
            return _ChunkResult(None, speech.billed_chars)
        try:
            recorded = self._store_speech(key, speech, chunk.gap_ms)
        except (OutOfTime, StoreFailed) as error:
            if isinstance(error, StoreFailed):
                charges.close()  # what cannot be kept is not to be paid for
            self._put_unmeasured(key, speech)
            raise
        return _ChunkResult(recorded, speech.billed_chars)

    def _store_speech(self, key: str, speech: Speech, gap_ms: int) -> Recording:
        with _scratch_file(key) as path:
            path.write_bytes(speech.audio)
            recorded = build_recording(key, speech, self._measure_file(path, key), gap_ms)
            self._put_recording(recorded, path)
        return recorded

    def _measure_file(self, path: Path, key: str) -> Measurement:
        with self.measure_slots:
            return measure(path, key, processes=self.processes)

    def _remeasure_chunk(self, key: str, gap_ms: int) -> Recording | None:
        """A recording that lost its measurements; None where it cannot be played.

        Its sentences' times are gone with them: captions share out the chunk's time by characters.
        """
        with suppress(NotFound, UnplayableAudio), _scratch_file(key) as path:
            self.store.fetch(key, path)
            recorded = normalise_recording(
                Recording(key, self._measure_file(path, key), gap_ms=gap_ms)
            )
            self._put_recording(recorded, path)
            return recorded
        return None

    def _put_unmeasured(self, key: str, speech: Speech) -> None:
        """Keep what was paid for even when there is no time or room left to measure it."""
        with suppress(MixerError):
            content_type = CONTENT_TYPES[self.engine.suffix]
            self.store.put(key, speech.audio, content_type=content_type)

    def _put_recording(self, recording: Recording, content: bytes | Path) -> None:
        content_type = CONTENT_TYPES[self.engine.suffix]
        about = to_metadata(recording)
        self.store.put(recording.key, content, content_type=content_type, metadata=about)


@dataclass(frozen=True, slots=True)
class _ChunkResult:
    recording: Recording | None
    billed_chars: int


@contextmanager
def _scratch_file(key: str) -> Iterator[Path]:
    """A name for a chunk's file outside the store, which FFmpeg reads.

    Raises:
        StoreFailed: the folder for temporary files takes no more.
    """
    with (
        translate_disk_errors(Path(gettempdir())),
        TemporaryDirectory(prefix="chunk-") as folder,
    ):
        yield Path(folder, Path(key).name)


@dataclass
class _ResultCollector:
    """What came of the chunks so far."""

    results: dict[str, _ChunkResult] = field(default_factory=dict)
    failures: dict[str, SpeechFailed] = field(default_factory=dict)
    timeouts: list[OutOfTime] = field(default_factory=list)

    def add(self, key: str, outcome: Future[_ChunkResult]) -> None:
        """Note how a chunk ended; what nobody can go on from is raised."""
        try:
            self.results[key] = outcome.result()
        except SpeechFailed as error:
            self.failures[key] = error
        except OutOfTime as error:
            self.timeouts.append(error)


def _is_audible(speech: Speech) -> bool:
    """Whether anything was said; an engine that gives no times is taken at its word."""
    return not speech.sentences or any(speech.sentences)
