"""`mixer serve`: the API and the demo page on this machine."""

import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

import mixer
from mixer.cli.session import store_option
from mixer.errors import Misconfigured

if TYPE_CHECKING:
    from mixer.settings import Settings

WEB = Path(mixer.__file__).parents[1] / "web"
"""Of the page, in a checkout of the repository."""

QUIET_ENVIRONMENT = {"POWERTOOLS_LOG_LEVEL": "WARNING", "POWERTOOLS_METRICS_DISABLED": "true"}
"""What is meant for CloudWatch does not belong on a terminal; problems do."""

UNFINISHED = 1
"""Exit code when a request did not even end when all that it works with was closed."""

FOLDER_PATH = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True)
@store_option
@click.option(
    "--music", type=FOLDER_PATH, help="Folder of music to choose from.  [default: the store]"
)
@click.option("--web", type=FOLDER_PATH, default=WEB, help="Folder of the page.  [default: web/]")
@click.option("--aws", is_flag=True, help="Use Amazon Polly and S3, as the environment says.")
@click.option(
    "--grace-s",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="How long requests at work may go on after Ctrl-C; a second one ends them at once.",
)
def command(
    port: int, store: Path, music: Path | None, web: Path, *, aws: bool, grace_s: float
) -> None:
    """Serve the API and the demo page on 127.0.0.1, and nowhere else.

    The same handlers run here as in AWS Lambda, with the embedded voice and a folder for what they
    make. The environment variables of the Lambdas count here too; AUTH_MODE is none by default.
    """
    from mixer.devserver.lifecycle import catch_signals, serve
    from mixer.devserver.listener import Listener
    from mixer.devserver.local import Folders, load_laptop_settings, open_cloud, open_laptop

    _log_to_terminal()
    chosen = load_laptop_settings(os.environ)
    _require_tokens(chosen)
    with catch_signals() as came, ExitStack() as open_things:
        listener = Listener(port)
        folders = Folders(store, web, music)
        place = open_cloud(chosen, web) if aws else open_laptop(chosen, listener.url, folders)
        site = open_things.enter_context(place)
        click.echo(f"Mixer listens on {listener.url} (Ctrl-C ends it)")
        has_finished = serve(
            listener, site.reply, came, grace_s=grace_s, close_resources=open_things.close
        )
    if not has_finished:
        sys.stderr.flush()
        os._exit(UNFINISHED)


def _require_tokens(settings: "Settings") -> None:
    """Refuse to begin where nobody could ever be let in.

    Raises:
        Misconfigured: tokens are wanted, and nothing says whose.
    """
    if settings.auth.mode == "token" and not settings.auth.tokens_secret:
        raise Misconfigured(
            "AUTH_MODE is token, but TOKENS_SECRET names no secret with callers' tokens: set it, "
            "or let everybody in with AUTH_MODE=none.",
            variable="TOKENS_SECRET",
        )


def _log_to_terminal() -> None:
    """A line for each request, and what goes wrong."""
    os.environ.update(
        {name: os.environ.get(name) or value for name, value in QUIET_ENVIRONMENT.items()}
    )
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger = logging.getLogger("mixer.devserver")
    logger.setLevel(logging.INFO)
    logger.addHandler(lines)
    logger.propagate = False
