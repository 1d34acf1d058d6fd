"""The servers: `mixer serve` (the API and the demo page) and `mixer mcp` (tools for agents)."""

import importlib.util
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

import mixer
from mixer.cli.options import engine_url_option, store_option
from mixer.cli.strict import StrictCommand
from mixer.errors import BadOption, Misconfigured, MixerError
from mixer.lazy import require_extra

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from mixer.devserver import DevServer
    from mixer.settings import Settings

PACKAGE = Path(mixer.__file__).parent

CHECKOUT_WEB = PACKAGE.parent / "web"
WEB = CHECKOUT_WEB if CHECKOUT_WEB.is_dir() else PACKAGE / "web"
"""The page: next to the package in a checkout, in it once installed."""

QUIET_ENVIRONMENT = {"POWERTOOLS_LOG_LEVEL": "WARNING", "POWERTOOLS_METRICS_DISABLED": "true"}
"""Keeps what is meant for CloudWatch off the terminal."""

SERVER_PACKAGES = ("starlette", "uvicorn")
"""The Lambda image leaves them out."""

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - only with a token and names of its own

UNFINISHED = 1
"""Exit code when a request did not even end when all that it works with was closed."""

FOLDER_PATH = click.Path(path_type=Path, file_okay=False)


@click.command(cls=StrictCommand)
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@store_option
@engine_url_option
@click.option(
    "--music", type=FOLDER_PATH, help="Folder with the music library.  [default: the store]"
)
@click.option(
    "--web", type=FOLDER_PATH, default=WEB, help="Folder with the page.  [default: Mixer's own]"
)
@click.option(
    "--aws", is_flag=True, help="Use Amazon Polly and S3, as configured in the environment."
)
@click.option(
    "--s3",
    is_flag=True,
    help="Keep all objects in the bucket that the environment names; use the embedded voice.",
)
@click.option(
    "--token",
    metavar="TOKEN",
    envvar="MIXER_TOKEN",
    help="Require this token from every caller; set MIXER_TOKEN instead to hide it from ps.",
)
@click.option(
    "--public-url",
    metavar="URL",
    multiple=True,
    help="An address at which other machines reach the server, such as http://nas:8080; may be "
    "repeated, and links use the first. Needs --token; the server then listens on all interfaces.",
)
@click.option(
    "--webhooks-to-localhost",
    is_flag=True,
    help="Let stories notify http servers on this machine, to try out webhooks.",
)
@click.option(
    "--feeds",
    is_flag=True,
    help="Serve podcast feeds; a feed's link is enough to listen, without a token.",
)
@click.option(
    "--grace-s",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    help="How long running requests may take after Ctrl-C; a second Ctrl-C ends them at once.",
)
def command(**given: Any) -> None:  # noqa: ANN401 - the fields of ServeOptions
    """Serve the API and the demo page, on 127.0.0.1 only unless --public-url names an address.

    The same handlers run as on AWS Lambda, with the embedded voice and a local folder. The
    functions' environment variables apply here too; AUTH_MODE is none by default.
    """
    require_packages()
    from mixer.devserver import catch_signals, serve

    _log_to_terminal()
    options = ServeOptions(**given)
    with catch_signals() as signals, ExitStack() as resources:
        server = _open_server(options)
        url = next(iter(options.public_url), server.url).rstrip("/")
        app = resources.enter_context(_open_app(options, url))
        for line in describe_server(options, url):
            click.echo(line)
        grace_s = options.grace_s
        has_finished = serve(server, app, signals, grace_s=grace_s, close_resources=resources.close)
    if not has_finished:
        sys.stderr.flush()
        os._exit(UNFINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of the command, by name."""

    port: int
    store: Path
    music: Path | None
    web: Path
    aws: bool
    s3: bool
    token: str | None
    public_url: tuple[str, ...] = ()
    webhooks_to_localhost: bool
    feeds: bool
    grace_s: float


def _open_server(options: ServeOptions) -> "DevServer":
    """Open the server: on this machine's own address, or on all for one with public names.

    Raises:
        BadOption: a public address is malformed, or the token is missing.
    """
    from mixer.devserver import DevServer, ServerLimits

    if not options.public_url:
        return DevServer(options.port)
    if not options.token:
        raise BadOption(
            "public_url: a server for other machines needs --token.", field="public_url"
        )
    parts = [urlsplit(url) for url in options.public_url]
    for url, each in zip(options.public_url, parts, strict=True):
        if each.scheme not in ("http", "https") or not each.netloc or each.path.strip("/"):
            raise BadOption(
                f"public_url: “{url}” is not an address such as http://nas:8080.",
                field="public_url",
            )
    hosts = frozenset(each.netloc.lower() for each in parts)
    return DevServer(options.port, ServerLimits(hosts=hosts), EVERY_ADDRESS)


def describe_server(options: ServeOptions, url: str) -> Iterator[str]:
    """Describe a server's address, and what its options allow."""
    yield f"Mixer is listening on {url} (Ctrl-C stops it)"
    if not options.web.is_dir():
        yield f"Only the API is served: the page's folder {options.web} does not exist."
    if options.token:
        yield (
            "Every request needs the header Authorization: Bearer TOKEN. "
            "Anyone with the token can read, start and cancel all stories."
        )
    if options.feeds:
        yield (
            "Podcast feeds are served: anyone with the link of a feed can play its stories, "
            "until it is revoked."
        )
    if options.webhooks_to_localhost:
        yield (
            "Stories may notify http servers on this machine. Any user of this API "
            "can make it send POST requests to any local port."
        )


def _open_app(options: ServeOptions, url: str) -> AbstractContextManager["Starlette"]:
    from mixer.devserver import Folders, build_token_authorizer, open_cloud, open_laptop

    settings = _load_settings(options)
    authorizer = build_token_authorizer(options.token) if options.token else None
    if options.aws or options.s3:
        require_extra("aws", "boto3", "--aws" if options.aws else "--s3")
        return open_cloud(settings, options.web, authorizer, uses_polly=options.aws)
    folders = Folders(options.store, options.web, options.music)
    return open_laptop(settings, url, folders, authorizer=authorizer)


def require_packages(packages: Sequence[str] = SERVER_PACKAGES) -> None:
    """Check that the server's packages are there, without importing them.

    Raises:
        MixerError: one is missing.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise MixerError(
            f"The local server is not installed (missing: {', '.join(missing)}): install Mixer "
            "with all its dependencies; run pip install . in its folder."
        )


def _load_settings(options: ServeOptions) -> "Settings":
    """The settings of a laptop.

    Raises:
        Misconfigured: a variable is wrong, or tokens are required and no secret is named.
    """
    from mixer.devserver import load_laptop_settings

    environ = {**os.environ, "AUTH_MODE": "token"} if options.token else os.environ
    settings = load_laptop_settings(environ)
    if settings.auth.mode == "token" and not (options.token or settings.auth.tokens_secret):
        raise Misconfigured(
            "AUTH_MODE is token, but TOKENS_SECRET does not name a secret with callers' tokens: "
            "set it, use --token, or admit everyone with AUTH_MODE=none.",
            variable="TOKENS_SECRET",
        )
    allows_localhost = options.webhooks_to_localhost
    stories = replace(settings.stories, allows_localhost_webhooks=allows_localhost)
    own = tuple(url.rstrip("/") for url in options.public_url)
    origins = (*settings.allowed_origins, *own)
    feeds = replace(settings.feeds, is_serving=True) if options.feeds else settings.feeds
    return replace(settings, stories=stories, allowed_origins=origins, feeds=feeds)


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


@click.command(cls=StrictCommand)
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
    metavar="USD",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    help="What all narrations of this server together may cost; the embedded voice is free.",
)
def mcp(out: Path, store: Path, music: Path | None, max_cost_usd: float) -> None:
    """Give agents the tools plan, estimate, narrate, status and voices (MCP over stdio).

    Agents start it themselves: enter the command in the settings of your assistant. It spends
    nothing unless --max-cost-usd allows it, and the agent states a cap for each narration.
    """
    require_extra("mcp", "mcp", "The server for agents")
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
