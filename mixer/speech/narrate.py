"""A Script spoken into a store: what is there already is kept, the rest is said in parallel.

For every chunk: look it up by its content; if it is missing, have it said, measure it, store it
with its measurements. A chunk that fails does not stop the others: what they cost is not lost, and
the next run asks only for what is missing. Anything else that goes wrong stops at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore

from mixer.errors import NothingSpoken, SpeechFailed
from mixer.parallel import in_parallel, usable_cores
from mixer.script.script import Chunk
from mixer.sound.ffmpeg import Children
from mixer.sound.measure import measure
from mixer.speech.engine import Delivery, Speech, SpeechEngine
from mixer.speech.recordings import Recording, chunk_key, from_metadata, recording, to_metadata
from mixer.store.objects import ObjectStore

CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg"}

NAMED_PASSAGES = 5
"""How many failed passages a message names; its details name all."""

Progress = Callable[[int, int], None]
"""Told how many characters of how many are done."""


@dataclass(frozen=True, slots=True)
class Narration:
    """A Script's recordings.

    Attributes:
        recordings: one per chunk, in reading order; None for a chunk that the voice cannot read.
        said: how many chunks were said just now; the others were there already.
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
    """

    engine: SpeechEngine
    store: ObjectStore
    delivery: Delivery
    children: Children
    measuring: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(usable_cores()))

    def narrate(self, chunks: Sequence[Chunk], progress: Progress | None = None) -> Narration:
        """Have every chunk in the store.

        Args:
            chunks: in reading order; equal ones are said once.
            progress: told how far it is.

        Raises:
            SpeechFailed: some passages could not be said; it names them, the others are stored.
            NothingSpoken: the voice can read nothing of the whole.
            UnknownVoice: the engine has no such voice.
            StoreFailed: the store took no more.
            OutOfTime: the job was stopped.
        """
        distinct = {self._key(chunk): chunk for chunk in chunks}
        total_chars = sum(chunk.billed_chars for chunk in distinct.values())
        kept: dict[str, _Kept] = {}
        failures: dict[str, SpeechFailed] = {}
        done_chars = 0
        work = in_parallel(distinct.items(), self._keep, self.engine.parallelism)
        for (key, chunk), outcome in work:
            try:
                kept[key] = outcome.result()
            except SpeechFailed as error:
                failures[key] = error
            done_chars += chunk.billed_chars
            if progress is not None:
                progress(done_chars, total_chars)
        if failures:
            raise _all_failed(failures, distinct)
        recordings = tuple(kept[self._key(chunk)].recording for chunk in chunks)
        if not any(recordings):
            raise NothingSpoken(f"The voice {self.delivery.voice} can read nothing of this text.")
        said = [each for each in kept.values() if each.is_fresh]
        return Narration(recordings, len(said), sum(each.billed_chars for each in said))

    def _key(self, chunk: Chunk) -> str:
        return chunk_key(chunk.ssml, self.delivery, self.engine.suffix)

    def _keep(self, item: tuple[str, Chunk]) -> "_Kept":
        """A chunk's recording: found, or made and stored."""
        key, chunk = item
        stored = self.store.head(key)
        found = from_metadata(key, stored.metadata) if stored else None
        if found is not None:
            return _Kept(found, is_fresh=False)
        speech = self.engine.speak(chunk.ssml, self.delivery)
        made = self._stored(key, speech) if _is_audible(speech) else None
        return _Kept(made, is_fresh=True, billed_chars=speech.billed_chars)

    def _stored(self, key: str, speech: Speech) -> Recording:
        with TemporaryDirectory(prefix="chunk-") as folder:
            path = Path(folder, f"chunk.{self.engine.suffix}")
            path.write_bytes(speech.audio)
            with self.measuring:
                measured = measure(path, key, children=self.children)
            recorded = recording(key, speech, measured)
            self.store.put(
                key,
                path,
                content_type=CONTENT_TYPES[self.engine.suffix],
                metadata=to_metadata(recorded),
            )
        return recorded


@dataclass(frozen=True, slots=True)
class _Kept:
    recording: Recording | None
    is_fresh: bool
    billed_chars: int = 0


def _is_audible(speech: Speech) -> bool:
    """Whether anything was said; an engine that gives no times is taken at its word."""
    return not speech.sentences or any(speech.sentences)


def _all_failed(failures: dict[str, SpeechFailed], chunks: dict[str, Chunk]) -> SpeechFailed:
    """One error for all chunks that failed, naming them in reading order."""
    passages = [chunk.passage for key, chunk in chunks.items() if key in failures]
    named = "; ".join(f"“{passage}”" for passage in passages[:NAMED_PASSAGES])
    more = f" and {len(passages) - NAMED_PASSAGES} more" if len(passages) > NAMED_PASSAGES else ""
    reason = next(iter(failures.values()))
    return SpeechFailed(f"Could not say {named}{more}: {reason}", passages)
