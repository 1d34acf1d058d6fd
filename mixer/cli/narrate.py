"""`mixer narrate`: a story in, a finished file with captions, picture and report out."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mixer.cli.engines import open_engine
from mixer.cli.files import (
    STDIN,
    Source,
    apply_lexicon,
    find_cover,
    find_sounds,
    name_story_in_errors,
    read_cover_file,
    read_story,
    require_distinct_paths,
    resolve_format,
)
from mixer.cli.options import (
    COST,
    METADATA,
    MIX,
    OUTPUT,
    SPEECH,
    collect_options,
    contract_options,
    music_option,
    store_option,
)
from mixer.cli.terminal import format_estimate, format_measurements, open_job_context
from mixer.files import require_writable, require_writable_folder
from mixer.formats import DEFAULT_FORMAT
from mixer.publish import require_cuttable
from mixer.requests import Options
from mixer.speech import EMBEDDED, apply_narrator
from mixer.store import FolderStore
from mixer.stories.export import chapters_folder, output_paths
from mixer.stories.run_folder import SourceText
from mixer.stories.runner import StoryInput, StoryRun, StoryRunner


@click.command()
@click.argument("story")
@music_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The file to write.  [default: STORY.mp3 in the current folder]",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="The report (JSON).  [default: next to --out]",
)
@store_option
@contract_options(*SPEECH, *MIX, *METADATA, *OUTPUT, *COST)
def narrate(
    story: str,
    music: Path | None,
    out: Path | None,
    report: Path | None,
    store: Path,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Turn a story into a finished file.

    STORY is a text, Markdown, HTML, EPUB or SSML file, or - for standard input. The suffix of --out
    sets the format. Next to it appear captions (.vtt, .srt), a waveform picture (.png), chapters
    for podcast and video players (.chapters.json, .chapters.vtt) and a report (.json); --outputs
    adds more. Spoken chunks are kept (--store) and never synthesized again.
    """
    options, out = _resolve_output(collect_options(given), story, out)
    inputs = _collect_inputs(story, options, music)
    outputs = output_paths(out, report)
    require_distinct_paths(outputs, inputs.describe_files(story))
    cover = read_cover_file(inputs.cover) if inputs.cover else None
    options = _apply_source_options(options, story, inputs.source)
    text = SourceText(inputs.source.document)
    with _open_runner(story, options, store) as runner:
        if options.dry_run:
            _print_estimate(runner, text, options)
            return
        _require_writable_outputs(outputs, [store, *_list_folders(options, out)])
        story_input = StoryInput(text, inputs.music, inputs.sounds, cover)
        story_run = runner.run_story(story_input, options, out, report)
    _print_result(story_run)


@contextmanager
def _open_runner(story: str, options: Options, store: Path) -> Iterator[StoryRunner]:
    engine_name = options.engine or EMBEDDED
    with (
        closing(open_engine(engine_name, speech_marks=options.speech_marks)) as engine,
        open_job_context() as context,
        name_story_in_errors(story),
    ):
        yield StoryRunner(FolderStore(store), engine, context)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """A story and the files that it uses.

    Attributes:
        music: the file given on the command line.
        sounds: by their names in the story.
    """

    source: Source
    music: Path | None
    sounds: dict[str, Path]
    cover: Path | None

    def describe_files(self, story: str) -> dict[Path, str]:
        files = {} if story == STDIN else {Path(story): "the story"}
        files |= {self.music: "the music"} if self.music else {}
        files |= {self.cover: "the cover"} if self.cover else {}
        return files | dict.fromkeys(self.sounds.values(), "a sound")


def _collect_inputs(story: str, options: Options, music: Path | None) -> _Inputs:
    source = read_story(story, options)
    sounds = find_sounds(source.document, story, music)
    is_folder = music is not None and music.is_dir()
    cover = find_cover(options, story, source.document)
    return _Inputs(source, None if is_folder else music, sounds, cover)


def _resolve_output(options: Options, story: str, out: Path | None) -> tuple[Options, Path]:
    """Settle the format and the file to write.

    Raises:
        BadOption: the file's suffix is not a format, or chapters of it cannot be cut out.
    """
    stem = "story" if story == STDIN else Path(story).stem
    out = out or Path(f"{stem}.{options.format or DEFAULT_FORMAT}")
    options = resolve_format(options, out)
    if options.outputs:
        require_cuttable(options.format or DEFAULT_FORMAT)
    return options, out


def _apply_source_options(options: Options, story: str, source: Source) -> Options:
    """Add what the story itself sets: its type, lexicon and narrator."""
    options = apply_lexicon(options, story, source.document)
    options = options.model_copy(update={"text_type": source.text_type.value, "cover": ""})
    return apply_narrator(options, source.document.cast)


def _list_folders(options: Options, out: Path) -> list[Path]:
    """The folders of results other than that of the finished file."""
    return [chapters_folder(out)] if "chapter_files" in options.outputs else []


def _require_writable_outputs(files: Sequence[Path], folders: Sequence[Path]) -> None:
    """Check that all results can be written, before they cost anything."""
    for path in files:
        require_writable(path)
    for folder in folders:
        require_writable_folder(folder)


def _print_estimate(runner: StoryRunner, text: SourceText, options: Options) -> None:
    plan = runner.speech_service.plan_source(text, options)
    click.echo(format_estimate(plan.script, options.rate))


def _print_result(story_run: StoryRun) -> None:
    result, narration = story_run.result, story_run.narration
    synthesized, total = narration.synthesized_chunks, len(narration.recordings)
    others = ", the others reused" if synthesized < total else ""
    figures = format_measurements(
        story_run.timeline.duration_s, result.integrated_loudness_lufs, result.true_peak_dbtp
    )
    click.echo(f"{figures}; {synthesized} of {total} chunks synthesized{others}")
    for path in story_run.outputs:
        click.echo(f"  {path}")
    for warning in narration.stored.warnings:
        click.echo(warning, err=True)
    for passage in narration.unspoken:
        click.echo(f"not spoken, because the voice cannot read it: {passage}", err=True)
