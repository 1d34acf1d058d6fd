"""What a story's mix is made of: its chunks with their measurements, wherever these lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mixer.errors import NotFound
from mixer.jobs.fetching import AT_ONCE, request_folder
from mixer.jobs.hearing import SpokenChunk
from mixer.jobs.mixing import DEFAULT_GAP_MS, Desk, Stages, measured
from mixer.jobs.production import spoken_chunks, takes, unspoken
from mixer.jobs.story.batches import spoken_batches
from mixer.jobs.story.folder import SCRIPT, StoryFolder
from mixer.jobs.story.music import unwatched
from mixer.jobs.story.values import SpokenBatch, StoredScript, StoryRequest
from mixer.parallel import in_parallel
from mixer.requests import Options
from mixer.sound.ffmpeg import Children
from mixer.sound.measure import Measurement
from mixer.sound.placing import Take
from mixer.speech.endings import nothing_spoken
from mixer.speech.recordings import Recording, from_metadata


@dataclass(frozen=True, slots=True)
class Told:
    """A script and how it was said.

    Attributes:
        stored: what was to be said, and by whom.
        recordings: one per chunk, in reading order; None for what the voice cannot read.
        billed_chars: what all batches were charged for when they ended.
        said: chunks that were not in the store before.
    """

    stored: StoredScript
    recordings: tuple[Recording | None, ...]
    billed_chars: int
    said: int

    @property
    def spoken(self) -> tuple[SpokenChunk, ...]:
        """What can be heard."""
        return spoken_chunks(self.stored.script, self.recordings)

    @property
    def unspoken(self) -> tuple[str, ...]:
        """Passages that the voice could not read."""
        return unspoken(self.stored.script, self.recordings)


def told(folder: StoryFolder) -> Told:
    """What was said of a story, from its script and what its batches have left.

    Raises:
        NothingSpoken: nothing of it.
    """
    stored, batches = folder.read(SCRIPT, StoredScript), spoken_batches(folder)
    recordings = tuple(each for batch in batches for each in _recordings(batch))
    if not any(recordings):
        raise nothing_spoken(stored.delivery.voice, stored.script.chunks)
    return Told(
        stored=stored,
        recordings=recordings,
        billed_chars=sum(batch.billed_chars for batch in batches),
        said=sum(batch.said for batch in batches),
    )


def _recordings(batch: SpokenBatch) -> list[Recording | None]:
    return [from_metadata(key, about) if about else None for key, about in batch.chunks]


def takes_of(
    folder: StoryFolder, request: StoryRequest, job: Callable[[], Children], asked: Options
) -> list[Take]:
    """The takes of a story, in playing order.

    Args:
        folder: of the story.
        request: names the chunks where they were given.
        job: begins the job that measuring belongs to.
        asked: its gap counts here.
    """
    if request.chunk_keys:
        return _given(folder, request.chunk_keys, job, asked)
    said = told(folder)
    own_music = None if request.music else said.stored.script.music
    return takes(said.spoken, is_gap_exact=asked.gap_ms is not None, music=own_music)


def _given(
    folder: StoryFolder, keys: Sequence[str], job: Callable[[], Children], asked: Options
) -> list[Take]:
    """Chunks that a caller names, with what they say of themselves, or measured now."""
    looked = in_parallel(dict.fromkeys(keys), folder.store.head, AT_ONCE)
    heads = {key: outcome.result() for key, outcome in looked}
    gone = [key for key in dict.fromkeys(keys) if heads[key] is None]
    if gone:
        raise NotFound(f"There is no object {gone[0]}.", key=gone[0], keys=gone[:20])
    known = {key: from_metadata(key, head.metadata) for key, head in heads.items() if head}
    found = _measured(folder, [key for key, each in known.items() if each is None], job)
    return [_take(key, known[key], found, asked) for key in keys]


def _measured(
    folder: StoryFolder, keys: Sequence[str], job: Callable[[], Children]
) -> dict[str, Measurement]:
    if not keys:
        return {}
    with request_folder() as scratch:
        files = scratch.fetched({("chunk", key): folder.store for key in keys}, None)
        by_key = {key: path for (_, key), path in files.items()}
        return measured(Desk(Stages(unwatched), job()), by_key, lambda _: None)


def _take(key: str, known: Recording | None, found: dict[str, Measurement], asked: Options) -> Take:
    own_ms = known.gap_ms if known and known.gap_ms is not None else DEFAULT_GAP_MS
    gap_ms = own_ms if asked.gap_ms is None else asked.gap_ms
    return Take(key, known.measured if known else found[key], gap_ms, is_gap_exact=True)
