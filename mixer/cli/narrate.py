"""`mixer narrate`: a story in, a finished file with captions, picture and report out."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from mixer.cli.engines import open_engine
from mixer.cli.options import ABOUT, COST, MIX, SPEECH, chosen, contract_options
from mixer.cli.outputs import require_apart, with_format
from mixer.cli.reading import STDIN, Source, read_story, with_lexicon_file
from mixer.cli.session import desk, music_option, store_option
from mixer.cli.sounds import sound_paths
from mixer.cli.summary import estimate_line, heard
from mixer.files import require_writable, require_writable_folder
from mixer.jobs.story.telling import Teller, Telling, output_paths
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
@contract_options(*SPEECH, *MIX, *ABOUT, *COST)
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
    --out tells the format. Beside it appear captions (.vtt, .srt), a waveform picture (.png) and a
    report (.json). What was spoken once is kept (--store) and never spoken again.
    """
    asked = chosen(given)
    stem = "story" if story == STDIN else Path(story).stem
    out = out or Path(f"{stem}.{asked.format or 'mp3'}")
    asked = with_format(asked, out)
    outputs = output_paths(out, report)
    source = read_story(story, asked)
    sounds = sound_paths(source.document, story, music)
    bed = None if music is not None and music.is_dir() else music
    require_apart(outputs, _inputs(story, bed) | dict.fromkeys(sounds.values(), "a sound"))
    asked = _as_read(asked, story, source)
    engine_name = asked.engine or EMBEDDED
    with (
        closing(open_engine(engine_name, speech_marks=asked.speech_marks)) as engine,
        desk() as work,
    ):
        teller = Teller.of(FolderStore(store), engine, work)
        if asked.dry_run:
            plan = teller.speech.plan(text_of_upload(source.content), asked)
            click.echo(estimate_line(plan.script, asked.rate))
            return
        for path in outputs:
            require_writable(path)
        require_writable_folder(store)
        told = teller.tell(source.content, asked, music=bed, sounds=sounds, out=out, report=report)
    _say_where(told)


def _as_read(asked: Options, story: str, source: Source) -> Options:
    """What is asked for, with what the story says itself: how it is written, words, narrator."""
    asked = with_lexicon_file(asked, story, source.document)
    asked = asked.model_copy(update={"text_type": source.text_type.value})
    return as_narrator(asked, source.document.cast)


def _inputs(story: str, music: Path | None) -> dict[Path, str]:
    """The files that are read."""
    inputs = {} if story == STDIN else {Path(story): "the story"}
    return inputs | ({music: "the music"} if music else {})


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
    for passage in told.said.unspoken:
        click.echo(f"not spoken, as the voice cannot read it: {passage}", err=True)
