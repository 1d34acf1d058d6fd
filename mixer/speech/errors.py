"""One error for a narration in which many chunks failed."""

from collections.abc import Iterable, Mapping
from itertools import islice

from mixer.errors import NothingSpoken, OutOfTime, SpeechFailed, SpeechUnavailable
from mixer.script import Chunk

MAX_NAMED_PASSAGES = 5
"""In a message; its details name all."""

MAX_NAMED_UNREADABLE = 20
"""In the details, where no passage could be read."""


def unreadable_error(voice: str, chunks: Iterable[Chunk]) -> NothingSpoken:
    """The error for a text of which a voice can read nothing."""
    passages = [chunk.passage for chunk in islice(chunks, MAX_NAMED_UNREADABLE)]
    return NothingSpoken(f"The voice {voice} cannot read any of this text.", passages=passages)


def timeout_error(done: int, total: int) -> OutOfTime:
    """The error at a deadline; it states how many chunks are kept."""
    return OutOfTime(
        f"The time ran out with {done} of {total} chunks spoken. They are kept: send the request "
        "again to continue.",
        chunks_done=done,
        chunks=total,
    )


def combine_failures(
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
    return error_type(f"Could not say {named}{more}: {reason}", passages)
