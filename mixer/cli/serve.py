"""`mixer serve`: the API and the demo page on this machine."""

import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

import mixer
from mixer.cli.options import store_option
from mixer.errors import Misconfigured, MixerError

if TYPE_CHECKING:
    from mixer.settings import Settings

WEB = Path(mixer.__file__).parents[1] / "web"
"""The page, in a checkout of the repository."""

QUIET_ENVIRONMENT = {"POWERTOOLS_LOG_LEVEL": "WARNING", "POWERTOOLS_METRICS_DISABLED": "true"}
"""Keeps what is meant for CloudWatch off the terminal."""

SERVER_PACKAGES = ("starlette", "uvicorn")
"""From the extra `local`."""

UNFINISHED = 1
"""Exit code when a request did not even end when all that it works with was closed."""

FOLDER_PATH = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True)
@store_option
@click.option(
    "--music", type=FOLDER_PATH, help="Folder of the music library.  [default: the store]"
)
@click.option("--web", type=FOLDER_PATH, default=WEB, help="Folder of the page.  [default: web/]")
@click.option(
    "--aws", is_flag=True, help="Use Amazon Polly and S3, as configured in the environment."
)
@click.option(
    "--grace-s",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="How long running requests may go on after Ctrl-C; a second Ctrl-C ends them at once.",
)
def command(
    port: int, store: Path, music: Path | None, web: Path, *, aws: bool, grace_s: float
) -> None:
    """Serve the API and the demo page on 127.0.0.1 only.

    The same handlers run as in AWS Lambda, with the embedded voice and a local folder. The
    environment variables of the Lambdas apply here too; AUTH_MODE is none by default.
    """
    require_packages()
    from mixer.devserver import DevServer, Folders, catch_signals, open_cloud, open_laptop, serve

    _log_to_terminal()
    settings = _load_settings()
    with catch_signals() as signals, ExitStack() as resources:
        server = DevServer(port)
        folders = Folders(store, web, music)
        opened = open_cloud(settings, web) if aws else open_laptop(settings, server.url, folders)
        app = resources.enter_context(opened)
        click.echo(f"Mixer listens on {server.url} (Ctrl-C stops it)")
        has_finished = serve(server, app, signals, grace_s=grace_s, close_resources=resources.close)
    if not has_finished:
        sys.stderr.flush()
        os._exit(UNFINISHED)


def require_packages(packages: Sequence[str] = SERVER_PACKAGES) -> None:
    """Check that the server's packages are there, without importing them.

    Raises:
        MixerError: one is missing.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise MixerError(
            f"The local server is not installed (missing: {', '.join(missing)}): "
            "pip install 'mixer[local]'."
        )


def _load_settings() -> "Settings":
    """The settings of a laptop.

    Raises:
        Misconfigured: a variable is wrong, or tokens are required and no secret is named.
    """
    from mixer.devserver import load_laptop_settings

    settings = load_laptop_settings(os.environ)
    if settings.auth.mode == "token" and not settings.auth.tokens_secret:
        raise Misconfigured(
            "AUTH_MODE is token, but TOKENS_SECRET does not name a secret with callers' tokens: "
            "set it, or admit everyone with AUTH_MODE=none.",
            variable="TOKENS_SECRET",
        )
    return settings


def _log_to_terminal() -> None:
    """Print a line for each request, and what goes wrong."""
    os.environ.update(
        {name: os.environ.get(name) or value for name, value in QUIET_ENVIRONMENT.items()}
    )
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger = logging.getLogger("mixer.devserver")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.propagate = False
