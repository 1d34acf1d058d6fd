"""What a story's mix is made of: its chunks with their measurements, wherever these lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mixer.errors import NotFound
from mixer.parallel import run_in_parallel
from mixer.publish.timing import RecordedChunk, build_takes, find_unspoken, pair_recordings
from mixer.requests import Options
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.placement import Take
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.errors import unreadable_error
from mixer.speech.recordings import Recording
from mixer.stories.batches import read_synthesized_batches
from mixer.stories.folder import SCRIPT, StoryFolder
from mixer.stories.mix_pipeline import DEFAULT_GAP_MS, JobContext, StageTimer, measure_files
from mixer.stories.model import StoredRequest, StoredScript, SynthesizedBatch
from mixer.stories.sounds import ignore_stage_progress
from mixer.stories.workspace import PARALLEL_REQUESTS, open_request_folder


@dataclass(frozen=True, slots=True)
class StoryNarration:
    """A script and how it was said.

    Attributes:
        stored: what was to be said, and by whom.
        recordings: one per chunk, in reading order; None for what the voice cannot read.
        billed_chars: what all batches were charged for when they ended.
        synthesized_chunks: chunks that were not in the store before.
    """

    stored: StoredScript
    recordings: tuple[Recording | None, ...]
    billed_chars: int
    synthesized_chunks: int

    @property
    def recorded_chunks(self) -> tuple[RecordedChunk, ...]:
        """What can be heard."""
        return pair_recordings(self.stored.script, self.recordings)

    @property
    def unspoken(self) -> tuple[str, ...]:
        """Passages that the voice could not read."""
        return find_unspoken(self.stored.script, self.recordings)


def load_narration(folder: StoryFolder) -> StoryNarration:
    """What was said of a story, from its script and what its batches have left.

    Raises:
        NothingSpoken: nothing of it.
    """
    stored, batches = folder.read(SCRIPT, StoredScript), read_synthesized_batches(folder)
    recordings = tuple(each for batch in batches for each in _parse_recordings(batch))
    if not any(recordings):
        raise unreadable_error(stored.delivery.voice, stored.script.chunks)
    return StoryNarration(
        stored=stored,
        recordings=recordings,
        billed_chars=sum(batch.billed_chars for batch in batches),
        synthesized_chunks=sum(batch.synthesized_chunks for batch in batches),
    )


def _parse_recordings(batch: SynthesizedBatch) -> list[Recording | None]:
    return [Recording.from_metadata(key, about) if about else None for key, about in batch.chunks]


def load_takes(
    folder: StoryFolder,
    request: StoredRequest,
    new_processes: Callable[[], ProcessGroup],
    options: Options,
) -> list[Take]:
    """The takes of a story, in playing order.

    Args:
        folder: of the story.
        request: names the chunks where they were given.
        new_processes: begins the job that measuring belongs to.
        options: its gap counts here.
    """
    if request.chunk_keys:
        return _load_given_takes(folder, request.chunk_keys, new_processes, options)
    said = load_narration(folder)
    own_music = None if request.music else said.stored.script.music
    return build_takes(
        said.recorded_chunks, is_gap_exact=options.gap_ms is not None, music=own_music
    )


def _load_given_takes(
    folder: StoryFolder,
    keys: Sequence[str],
    new_processes: Callable[[], ProcessGroup],
    options: Options,
) -> list[Take]:
    """Chunks that a caller names, with what they say of themselves, or measured now."""
    looked = run_in_parallel(dict.fromkeys(keys), folder.store.head, PARALLEL_REQUESTS)
    heads = {key: outcome.result() for key, outcome in looked}
    gone = [key for key in dict.fromkeys(keys) if heads[key] is None]
    if gone:
        raise NotFound(f"There is no object {gone[0]}.", key=gone[0], keys=gone[:20])
    known = {
        key: Recording.from_metadata(key, head.metadata) for key, head in heads.items() if head
    }
    found = _measure_chunks(
        folder, [key for key, each in known.items() if each is None], new_processes
    )
    return [_build_take(key, known[key], found, options) for key in keys]


def _measure_chunks(
    folder: StoryFolder, keys: Sequence[str], new_processes: Callable[[], ProcessGroup]
) -> dict[str, Measurement]:
    if not keys:
        return {}
    with open_request_folder() as scratch:
        files = scratch.fetch_all({("chunk", key): folder.store for key in keys}, None)
        by_key = {key: path for (_, key), path in files.items()}
        return measure_files(
            JobContext(StageTimer(ignore_stage_progress), new_processes()), by_key, lambda _: None
        )


def _build_take(
    key: str, recording: Recording | None, measurements: dict[str, Measurement], options: Options
) -> Take:
    own_ms = recording.gap_ms if recording and recording.gap_ms is not None else DEFAULT_GAP_MS
    gap_ms = own_ms if options.gap_ms is None else options.gap_ms
    return Take(
        key, recording.measured if recording else measurements[key], gap_ms, is_gap_exact=True
    )
