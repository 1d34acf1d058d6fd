"""`mixer narrate`: a story in, a finished file with captions, picture and report out."""

from pathlib import Path
from typing import Any

import click

from mixer.cli.engines import speaker
from mixer.cli.options import ABOUT, COST, MIX, SPEECH, chosen, contract_options
from mixer.cli.outputs import require_apart, with_format
from mixer.cli.reading import STDIN, read_story, with_lexicon_file
from mixer.cli.session import store_option, studio
from mixer.cli.summary import estimate_line, heard
from mixer.files import require_writable, require_writable_folder
from mixer.jobs.planning import plan_read
from mixer.jobs.studio import Telling, output_paths, tell
from mixer.speech.choosing import as_narrator


@click.command()
@click.argument("story")
@click.option("--music", type=click.Path(path_type=Path), help="A sound file to lie under it.")
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
    require_apart(outputs, _inputs(story, music))
    document = read_story(story, asked)
    asked = as_narrator(with_lexicon_file(asked, story, document), document.cast)
    with speaker(asked, document.cast) as who, studio(store) as work:
        with work.stages.stage("planning"):
            engines = {name: each.engine for name, each in who.delivery.cast}
            script = plan_read(document, who.limits, who.language(asked), asked, engines)
        if asked.dry_run:
            click.echo(estimate_line(script, asked.rate))
            return
        for path in outputs:
            require_writable(path)
        require_writable_folder(store)
        told = tell(
            work, script, who.engine, who.delivery, music=music, asked=asked, out=out, report=report
        )
    _say_where(told)


def _inputs(story: str, music: Path | None) -> dict[Path, str]:
    """The files that are read."""
    inputs = {} if story == STDIN else {Path(story): "the story"}
    return inputs | ({music: "the music"} if music else {})


def _say_where(told: Telling) -> None:
    total, said = len(list(told.script.chunks)), told.narration.said
    others = ", the others kept from before" if said < total else ""
    click.echo(f"{heard(told.mix)}; {said} of {total} chunks spoken now{others}")
    for path in told.outputs:
        click.echo(f"  {path}")
    for passage in told.unspoken:
        click.echo(f"not spoken, as the voice cannot read it: {passage}", err=True)
