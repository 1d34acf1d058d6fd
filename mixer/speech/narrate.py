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
from mixer.files import disk_errors_named
from mixer.parallel import in_parallel, usable_cores
from mixer.script.script import Chunk
from mixer.sound.ffmpeg import Children
from mixer.sound.measure import Measurement, measure
from mixer.speech.charges import Charges
from mixer.speech.endings import all_failed, nothing_spoken, too_late
from mixer.speech.engine import Delivery, Speech, SpeechEngine
from mixer.speech.recordings import (
    Recording,
    chunk_key,
    from_metadata,
    recording,
    settled,
    to_metadata,
)
from mixer.store.objects import ObjectStore, StoredObject

CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg"}

LOOKUPS = 16
"""Objects looked up at a time: each is a round trip of some milliseconds and costs no core."""

Progress = Callable[[int, int], None]
"""Told how many characters of how many are done."""


@dataclass(frozen=True, slots=True)
class Narration:
    """A Script's recordings.

    Attributes:
        recordings: one per chunk, in reading order; None for a chunk that the voice cannot read.
        said: how many chunks were said just now; the others were there already, or unreadable.
        billed_chars: what the engine charged for just now.
    """

    recordings: tuple[Recording | None, ...]
    said: int
    billed_chars: int


@dataclass(frozen=True, slots=True)
class Narrator:
    """Says chunks into a store.

    Attributes:
        engine: who says them.
        store: where they are kept.
        delivery: how they are said.
        children: the job that the measuring belongs to.
        measuring: lets as many chunks be measured at a time as there are cores: an engine that
            keeps dozens of calls in flight would otherwise start as many FFmpegs.
        young_since: chunks stored before this moment are made young again; None leaves them.
        until_s: when to stop waiting for anything, on the monotonic clock.
    """

    engine: SpeechEngine
    store: ObjectStore
    delivery: Delivery
    children: Children
    measuring: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(usable_cores()))
    young_since: datetime | None = None
    until_s: float | None = None

    def found(self, chunks: Sequence[Chunk]) -> dict[str, Recording]:
        """The chunks that were said before, by key; costs nothing but the looking.

        Raises:
            StoreFailed: the store does not answer.
            OutOfTime: the moment to stop came.
        """
        looked = in_parallel(
            self.distinct(chunks).items(), self._look_up, LOOKUPS, until_s=self.until_s
        )
        recordings = {key: outcome.result() for (key, _), outcome in looked}
        return {key: each for key, each in recordings.items() if each is not None}

    def narrate(
        self,
        chunks: Sequence[Chunk],
        progress: Progress | None = None,
        found: Mapping[str, Recording] | None = None,
        charges: Charges | None = None,
    ) -> Narration:
        """Have every chunk in the store.

        Args:
            chunks: in reading order; equal ones are said once.
            progress: told how far it is.
            found: what `found` has found; looked up when None.
            charges: counts what is charged, also before a failure; closed in the end.

        Raises:
            SpeechFailed: some passages could not be said; it names them, the others are stored.
            NothingSpoken: the voice can read nothing of the whole.
            UnknownVoice: the engine has no such voice.
            StoreFailed: the store took no more.
            OutOfTime: the deadline came, or the job was stopped; what was said is stored.
        """
        distinct = self.distinct(chunks)
        there = self.found(chunks) if found is None else found
        missing = {key: chunk for key, chunk in distinct.items() if key not in there}
        charges = charges or Charges(self.delivery.priced_as)
        said = self._said(missing, distinct, progress, charges)
        kept = {**there, **{key: each.recording for key, each in said.items()}}
        recordings = tuple(kept[self.key(chunk)] for chunk in chunks)
        if not any(recordings):
            raise nothing_spoken(self.delivery.voice, chunks)
        made = sum(each.recording is not None for each in said.values())
        return Narration(recordings, made, sum(each.billed_chars for each in said.values()))

    def key(self, chunk: Chunk) -> str:
        """The object key of a chunk."""
        return chunk_key(chunk.ssml, self.delivery.of(chunk.speaker), self.engine.suffix)

    def distinct(self, chunks: Sequence[Chunk]) -> dict[str, Chunk]:
        """The chunks by key, in reading order; of equal ones the one with the longest silence."""
        longest: dict[str, Chunk] = {}
        for chunk in chunks:
            known = longest.setdefault(self.key(chunk), chunk)
            if chunk.gap_ms > known.gap_ms:
                longest[self.key(chunk)] = chunk
        return longest

    def _look_up(self, item: tuple[str, Chunk]) -> Recording | None:
        key, chunk = item
        stored = self.store.head(key)
        if stored is None:
            return None
        known = from_metadata(key, stored.metadata) or self._measured_again(key, chunk.gap_ms)
        if known is None:
            return None
        if known.gap_ms != chunk.gap_ms:
            known = replace(known, gap_ms=chunk.gap_ms)
            self._put(known, self.store.get(key))
        elif self._is_old(stored):
            self.store.refresh(key)
        return known

    def _is_old(self, stored: StoredObject) -> bool:
        return self.young_since is not None and stored.modified < self.young_since

    def _said(
        self,
        missing: Mapping[str, Chunk],
        distinct: Mapping[str, Chunk],
        progress: Progress | None,
        charges: Charges,
    ) -> dict[str, "_Said"]:
        """The missing chunks, said and stored; all of them, or it raises."""
        total_chars = sum(chunk.billed_chars for chunk in distinct.values())
        done_chars = total_chars - sum(chunk.billed_chars for chunk in missing.values())
        tally = _Tally()
        say = partial(self._say, charges)
        work = in_parallel(missing.items(), say, self.engine.parallelism, until_s=self.until_s)
        with closing(charges), closing(work):
            try:
                for (key, chunk), outcome in work:
                    tally.take(key, outcome)
                    done_chars += chunk.billed_chars
                    if progress is not None:
                        progress(done_chars, total_chars)
            except OutOfTime as error:
                tally.late.append(error)
        if tally.failures:
            raise all_failed(tally.failures, distinct)
        if tally.late:
            done = len(distinct) - len(missing) + len(tally.said)
            raise too_late(done, len(distinct)) from tally.late[0]
        return tally.said

    def _say(self, charges: Charges, item: tuple[str, Chunk]) -> "_Said":
        """Have a chunk said, and store it."""
        key, chunk = item
        if self.children.stopped:
            raise OutOfTime("The work was stopped before this chunk was said.")
        with charges.call(chunk.billed_chars) as charge:
            speech = self.engine.speak(chunk.ssml, self.delivery.of(chunk.speaker))
            charge(speech.billed_chars)
        if not _is_audible(speech):
            return _Said(None, speech.billed_chars)
        try:
            recorded = self._stored(key, speech, chunk.gap_ms)
        except (OutOfTime, StoreFailed) as error:
            if isinstance(error, StoreFailed):
                charges.close()  # what cannot be kept is not to be paid for
            self._put_unmeasured(key, speech)
            raise
        return _Said(recorded, speech.billed_chars)

    def _stored(self, key: str, speech: Speech, gap_ms: int) -> Recording:
        with _scratch(key) as path:
            path.write_bytes(speech.audio)
            recorded = recording(key, speech, self._measured(path, key), gap_ms)
            self._put(recorded, path)
        return recorded

    def _measured(self, path: Path, key: str) -> Measurement:
        with self.measuring:
            return measure(path, key, children=self.children)

    def _measured_again(self, key: str, gap_ms: int) -> Recording | None:
        """A recording that lost its measurements; None where it cannot be played.

        Its sentences' times are gone with them: captions share out the chunk's time by characters.
        """
        with suppress(NotFound, UnplayableAudio), _scratch(key) as path:
            self.store.fetch(key, path)
            recorded = settled(Recording(key, self._measured(path, key), gap_ms=gap_ms))
            self._put(recorded, path)
            return recorded
        return None

    def _put_unmeasured(self, key: str, speech: Speech) -> None:
        """Keep what was paid for even when there is no time or room left to measure it."""
        with suppress(MixerError):
            content_type = CONTENT_TYPES[self.engine.suffix]
            self.store.put(key, speech.audio, content_type=content_type)

    def _put(self, recorded: Recording, content: bytes | Path) -> None:
        content_type = CONTENT_TYPES[self.engine.suffix]
        about = to_metadata(recorded)
        self.store.put(recorded.key, content, content_type=content_type, metadata=about)


@dataclass(frozen=True, slots=True)
class _Said:
    recording: Recording | None
    billed_chars: int


@contextmanager
def _scratch(key: str) -> Iterator[Path]:
    """A name for a chunk's file outside the store, which FFmpeg reads.

    Raises:
        StoreFailed: the folder for temporary files takes no more.
    """
    with (
        disk_errors_named(Path(gettempdir())),
        TemporaryDirectory(prefix="chunk-") as folder,
    ):
        yield Path(folder, Path(key).name)


@dataclass
class _Tally:
    """What came of the chunks so far."""

    said: dict[str, _Said] = field(default_factory=dict)
    failures: dict[str, SpeechFailed] = field(default_factory=dict)
    late: list[OutOfTime] = field(default_factory=list)

    def take(self, key: str, outcome: Future[_Said]) -> None:
        """Note how a chunk ended; what nobody can go on from is raised."""
        try:
            self.said[key] = outcome.result()
        except SpeechFailed as error:
            self.failures[key] = error
        except OutOfTime as error:
            self.late.append(error)


def _is_audible(speech: Speech) -> bool:
    """Whether anything was said; an engine that gives no times is taken at its word."""
    return not speech.sentences or any(speech.sentences)
