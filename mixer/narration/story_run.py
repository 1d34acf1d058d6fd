"""A run that makes the files of a story."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from mixer.compose import build_story_runner, open_local_engine
from mixer.errors import OutOfTime, StoryCancelled
from mixer.feeds import FeedFolder
from mixer.files import require_writable, require_writable_folder
from mixer.narration.finished_runs import FinishedRun, FinishedRuns, RunInputs
from mixer.narration.output_files import (
    StoredOutput,
    WrittenFiles,
    require_distinct_paths,
    settle_output,
)
from mixer.narration.results import Cancellation, NarratedChunk, Narration, warn_about
from mixer.narration.story_files import (
    StoryFiles,
    apply_source,
    collect_story_files,
    read_cover_file,
)
from mixer.narration.story_plan import list_conflicts, name_engines, select_limits
from mixer.narration.story_source import name_story_in_errors, require_file
from mixer.progress import Progress, StageTimer
from mixer.requests import Options
from mixer.script import Role
from mixer.speech import EMBEDDED, SpeechEngine
from mixer.stories import JobContext, StoryInput, StoryRun, StoryRunner
from mixer.stories.outputs import chapters_folder, list_exports

LOCAL_ENGINES = {EMBEDDED, "kokoro"}
"""What these speak depends on this machine only, not on an account or a server."""

CALLER = 4
"""The frame of the caller of `narrate`, for the place of a warning."""


def run_story(
    runs: FinishedRuns,
    inputs: RunInputs,
    progress: Progress,
    cancellation: Cancellation | None,
) -> Narration:
    """Make the files of a story, and remember the run; raises as `narrate`."""
    request = runs.request
    files = collect_story_files(request.story, request.options, request.music)
    inputs = inputs.add_files(files.list_places())
    options, output = settle_output(files.source, request.options, request.output)
    require_distinct_paths(list_exports(output.path, output.report), files.describe_inputs())
    story_input = build_input(files, output.feed)
    options = apply_source(options, files.source)
    notices = (*files.warnings, *list_conflicts(options, has_music=files.has_music))
    warn_about(notices, CALLER)
    with (
        open_context(progress, cancellation) as context,
        name_story_in_errors(files.source.name),
    ):
        run, narration = _make_files(story_input, options, output, context)
    if output.feed is None and _is_repeatable(run):
        runs.save(FinishedRun(narration, notices, run.audio_sha256), inputs)
    return narration


def _make_files(
    story: StoryInput, options: Options, output: StoredOutput, context: JobContext
) -> tuple[StoryRun, Narration]:
    with open_engine(options, story.document.cast) as engine:
        written = _prepare_output(output, options)
        runner = build_story_runner(output.store, engine, context)
        run = runner.run_story(story, options, output.path, output.report)
        written.add([*run.outputs, *([output.feed.xml] if output.feed else [])])
    return run, _build_narration(run, runner)


def _is_repeatable(run: StoryRun) -> bool:
    """Whether a second run would make the same: all is made, and by this machine."""
    delivery = run.narration.stored.delivery
    engines = {delivery.engine, *(each.engine for _, each in delivery.cast)}
    return run.is_complete and all(run.narration.recordings) and engines <= LOCAL_ENGINES


def build_input(files: StoryFiles, feed: FeedFolder | None = None) -> StoryInput:
    """Read what a run of a story takes; raises NotFound if a sound is missing."""
    files.require_sounds()
    if files.music:
        require_file(files.music, "music")
    cover = read_cover_file(files.cover) if files.cover else None
    source = files.source
    return StoryInput(source.document, files.music, files.sounds, cover, feed, source.book)


def _prepare_output(output: StoredOutput, options: Options) -> WrittenFiles:
    """Check that all results can be written, before they cost anything."""
    paths = list_exports(output.path, output.report)
    has_parts = "chapter_files" in options.outputs
    folders = [chapters_folder(output.path)] if has_parts else []
    for path in paths:
        require_writable(path)
    written = WrittenFiles(output.store)
    feed = output.feed
    own = [*paths, *folders, *([feed.xml] if feed else [])]
    written.require_own(own, force=output.force)
    for folder in (output.store, *folders, *([feed.path] if feed else [])):
        require_writable_folder(folder)
    return written


def open_engine(options: Options, cast: Sequence[Role]) -> closing[SpeechEngine]:
    """Open the engines of a story; raises as they do."""
    select_limits(options.engine or EMBEDDED)
    names = name_engines(options, cast)
    return closing(open_local_engine(names, speech_marks=options.speech_marks))


@contextmanager
def open_context(progress: Progress, cancellation: Cancellation | None) -> Iterator[JobContext]:
    """Open the context of a run; an error that ends the block ends all its processes at once."""
    cancellation = cancellation or Cancellation()
    try:
        yield JobContext(StageTimer(progress), cancellation.processes)
    except OutOfTime as error:
        if cancellation.is_cancelled:
            raise StoryCancelled("The work was cancelled; finished work is kept.") from error
        raise
    except BaseException:
        cancellation.processes.stop()
        raise


def _build_narration(run: StoryRun, runner: StoryRunner) -> Narration:
    stored, check = run.narration.stored, run.narration.check_speech()
    texts = {
        key: chunk.passage
        for key, chunk in zip(stored.chunk_keys, stored.script.chunks, strict=True)
    }
    chunks = tuple(
        NarratedChunk(
            texts[clip.source], runner.store.path(clip.source), run.timeline.seconds(clip.start)
        )
        for clip in run.timeline.clips
    )
    return Narration(
        path=run.outputs[0],
        outputs=run.outputs,
        chunks=chunks,
        duration_s=run.timeline.duration_s,
        integrated_loudness_lufs=run.result.integrated_loudness_lufs,
        true_peak_dbtp=run.result.true_peak_dbtp,
        total_chunks=len(run.narration.recordings),
        synthesized_chunks=run.narration.synthesized_chunks,
        warnings=run.result.warnings,
        as_written_percent=check.as_written_percent if check else None,
    )
