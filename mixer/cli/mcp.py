"""`mixer mcp`: Mixer's functions as tools for agents, over standard input and output."""

import importlib.util
import os
from pathlib import Path

import click

from mixer.cli.options import store_option
from mixer.errors import MixerError

FOLDER_PATH = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option(
    "--out",
    type=FOLDER_PATH,
    default=Path(),
    help="Folder for the files.  [default: the current one]",
)
@store_option
@click.option("--music", type=FOLDER_PATH, help="Folder with the music that agents may name.")
@click.option(
    "--max-cost-usd",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="What all narrations of this server together may cost; the embedded voice is free.",
)
def mcp(out: Path, store: Path, music: Path | None, max_cost_usd: float) -> None:
    """Offer plan, estimate, narrate, status and voices as tools to agents (MCP, stdio).

    Agents start it themselves: enter the command in the settings of your assistant. It spends
    nothing unless --max-cost-usd allows it, and the agent states a cap for each narration.
    """
    if importlib.util.find_spec("mcp") is None:
        raise MixerError(
            "mixer mcp: the package mcp is not installed; install Mixer with its extra “mcp” "
            "(docs/clients.md)."
        )
    from mixer.mcp import Narrations, build_server

    os.environ.setdefault("POWERTOOLS_LOG_LEVEL", "CRITICAL")
    out.mkdir(parents=True, exist_ok=True)
    narrations = Narrations(out.resolve(), store.resolve(), max_cost_usd)
    music = music and music.resolve()
    os.chdir(music or narrations.folder)  # where texts find the files that they name
    try:
        build_server(narrations, music).run("stdio")
    finally:
        narrations.close()
