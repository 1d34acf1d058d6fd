"""The functions of the public Python API, which the command line calls too."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mixer.compose import (
    build_story_runner,
    mix_local_files,
)
from mixer.errors import BadOption
from mixer.files import require_writable_folder
from mixer.formats import DEFAULT_FORMAT
from mixer.narration.output_files import (
    StoredOutput,
    claim_file,
    require_distinct_paths,
    resolve_format,
    resolve_store,
)
from mixer.narration.request import DEFAULTS, Output, as_path
from mixer.narration.results import Cancellation, MixedAudio, warn_about
from mixer.narration.story_files import (
    apply_head,
    apply_source,
    collect_story_files,
    read_cover_file,
)
from mixer.narration.story_plan import list_conflicts
from mixer.narration.story_run import build_input, open_context, open_engine
from mixer.narration.story_source import name_story_in_errors, require_file
from mixer.progress import Progress, ignore_progress
from mixer.requests import Options, PresetName
from mixer.services import Inspection, check_target
from mixer.services import inspect as inspect_file
from mixer.settings import find_store_folder
from mixer.stories import LocalMix
from mixer.targets import TargetName


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
    story_input = build_input(files)
    warn_about((*files.warnings, *list_conflicts(options, has_music=files.has_music)))
    folder = Path(store) if store else find_store_folder(os.environ)
    require_writable_folder(folder)
    with (
        open_engine(options, files.source.document.cast) as engine,
        open_context(progress, cancellation) as context,
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
    with open_context(progress, cancellation) as context:
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
    with open_context(ignore_progress, cancellation) as context:
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
