"""`mixer narrate`: a story in, a finished file with captions, picture and report out."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from mixer.cli.engines import open_engine
from mixer.cli.options import ABOUT, COST, MIX, OUTPUT, SPEECH, chosen, contract_options
from mixer.cli.outputs import require_apart, with_format
from mixer.cli.reading import (
    STDIN,
    Source,
    cast_named,
    cover_asked_for,
    read_cover_file,
    read_story,
    with_lexicon_file,
)
from mixer.cli.session import desk, music_option, store_option
from mixer.cli.sounds import sound_paths
from mixer.cli.summary import estimate_line, heard
from mixer.files import require_writable, require_writable_folder
from mixer.jobs.story.handing_out import chapters_folder, output_paths
from mixer.jobs.story.telling import Teller, Telling
from mixer.publish.chapters import require_cuttable
from mixer.requests import Options
from mixer.script.sources import text_of_upload
from mixer.speech.choosing import EMBEDDED, as_narrator
from mixer.store.folder import FolderStore


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
@contract_options(*SPEECH, *MIX, *ABOUT, *OUTPUT, *COST)
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
    asked, out = _named(chosen(given), story, out)
    outputs = output_paths(out, report)
    source = read_story(story, asked)
    sounds = sound_paths(source.document, story, music)
    bed = None if music is not None and music.is_dir() else music
    picture = cover_asked_for(asked, story, source.document)
    inputs = _inputs(story, bed, picture) | dict.fromkeys(sounds.values(), "a sound")
    require_apart(outputs, inputs)
    cover = read_cover_file(picture) if picture else None
    asked = _as_read(asked, story, source)
    engine_name = asked.engine or EMBEDDED
    with (
        closing(open_engine(engine_name, speech_marks=asked.speech_marks)) as engine,
        desk() as work,
        cast_named(story),
    ):
        teller = Teller.of(FolderStore(store), engine, work)
        if asked.dry_run:
            plan = teller.speech.plan(text_of_upload(source.content), asked)
            click.echo(estimate_line(plan.script, asked.rate))
            return
        _require_room(outputs, [store, *_folders(asked, out)])
        told = teller.tell(
            source.content,
            asked,
            music=bed,
            sounds=sounds,
            cover=cover,
            out=out,
            report=report,
        )
    _say_where(told)


def _named(asked: Options, story: str, out: Path | None) -> tuple[Options, Path]:
    """What is asked for with its format, and the file to write.

    Raises:
        BadOption: its name tells no format, or its chapters cannot be cut out.
    """
    stem = "story" if story == STDIN else Path(story).stem
    out = out or Path(f"{stem}.{asked.format or 'mp3'}")
    asked = with_format(asked, out)
    if asked.outputs:
        require_cuttable(asked.format or "mp3")
    return asked, out


def _folders(asked: Options, out: Path) -> list[Path]:
    """Those that results go into, besides that of the finished file."""
    return [chapters_folder(out)] if "chapter_files" in asked.outputs else []


def _require_room(files: Sequence[Path], folders: Sequence[Path]) -> None:
    """Find out whether all results can be written, before anything is paid for them."""
    for path in files:
        require_writable(path)
    for folder in folders:
        require_writable_folder(folder)


def _as_read(asked: Options, story: str, source: Source) -> Options:
    """What is asked for, with what the story says itself: how it is written, words, narrator."""
    asked = with_lexicon_file(asked, story, source.document)
    asked = asked.model_copy(update={"text_type": source.text_type.value, "cover": ""})
    return as_narrator(asked, source.document.cast)


def _inputs(story: str, music: Path | None, cover: Path | None) -> dict[Path, str]:
    """The files that are read."""
    inputs = {} if story == STDIN else {Path(story): "the story"}
    inputs |= {music: "the music"} if music else {}
    return inputs | ({cover: "the cover"} if cover else {})


def _say_where(told: Telling) -> None:
    result, said = told.result, told.said.said
    total = len(told.said.recordings)
    others = ", the others kept from before" if said < total else ""
    measured = heard(
        told.timeline.duration_s, result.integrated_loudness_lufs, result.true_peak_dbtp
    )
    click.echo(f"{measured}; {said} of {total} chunks spoken now{others}")
    for path in told.outputs:
        click.echo(f"  {path}")
    for warning in told.said.stored.warnings:
        click.echo(warning, err=True)
    for passage in told.said.unspoken:
        click.echo(f"not spoken, as the voice cannot read it: {passage}", err=True)
