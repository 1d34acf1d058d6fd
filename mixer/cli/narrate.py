"""`mixer narrate`: a story in, a finished file with captions, picture and report out."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from mixer.cli.engines import open_engine
from mixer.cli.options import COST, METADATA, MIX, OUTPUT, SPEECH, collect_options, contract_options
from mixer.cli.outputs import require_distinct_paths, resolve_format
from mixer.cli.session import music_option, open_job_context, store_option
from mixer.cli.sounds import find_sounds
from mixer.cli.story_files import (
    STDIN,
    Source,
    apply_lexicon,
    find_cover,
    name_story_in_errors,
    read_cover_file,
    read_story,
)
from mixer.cli.summary import format_estimate, format_measurements
from mixer.files import require_writable, require_writable_folder
from mixer.formats import DEFAULT_FORMAT
from mixer.publish.chapters import require_cuttable
from mixer.requests import Options
from mixer.speech.voice_selection import EMBEDDED, apply_narrator
from mixer.store.folder import FolderStore
from mixer.stories.export import chapters_folder, output_paths
from mixer.stories.run_folder import SourceText
from mixer.stories.runner import StoryInput, StoryRun, StoryRunner


@click.command()
@click.argument("story")
@music_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file to write.  [default: STORY.mp3, here]"
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="The report (JSON).  [default: beside it]",
)
@store_option
@contract_options(*SPEECH, *MIX, *METADATA, *OUTPUT, *COST)
def command(
    story: str,
    music: Path | None,
    out: Path | None,
    report: Path | None,
    store: Path,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `chosen`
) -> None:
    """Turn a story into a finished file.

    STORY is a text, Markdown, HTML, EPUB or SSML file, or - for standard input. The ending of
    --out tells the format. Beside it appear captions (.vtt, .srt), a waveform picture (.png), its
    chapters for podcast and video players (.chapters.json, .chapters.vtt) and a report (.json);
    with --outputs more. What was spoken once is kept (--store) and never spoken again.
    """
    asked, out = _resolve_output(collect_options(given), story, out)
    outputs = output_paths(out, report)
    source = read_story(story, asked)
    sounds = find_sounds(source.document, story, music)
    bed = None if music is not None and music.is_dir() else music
    picture = find_cover(asked, story, source.document)
    inputs = _list_inputs(story, bed, picture) | dict.fromkeys(sounds.values(), "a sound")
    require_distinct_paths(outputs, inputs)
    cover = read_cover_file(picture) if picture else None
    asked = _apply_source_options(asked, story, source)
    engine_name = asked.engine or EMBEDDED
    with (
        closing(open_engine(engine_name, speech_marks=asked.speech_marks)) as engine,
        open_job_context() as work,
        name_story_in_errors(story),
    ):
        runner = StoryRunner(FolderStore(store), engine, work)
        source_text = SourceText(source.document)
        if asked.dry_run:
            plan = runner.speech_service.plan_source(source_text, asked)
            click.echo(format_estimate(plan.script, asked.rate))
            return
        _require_writable_outputs(outputs, [store, *_list_folders(asked, out)])
        told = runner.run_story(StoryInput(source_text, bed, sounds, cover), asked, out, report)
    _print_result(told)


def _resolve_output(options: Options, story: str, out: Path | None) -> tuple[Options, Path]:
    """What is asked for with its format, and the file to write.

    Raises:
        BadOption: its name tells no format, or its chapters cannot be cut out.
    """
    stem = "story" if story == STDIN else Path(story).stem
    out = out or Path(f"{stem}.{options.format or DEFAULT_FORMAT}")
    options = resolve_format(options, out)
    if options.outputs:
        require_cuttable(options.format or DEFAULT_FORMAT)
    return options, out


def _list_folders(options: Options, out: Path) -> list[Path]:
    """Those that results go into, besides that of the finished file."""
    return [chapters_folder(out)] if "chapter_files" in options.outputs else []


def _require_writable_outputs(files: Sequence[Path], folders: Sequence[Path]) -> None:
    """Find out whether all results can be written, before anything is paid for them."""
    for path in files:
        require_writable(path)
    for folder in folders:
        require_writable_folder(folder)


def _apply_source_options(options: Options, story: str, source: Source) -> Options:
    """What is asked for, with what the story says itself: how it is written, words, narrator."""
    options = apply_lexicon(options, story, source.document)
    options = options.model_copy(update={"text_type": source.text_type.value, "cover": ""})
    return apply_narrator(options, source.document.cast)


def _list_inputs(story: str, music: Path | None, cover: Path | None) -> dict[Path, str]:
    """The files that are read."""
    inputs = {} if story == STDIN else {Path(story): "the story"}
    inputs |= {music: "the music"} if music else {}
    return inputs | ({cover: "the cover"} if cover else {})


def _print_result(story_run: StoryRun) -> None:
    result, said = story_run.result, story_run.narration.synthesized_chunks
    total = len(story_run.narration.recordings)
    others = ", the others kept from before" if said < total else ""
    measured = format_measurements(
        story_run.timeline.duration_s, result.integrated_loudness_lufs, result.true_peak_dbtp
    )
    click.echo(f"{measured}; {said} of {total} chunks spoken now{others}")
    for path in story_run.outputs:
        click.echo(f"  {path}")
    for warning in story_run.narration.stored.warnings:
        click.echo(warning, err=True)
    for passage in story_run.narration.unspoken:
        click.echo(f"not spoken, as the voice cannot read it: {passage}", err=True)
