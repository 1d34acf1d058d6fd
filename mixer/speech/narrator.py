"""A Script spoken into a store: known chunks are kept, the others are synthesized in parallel.

First all chunks are looked up by their content; those near the age at which retention would delete
them are touched. Missing chunks are synthesized, measured, and stored with their measurements and
the silence that follows. Each is synthesized under a lease: another thread or process that needs
the same chunk at the same time waits for it instead of paying for it again. A chunk that fails, or
for which the time ran out, does not stop the others under way: what they cost is not lost, and the
next run pays only for what is missing. Any other error stops at once.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore

from mixer.errors import MixerError, OutOfTime, SpeechFailed, StoreFailed, UnplayableAudio
from mixer.parallel import run_in_parallel, usable_cores
from mixer.script import Chunk
from mixer.sound import ProcessGroup
from mixer.speech.charges import Charges
from mixer.speech.engine import Speech, SpeechEngine, VoiceSettings
from mixer.speech.recordings import ChunkStore, Recording, chunk_key
from mixer.speech.results import (
    ChunkResult,
    ProgressCallback,
    ResultCollector,
    unreadable_error,
)
from mixer.store import LeaseKeeper, ObjectStore

LEASE_PREFIX = "speaking/chunks/"
"""Of leases on chunks that are being synthesized."""

CONCURRENT_LOOKUPS = 16
"""Each lookup is a round trip of some milliseconds and costs no core."""

KnownChunks = Mapping[str, Recording | None]
"""Results of earlier lookups by chunk key: a recording, or None for a chunk that was missing."""

RecordingCallback = Callable[[str, Recording | None], None]
"""Receives each distinct chunk's key and recording, None for one that the voice cannot read."""


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
        on_recording: called as soon as a recording is there, in no order.
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
    on_recording: RecordingCallback | None = None

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
        for key in distinct.keys() - missing.keys():
            self._report_recording(key, stored[key])
        charges = charges or Charges()
        results = self._synthesize_missing(missing, distinct, progress, charges)
        kept = {**stored, **{key: each.recording for key, each in results.items()}}
        recordings = tuple(kept[self.key(chunk)] for chunk in chunks)
        if not any(recordings):
            raise unreadable_error(self.voice_settings.voice, chunks)
        synthesized = sum(each.is_new and each.recording is not None for each in results.values())
        billed_chars = sum(each.billed_chars for each in results.values())
        return NarratorResult(recordings, synthesized, billed_chars)

    def retake(
        self, chunk: Chunk, charges: Charges, is_better: Callable[[bytes], bool]
    ) -> Recording | None:
        """Synthesize a chunk once more; the new recording takes the place of the old if better.

        Args:
            is_better: decides by the new audio file.

        Raises as `narrate` does; the old recording is kept then.
        """
        self._require_time()
        speech = self._pay_for_speech(charges, chunk)
        if not _is_audible(speech) or not is_better(speech.audio):
            return None
        return self._chunks.put(self.key(chunk), speech, chunk.gap_ms)

    def key(self, chunk: Chunk) -> str:
        """The object key of a chunk."""
        settings = self.voice_settings.speaker_settings(chunk.speaker)
        return chunk_key(chunk.ssml, settings, settings.suffix or self.engine.suffix)

    def unique_chunks(self, chunks: Sequence[Chunk]) -> dict[str, Chunk]:
        """The chunks by key, in reading order; of equal ones the one with the longest silence."""
        longest: dict[str, Chunk] = {}
        for chunk in chunks:
            key = self.key(chunk)
            if chunk.gap_ms > longest.setdefault(key, chunk).gap_ms:
                longest[key] = chunk
        return longest

    def pause(self, seconds: float) -> None:
        """Wait for another owner's chunk; raises OutOfTime at the deadline."""
        self._require_time()
        time.sleep(seconds)

    @property
    def _chunks(self) -> ChunkStore:
        return ChunkStore(self.store, self.processes, self.measure_slots, self.stale_before)

    def _report_recording(self, key: str, recording: Recording | None) -> None:
        if self.on_recording is not None:
            self.on_recording(key, recording)

    def _look_up_chunk(self, item: tuple[str, Chunk]) -> Recording | None:
        return self._chunks.find(*item)

    def _synthesize_missing(
        self,
        missing: Mapping[str, Chunk],
        distinct: Mapping[str, Chunk],
        progress: ProgressCallback | None,
        charges: Charges,
    ) -> dict[str, ChunkResult]:
        collected = ResultCollector(distinct, missing, progress)
        with closing(charges), closing(self._run_chunks(missing, charges)) as work:
            try:
                for (key, _), outcome in work:
                    collected.add(key, outcome)
                    if key in collected.results:
                        self._report_recording(key, collected.results[key].recording)
            except OutOfTime as error:
                collected.timeouts.append(error)
        collected.raise_failures()
        return collected.results

    def _run_chunks(
        self, missing: Mapping[str, Chunk], charges: Charges
    ) -> Generator[tuple[tuple[str, Chunk], Future[ChunkResult]]]:
        """Synthesize chunks in parallel; the first alone, if a listener waits for it."""
        items, ahead = list(missing.items()), 0 if self.on_recording is None else 1
        for part in (items[:ahead], items[ahead:]):
            yield from run_in_parallel(
                part,
                partial(self._synthesize_chunk, charges),
                self.engine.parallelism,
                deadline_s=self.deadline_s,
            )

    def _synthesize_chunk(self, charges: Charges, item: tuple[str, Chunk]) -> ChunkResult:
        """Synthesize a chunk, unless another thread or process has done so meanwhile."""
        self._require_time()
        key, chunk = item
        with LeaseKeeper(self.store).hold_lease(f"{LEASE_PREFIX}{Path(key).stem}", self.pause):
            recording = self._look_up_chunk(item)
            if recording is not None:
                return ChunkResult(recording, 0, is_new=False)
            return self._pay_for_chunk(charges, key, chunk)

    def _pay_for_chunk(self, charges: Charges, key: str, chunk: Chunk) -> ChunkResult:
        speech = self._pay_for_speech(charges, chunk)
        if not _is_audible(speech):
            return ChunkResult(None, speech.billed_chars)
        try:
            recording = self._chunks.put(key, speech, chunk.gap_ms)
        except UnplayableAudio as error:
            raise SpeechFailed(f"Its recording cannot be used: {error}", [chunk.passage]) from error
        except (OutOfTime, StoreFailed) as error:
            if isinstance(error, StoreFailed):
                charges.close()  # do not pay for what cannot be kept
            self._chunks.put_unmeasured(key, speech)
            raise
        return ChunkResult(recording, speech.billed_chars)

    def _pay_for_speech(self, charges: Charges, chunk: Chunk) -> Speech:
        settings = self.voice_settings.speaker_settings(chunk.speaker)
        with charges.charge_call(settings.count_billed_chars(chunk), settings.price_usd) as charge:
            try:
                speech = self.engine.synthesize(chunk.ssml, settings)
            except MixerError as error:
                charge(error.billed_chars)
                raise
            charge(speech.billed_chars)
        return speech

    def _require_time(self) -> None:
        is_late = self.deadline_s is not None and time.monotonic() > self.deadline_s
        if is_late or self.processes.is_stopped:
            raise OutOfTime("The work was stopped before this chunk was synthesized.")


def _is_audible(speech: Speech) -> bool:
    """Whether anything was spoken; an engine without times is trusted."""
    return not speech.sentences or any(speech.sentences)
