"""`mixer estimate`: characters, chunks, length and cost of a story in one line."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mixer.cli.offline_plan import plan_story
from mixer.cli.options import SPEECH, collect_options, contract_options
from mixer.cli.session import music_option
from mixer.cli.summary import format_estimate
from mixer.script.planning.estimate import estimate_script
from mixer.speech.charges import costs_usd


@click.command()
@click.argument("story")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@music_option
@contract_options(*SPEECH)
def command(
    story: str,
    *,
    as_json: bool,
    music: Path | None,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `chosen`
) -> None:
    """Foretell what STORY would take and cost; nothing is spent."""
    asked = collect_options(given)
    script = plan_story(story, asked, music)
    if as_json:
        foretold = estimate_script(script, asked.rate)
        figures = asdict(foretold) | {"duration_s": round(foretold.duration_s, 1)}
        click.echo(json.dumps({**figures, "cost_usd": costs_usd(foretold.characters)}))
    else:
        click.echo(format_estimate(script, asked.rate))
