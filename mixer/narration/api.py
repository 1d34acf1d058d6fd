"""The functions of the public Python API, which the command line calls too."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from mixer.compose import (
    build_story_runner,
    mix_local_files,
    open_local_engine,
)
from mixer.errors import BadOption, OutOfTime, StoryCancelled
from mixer.feeds import FeedFolder
from mixer.files import require_writable, require_writable_folder
from mixer.formats import DEFAULT_FORMAT
from mixer.narration.output_files import (
    Output,
    StoredOutput,
    WrittenFiles,
    claim_file,
    require_distinct_paths,
    resolve_format,
    resolve_store,
    settle_output,
)
from mixer.narration.results import Cancellation, MixedAudio, NarratedChunk, Narration
from mixer.narration.story_files import (
    StoryFiles,
    apply_head,
    apply_source,
    collect_story_files,
    read_cover_file,
)
from mixer.narration.story_plan import (
    DEFAULTS,
    as_path,
    list_conflicts,
    name_engines,
    select_limits,
    warn_about,
)
from mixer.narration.story_source import name_story_in_errors, require_file
from mixer.progress import Progress, StageTimer, ignore_progress
from mixer.requests import Options, PresetName
from mixer.script import Role
from mixer.services import Inspection, check_target
from mixer.services import inspect as inspect_file
from mixer.settings import find_store_folder
from mixer.speech import EMBEDDED, SpeechEngine
from mixer.stories import JobContext, LocalMix, StoryInput, StoryRun, StoryRunner
from mixer.stories.outputs import chapters_folder, list_exports
from mixer.targets import TargetName


def narrate(
    story: str | Path,
    out: str | Path | Output | None = None,
    options: Options = DEFAULTS,
    *,
    music: str | Path | None = None,
    progress: Progress = ignore_progress,
    cancellation: Cancellation | None = None,
) -> Narration:
    """Narrate a story into a file, with captions, chapters, picture and report next to it.

    Chunks and segments are kept in the folder MIXER_STORE, or else in the user's cache, so that
    nothing is synthesized twice. What deserves attention before speaking is a MixerWarning.

    Args:
        story: the text itself, or the Path of a text, Markdown, HTML, SSML or EPUB file; Path("-")
            is standard input.
        out: the file to write, whose suffix selects the format; an Output sets more. By default
            the story's name in the current folder.
        music: background music, or the folder of the files that the story names.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy.
    """
    files = collect_story_files(story, options, as_path(music))
    options, output = settle_output(files.source, options, out)
    require_distinct_paths(list_exports(output.path, output.report), files.describe_inputs())
    story_input = _build_input(files, output.feed)
    options = apply_source(options, files.source)
    warn_about((*files.warnings, *list_conflicts(options, has_music=files.has_music)))
    with (
        _open_engine(options, files.source.document.cast) as engine,
        _open_context(progress, cancellation) as context,
        name_story_in_errors(files.source.name),
    ):
        written = _prepare_output(output, options)
        runner = build_story_runner(output.store, engine, context)
        run = runner.run_story(story_input, options, output.path, output.report)
        written.add([*run.outputs, *([output.feed.xml] if output.feed else [])])
    return _build_narration(run, runner)


def stream(
    story: str | Path,
    options: Options = DEFAULTS,
    *,
    music: str | Path | None = None,
    store: str | Path | None = None,
    progress: Progress = ignore_progress,
    cancellation: Cancellation | None = None,
) -> Iterator[bytes]:
    """Narrate a story as MP3 that can be played while it is made, in pieces of a few seconds.

    The first pieces come as soon as the first words are spoken. Loudness is provisional: within
    1 LU of what `narrate` would write. Arguments are those of `narrate`; `store` keeps the chunks.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy. What was spoken before a
            failure is played to a clean end first.
    """
    files = collect_story_files(story, options, as_path(music))
    options = apply_source(_resolve_stream(apply_head(options, files.source)), files.source)
    story_input = _build_input(files)
    warn_about((*files.warnings, *list_conflicts(options, has_music=files.has_music)))
    folder = Path(store) if store else find_store_folder(os.environ)
    require_writable_folder(folder)
    with (
        _open_engine(options, files.source.document.cast) as engine,
        _open_context(progress, cancellation) as context,
        name_story_in_errors(files.source.name),
    ):
        yield from build_story_runner(folder, engine, context).stream_story(story_input, options)


def mix(
    chunks: Sequence[str | Path],
    out: str | Path | Output,
    options: Options = DEFAULTS,
    *,
    music: str | Path | None = None,
    progress: Progress = ignore_progress,
    cancellation: Cancellation | None = None,
) -> MixedAudio:
    """Mix sound files of any format, in the given order, into one file.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy.
    """
    output = resolve_store(out, Path(f"mix.{options.format or DEFAULT_FORMAT}"))
    options = resolve_format(options, output.path)
    files = _collect_mix_files(chunks, as_path(music), options, output)
    written = claim_file(output.path, {}, output.store, force=output.force)
    warn_about(list_conflicts(options, has_music=files.music is not None))
    with _open_context(progress, cancellation) as context:
        mixed = mix_local_files(files, options, output.path, context)
    written.add([output.path])
    return MixedAudio(
        path=output.path,
        duration_s=mixed.duration_s,
        integrated_loudness_lufs=mixed.integrated_loudness_lufs,
        true_peak_dbtp=mixed.true_peak_dbtp,
        adjustments=mixed.adjustments,
    )


def inspect(
    file: str | Path,
    preset: PresetName | None = None,
    *,
    report: str | Path | None = None,
    target: TargetName | None = None,
    cancellation: Cancellation | None = None,
) -> Inspection:
    """Measure any sound file, and check it against a preset, or the rules of a target.

    The report of its mix, by default next to it, shows where speech and music are.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy.
    """
    with _open_context(ignore_progress, cancellation) as context:
        found = inspect_file(Path(file), preset, as_path(report), context.processes)
        if target is None:
            return found
        rules = check_target(Path(file), found, target, context.processes)
        return replace(found, rules=(*found.rules, *rules))


def _resolve_stream(options: Options) -> Options:
    if options.format not in {None, DEFAULT_FORMAT}:
        raise BadOption(
            f"format: only {DEFAULT_FORMAT} can be streamed; leave the format out, or name a file.",
            field="format",
        )
    if options.outputs:
        raise BadOption(
            "outputs: extra files need a finished file; name one with --out.", field="outputs"
        )
    return options.model_copy(update={"format": DEFAULT_FORMAT})


def _build_input(files: StoryFiles, feed: FeedFolder | None = None) -> StoryInput:
    files.require_sounds()
    if files.music:
        require_file(files.music, "music")
    cover = read_cover_file(files.cover) if files.cover else None
    source = files.source
    return StoryInput(source.document, files.music, files.sounds, cover, feed, source.book)


def _collect_mix_files(
    chunks: Sequence[str | Path], music: Path | None, options: Options, output: StoredOutput
) -> LocalMix:
    inputs = dict.fromkeys(map(Path, chunks), "one of the chunks")
    inputs |= {music: "the music"} if music else {}
    inputs |= {Path(options.cover): "the cover"} if options.cover else {}
    require_distinct_paths([output.path], inputs)
    for path in map(Path, chunks):
        require_file(path, "sound file")
    if music:
        require_file(music, "music")
    cover = read_cover_file(Path(options.cover)) if options.cover else None
    return LocalMix(tuple(map(Path, chunks)), music, cover)


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


def _open_engine(options: Options, cast: Sequence[Role]) -> closing[SpeechEngine]:
    select_limits(options.engine or EMBEDDED)
    names = name_engines(options, cast)
    return closing(open_local_engine(names, speech_marks=options.speech_marks))


@contextmanager
def _open_context(progress: Progress, cancellation: Cancellation | None) -> Iterator[JobContext]:
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
