"""Splits the chunks of a story into batches, and stores them."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise

from mixer.errors import DamagedObject
from mixer.script import Chunk
from mixer.stories.folder import FLAWS, MIX, SEGMENTS, TIMELINE, StoryFolder
from mixer.stories.keys import (
    RENDERED,
    SYNTHESIZED,
    StoryProgress,
    batch_name,
    batch_result_prefix,
    parse_batch_result,
    payment_name,
)
from mixer.stories.model import Batch, SynthesizedBatch

MAX_CHUNKS = 100
"""Per batch: at one call a second it takes less than two minutes, well below Lambda's limit."""

MIN_CHUNKS = 4
GROWTH = 2.0
"""A batch of a story of n chunks has about 2 √n: at its end a worker's share of the quota idles
until the last answers have come (a second or two), so long stories have long batches; short ones
have short batches, so that their progress can be watched."""

MAX_BATCHES = 250
"""Per story, so that its folder fits on one page of a listing (1,000 objects)."""

FIRST_CHARS = 120
"""What the first batch speaks at least: eight seconds, from which players begin. A first chunk
alone may be a heading."""

WORKERS = 2
"""The number of batches is a multiple, so that all workers end together."""

WRITERS = 16


def split_batches(folder: StoryFolder, chunks: Sequence[Chunk]) -> list[tuple[Chunk, ...]]:
    """Split chunks into batches of neighbours; a story that was split before keeps its batches."""
    spoken = accumulate(len(chunk.passage) for chunk in chunks)
    alone = next((count for count, chars in enumerate(spoken, 1) if chars >= FIRST_CHARS), 1)
    first = folder.find(batch_name(0), Batch)
    size = len(first.chunks) if first else alone
    if size > alone:  # of an older version: all of one size
        return [tuple(chunks[start : start + size]) for start in range(0, len(chunks), size)]
    ends = list(accumulate(batch_sizes(len(chunks), size), initial=0))
    return [tuple(chunks[start:end]) for start, end in pairwise(ends)]


def batch_sizes(chunks: int, first: int = 1) -> list[int]:
    """List the sizes of batches: the first chunks alone, then more, for those who listen."""
    sizes = [min(first, chunks)] if chunks else []
    size, left = 2, chunks - sum(sizes)
    while left and size < batch_size(chunks):
        sizes.append(min(size, left))
        size, left = 2 * size, left - sizes[-1]
    equal = batch_size(left) if left else 0
    return [*sizes, *(min(equal, left - start) for start in range(0, left, equal or 1))]


def batch_size(chunks: int) -> int:
    """Calculate how many chunks a batch has."""
    wished = min(MAX_CHUNKS, max(MIN_CHUNKS, round(GROWTH * math.sqrt(chunks))))
    wished = max(wished, math.ceil(chunks / MAX_BATCHES))
    rounds = math.ceil(chunks / (WORKERS * wished))
    return math.ceil(chunks / (WORKERS * rounds))


def forget_batches(folder: StoryFolder, progress: StoryProgress, names: Sequence[str]) -> None:
    """Delete results of batches and all that was made of them; what was paid for them stays."""
    for name in names:
        _forget_result(folder, name)
    for name in sorted(progress.names):
        if name in {TIMELINE, SEGMENTS, FLAWS, MIX} or name.startswith(RENDERED):
            folder.delete(name)


def _forget_result(folder: StoryFolder, name: str) -> None:
    batch, usd = parse_batch_result(name)
    folder.write(payment_name(batch, usd), {"usd": usd})
    folder.delete(name)


def write_batches(folder: StoryFolder, batches: Mapping[int, Batch]) -> None:
    """Write batches by number, replacing those of an earlier attempt."""
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda each: folder.write(batch_name(each[0]), each[1]), batches.items()))


def read_synthesized_batches(folder: StoryFolder) -> list[SynthesizedBatch]:
    """Read the results of all batches, in reading order."""
    names = {
        each.key[: len(batch_result_prefix(0))]: each.key
        for each in folder.list_entries(SYNTHESIZED)
    }
    with ThreadPoolExecutor(WRITERS) as pool:
        found = list(pool.map(lambda name: folder.find(name, SynthesizedBatch), names.values()))
    damaged = [name for name, each in zip(names.values(), found, strict=True) if each is None]
    for name in damaged:
        _forget_result(folder, name)  # the next attempt takes its chunks from the store
    if damaged:
        raise DamagedObject(
            f"The object {folder.key(damaged[0])} was damaged; repeat the request to start the "
            "story again."
        )
    return [each for each in found if each is not None]
