"""`mixer voices`: who can speak."""

from contextlib import closing

import click
from rich.console import Console
from rich.table import Table

from mixer.cli.engines import open_engine
from mixer.speech.voice_selection import EMBEDDED


@click.command()
@click.option("--engine", default=EMBEDDED, show_default=True, help="embedded, or polly.")
def command(engine: str) -> None:
    """List the voices of an engine."""
    with closing(open_engine(engine)) as opened:
        voices = opened.voices()
    table = Table()
    for name in ("voice", "language", "gender", "engines"):
        table.add_column(name)
    for voice in voices:
        table.add_row(voice.id, voice.language, voice.gender, ", ".join(voice.engines))
    Console().print(table)
