"""`mixer plan`: what would be said, in which chunks, at which cost; nothing is synthesised."""

from typing import Any

import click
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from mixer.cli.options import SPEECH, chosen, contract_options
from mixer.cli.planning import planned
from mixer.cli.summary import estimate_line
from mixer.script.script import Script


@click.command()
@click.argument("story")
@click.option("--json", "as_json", is_flag=True, help="The whole Script as JSON.")
@contract_options(*SPEECH)
def command(story: str, *, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Show what would be said of STORY, and what it would cost."""
    asked = chosen(given)
    script = planned(story, asked)
    if as_json:
        click.echo(TypeAdapter(Script).dump_json(script, indent=2))
        return
    Console().print(_table(script))
    click.echo(estimate_line(script, asked.rate))


def _table(script: Script) -> Table:
    table = Table(title=script.title or None, title_justify="left", expand=True)
    for name in ("#", "chars"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("passage", overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column("then", no_wrap=True)
    table.add_column("silence", justify="right", no_wrap=True)
    number = 0
    for chapter in script.chapters:
        table.add_section()
        for chunk in chapter.chunks:
            number += 1
            silence = f"{chunk.gap_ms} ms"
            cells = (number, chunk.billed_chars, chunk.passage, chunk.ending, silence)
            table.add_row(*map(str, cells))
    return table
