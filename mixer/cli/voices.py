"""`mixer voices`: the voices of an engine."""

from contextlib import closing

import click

from mixer.compose import open_local_engine
from mixer.narration import select_limits
from mixer.speech import EMBEDDED


@click.command()
@click.option("--engine", default=EMBEDDED, show_default=True, help="embedded, or polly.")
def voices(engine: str) -> None:
    """List the voices of an engine."""
    from rich.console import Console
    from rich.table import Table

    select_limits(engine)
    with closing(open_local_engine(engine)) as opened:
        found = opened.voices()
    table = Table()
    for name in ("voice", "language", "gender", "engines"):
        table.add_column(name)
    for voice in found:
        table.add_row(voice.id, voice.language, voice.gender, ", ".join(voice.engines))
    Console().print(table)
    if engine == EMBEDDED:
        click.echo("One voice at five pitches: Ben is the lowest, then Cora, Dora, Ada and Eve.")
