"""How a narration that does not succeed says so: one error for many chunks."""

from collections.abc import Iterable, Mapping
from itertools import islice

from mixer.errors import NothingSpoken, OutOfTime, SpeechFailed, SpeechUnavailable
from mixer.script.script import Chunk

MAX_NAMED_PASSAGES = 5
"""How many failed passages a message names; its details name all."""

MAX_NAMED_UNREADABLE = 20
"""How many passages are named where none could be read."""


def unreadable_error(voice: str, chunks: Iterable[Chunk]) -> NothingSpoken:
    """What to raise where a voice can read nothing of a text."""
    passages = [chunk.passage for chunk in islice(chunks, MAX_NAMED_UNREADABLE)]
    return NothingSpoken(f"The voice {voice} can read nothing of this text.", passages=passages)


def timeout_error(done: int, total: int) -> OutOfTime:
    """What to raise where the time ran out; it says how many chunks are kept."""
    return OutOfTime(
        f"The time ran out with {done} of {total} chunks spoken. They are kept: asking again goes "
        "on from there.",
        chunks_done=done,
        chunks=total,
    )


def combine_failures(
    failures: Mapping[str, SpeechFailed], chunks: Mapping[str, Chunk]
) -> SpeechFailed:
    """One error for all chunks that failed, naming them in reading order."""
    passages = [chunk.passage for key, chunk in chunks.items() if key in failures]
    named = "; ".join(f"“{passage}”" for passage in passages[:MAX_NAMED_PASSAGES])
    more = (
        f" and {len(passages) - MAX_NAMED_PASSAGES} more"
        if len(passages) > MAX_NAMED_PASSAGES
        else ""
    )
    lasting = [each for each in failures.values() if not isinstance(each, SpeechUnavailable)]
    reason = next(iter(lasting or failures.values()))
    kind = SpeechFailed if lasting else SpeechUnavailable
    return kind(f"Could not say {named}{more}: {reason}", passages)
