"""`mixer narrate`: a story in, a finished MP3 with captions, picture and report out."""

from pathlib import Path
from typing import Any

import click

from mixer.cli.engines import speaker
from mixer.cli.options import ABOUT, COST, MIX, SPEECH, chosen, contract_options
from mixer.cli.reading import STDIN, read_story, text_type_of
from mixer.cli.session import store_option, studio
from mixer.cli.summary import clock, estimate_line
from mixer.planning import plan_story, refuse_if_too_dear
from mixer.speech.prices import cost_usd
from mixer.studio import Telling, tell


@click.command()
@click.argument("story")
@click.option("--music", type=click.Path(path_type=Path), help="A sound file to lie under it.")
@click.option("--out", type=click.Path(path_type=Path), help="The MP3.  [default: STORY.mp3]")
@click.option("--report", type=click.Path(path_type=Path), help="[default: beside the MP3]")
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
    """Narrate STORY (a text or Markdown file, or - for standard input).

    Beside the MP3 it leaves captions (.vtt, .srt), a waveform picture (.png) and a report (.json).
    """
    asked = chosen(given)
    text = read_story(story)
    out = out or Path("story.mp3" if story == STDIN else f"{Path(story).stem}.mp3")
    with speaker(asked) as who, studio(store) as work:
        with work.stages.stage("planning"):
            text_type = text_type_of(story, asked.text_type)
            script = plan_story(text, text_type, who.limits, who.language(asked), asked)
        if asked.dry_run:
            click.echo(estimate_line(script, asked.rate))
            return
        refuse_if_too_dear(cost_usd(script.billed_chars, who.delivery.engine), asked)
        told = tell(
            work, script, who.engine, who.delivery, music=music, asked=asked, out=out, report=report
        )
    _say_where(told)


def _say_where(told: Telling) -> None:
    measured = told.mix.checked
    click.echo(
        f"{clock(told.mix.timeline.duration_s)} of audio at {measured.integrated_lufs:.1f} LUFS, "
        f"{told.narration.said} chunks spoken, the others found in the store"
    )
    for path in told.outputs:
        click.echo(f"  {path}")
    for passage in told.unspoken:
        click.echo(f"not spoken: {passage}", err=True)
