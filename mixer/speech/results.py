"""What came of the chunks of a narration, and one error for all that failed."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice

from mixer.errors import NothingSpoken, OutOfTime, SpeechFailed, SpeechUnavailable
from mixer.script import Chunk
from mixer.speech.recordings import Recording

ProgressCallback = Callable[[int, int], None]
"""Receives the characters done and their total."""

MAX_NAMED_PASSAGES = 5
"""In a message; its details name all."""

MAX_NAMED_UNREADABLE = 20
"""In the details, where no passage could be read."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """A chunk that was missing.

    Attributes:
        recording: None where the voice could not read it.
        is_new: false if another thread or process has synthesized it meanwhile.
    """

    recording: Recording | None
    billed_chars: int
    is_new: bool = True


@dataclass
class ResultCollector:
    """What came of the missing chunks so far."""

    distinct: Mapping[str, Chunk]
    missing: Mapping[str, Chunk]
    progress: ProgressCallback | None
    results: dict[str, ChunkResult] = field(default_factory=dict)
    failures: dict[str, SpeechFailed] = field(default_factory=dict)
    timeouts: list[OutOfTime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._total_chars = sum(chunk.billed_chars for chunk in self.distinct.values())
        self._left_chars = sum(chunk.billed_chars for chunk in self.missing.values())

    def add(self, key: str, outcome: Future[ChunkResult]) -> None:
        """Record how a chunk ended; raises any error that must stop the others."""
        try:
            self.results[key] = outcome.result()
        except SpeechFailed as error:
            self.failures[key] = error
        except OutOfTime as error:
            self.timeouts.append(error)
        self._left_chars -= self.missing[key].billed_chars
        if self.progress is not None:
            self.progress(self._total_chars - self._left_chars, self._total_chars)

    def raise_failures(self) -> None:
        """Raise one error for all chunks that failed or ran out of time."""
        if self.failures:
            raise _combine_failures(self.failures, self.distinct)
        if self.timeouts:
            done = len(self.distinct) - len(self.missing) + len(self.results)
            raise _timeout_error(done, len(self.distinct)) from self.timeouts[0]


def unreadable_error(voice: str, chunks: Iterable[Chunk]) -> NothingSpoken:
    """The error for a text of which a voice can read nothing."""
    passages = [chunk.passage for chunk in islice(chunks, MAX_NAMED_UNREADABLE)]
    return NothingSpoken(f"The voice {voice} cannot read any of this text.", passages=passages)


def _timeout_error(done: int, total: int) -> OutOfTime:
    """The error at a deadline; it states how many chunks are kept."""
    return OutOfTime(
        f"Time ran out with {done} of {total} chunks synthesized. They are kept: send the request "
        "again to continue.",
        chunks_done=done,
        chunks=total,
    )


def _combine_failures(
    failures: Mapping[str, SpeechFailed], chunks: Mapping[str, Chunk]
) -> SpeechFailed:
    """One error for all chunks that failed, named in reading order."""
    passages = [chunk.passage for key, chunk in chunks.items() if key in failures]
    named = "; ".join(f"“{passage}”" for passage in passages[:MAX_NAMED_PASSAGES])
    more = (
        f" and {len(passages) - MAX_NAMED_PASSAGES} more"
        if len(passages) > MAX_NAMED_PASSAGES
        else ""
    )
    permanent = [each for each in failures.values() if not isinstance(each, SpeechUnavailable)]
    reason = next(iter(permanent or failures.values()))
    error_type = SpeechFailed if permanent else SpeechUnavailable
    return error_type(f"Could not synthesize {named}{more}: {reason}", passages)
