"""What the local server is made of: the Lambdas' own endpoints, given other voices and stores.

On a laptop: the embedded voice and a folder, which also keeps the secret of its links. With AWS:
Amazon Polly and S3, chosen by the environment as in Lambda.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from mixer.server.functions import Function
from mixer.server.gateway import Gateway, Route
from mixer.server.jobs import Jobs
from mixer.server.objects import MUSIC_PREFIX, PREFIX, StoredObjects
from mixer.server.pages import Pages
from mixer.server.site import Site
from mixer.server.stories import LocalStories
from mixer.server.uploads import Uploads
from mixer.settings import Settings, settings
from mixer.store.folder import FolderStore
from mixer.store.links import SECRET_BYTES, SignedLinks, kept_secret

if TYPE_CHECKING:
    from mixer.jobs.assembly import Assembler
    from mixer.jobs.library import Library
    from mixer.jobs.synthesis import OpenEngine, Synthesizer
    from mixer.speech.engine import SpeechEngine
    from mixer.store.objects import ObjectStore

DEFAULTS = {"OUTPUT_BUCKET": "local", "AUTH_MODE": "none", "GATEWAY_TIMEOUT_S": "900"}
"""Where the environment says nothing; no gateway loses its patience on a laptop."""

SPEECH_ROUTES = ("POST /synthesize", "POST /estimate", "GET /voices")
MIX_ROUTES = ("POST /mixstory",)
STORY_ROUTES = (
    "POST /stories",
    "GET /stories",
    "GET /stories/{story_id}",
    "DELETE /stories/{story_id}",
)
LIBRARY_ROUTES = ("GET /music", "POST /uploads")
OPEN_ROUTES = ("GET /openapi.json", "GET /docs", "GET /capabilities")

MIXES_AT_ONCE = 4
"""Each mix uses all cores anyway; more would only share them, and the memory."""

AWS_ORIGINS = ("https://*.amazonaws.com",)
"""Where presigned URLs lead the page."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things lie on the disk.

    Attributes:
        store: all that is made.
        web: the page.
        music: music to choose from; the store itself when None.
    """

    store: Path
    web: Path
    music: Path | None = None


def chosen_settings(environ: Mapping[str, str]) -> Settings:
    """The environment's settings, with what suits a laptop where it says nothing.

    Raises:
        Misconfigured: a variable makes no sense.
    """
    return settings({**DEFAULTS, **{name: value for name, value in environ.items() if value}})


@contextmanager
def laptop(
    chosen: Settings, url: str, folders: Folders, voice: "SpeechEngine | None" = None
) -> Iterator[Site]:
    """Everything without an account and without a network; speaking ends with the block.

    Args:
        chosen: from `chosen_settings`.
        url: where the server listens, for its links.
        folders: where things lie.
        voice: speaks, and is closed in the end; the embedded one when None.
    """
    from mixer.jobs.synthesis import always
    from mixer.speech.embedded.engine import EmbeddedEngine

    links = SignedLinks(url + PREFIX.rstrip("/"), kept_secret(folders.store))
    store = FolderStore(folders.store, links)
    music_links = SignedLinks(url + MUSIC_PREFIX.rstrip("/"), links.secret)
    music = FolderStore(folders.music, music_links) if folders.music else store
    with closing(voice or EmbeddedEngine(suffix="mp3")) as engine, closing(Jobs()) as jobs:
        speech = replace(_synthesizer(chosen, always(engine), store), job=jobs.begin)
        mix = replace(_assembler(chosen, store, music), job=jobs.begin)
        secret = kept_secret(folders.store)
        with closing(LocalStories(chosen, speech, mix, secret, jobs.begin)) as told:
            shelves = _library(chosen, store, music)
            gateway = _gateway(chosen, speech, mix, told, shelves)
            told.take_up()
            pages = Pages(folders.web, (url, url.replace("127.0.0.1", "localhost")))
            yield Site(
                gateway,
                pages,
                [StoredObjects(store, links), StoredObjects(music, music_links, MUSIC_PREFIX)],
                Uploads(store, links),
                chosen.allowed_origins,
            )


@contextmanager
def cloud(chosen: Settings, web: Path) -> Iterator[Site]:
    """The same with Amazon Polly and S3, as the Lambdas use them.

    Args:
        chosen: from `chosen_settings`.
        web: folder of the page.

    Stories are told by this process too; their ids are good for as long as it lives.
    """
    from app import assembler
    from mixer.speech.polly.client import polly_client
    from mixer.store.s3 import s3_client
    from polly_handler import synthesizer
    from stories import library

    with closing(s3_client()) as s3, closing(polly_client()) as polly, closing(Jobs()) as jobs:
        speech = replace(synthesizer(chosen, polly=polly, s3=s3), job=jobs.begin)
        mix = replace(assembler(chosen, s3=s3), job=jobs.begin)
        secret = token_bytes(SECRET_BYTES)
        with closing(LocalStories(chosen, speech, mix, secret, jobs.begin)) as told:
            gateway = _gateway(chosen, speech, mix, told, library(chosen, s3=s3))
            yield Site(gateway, Pages(web, AWS_ORIGINS), origins=chosen.allowed_origins)


def _gateway(
    chosen: Settings,
    synthesizer: "Synthesizer",
    assembler: "Assembler",
    told: LocalStories,
    library: "Library",
) -> Gateway:
    """The Lambdas' endpoints behind their routes."""
    import app
    import polly_handler
    import stories

    begin = told.desk.begin
    speech = Function("mixer-speech", polly_handler.endpoint(chosen, lambda: synthesizer, begin))
    mixing = app.endpoint(chosen, lambda: assembler, begin)
    mix = Function("mixer-mix", mixing, at_once=MIXES_AT_ONCE)
    counter = Function("mixer-stories", stories.endpoint(chosen, told.counter, lambda: library))
    routes = [
        *(Route(key, speech) for key in SPEECH_ROUTES),
        *(Route(key, mix) for key in MIX_ROUTES),
        *(Route(key, counter) for key in STORY_ROUTES),
        *(Route(key, counter) for key in LIBRARY_ROUTES),
        *(Route(key, counter, is_open=True) for key in OPEN_ROUTES),
    ]
    return Gateway(routes, _authorizer() if chosen.auth.mode == "token" else None)


def _authorizer() -> Function:
    """The doorkeeper, which reads the environment itself."""
    from authorizer import handler

    return Function("mixer-authorizer", handler, timeout_s=10)


def _synthesizer(
    chosen: Settings, open_engine: "OpenEngine", store: "ObjectStore"
) -> "Synthesizer":
    from mixer.jobs.spending import Spending
    from mixer.jobs.synthesis import Synthesizer

    return Synthesizer(
        open_engine=open_engine,
        store=store,
        bucket=chosen.output_bucket,
        spending=Spending(store, chosen.max_daily_usd),
        max_request_usd=chosen.max_request_usd,
        max_text_chars=chosen.max_text_chars,
        refresh_after=timedelta(days=chosen.refresh_after_days),
    )


def _assembler(chosen: Settings, store: FolderStore, music: FolderStore) -> "Assembler":
    from mixer.jobs.assembly import Assembler
    from mixer.jobs.looking import Limits

    return Assembler(
        stores={chosen.output_bucket: store},
        music=music,
        output=store,
        link=lambda key: store.url(key, chosen.url_lifetime_s),
        link_lifetime_s=chosen.url_lifetime_s,
        limits=Limits(chosen.max_object_bytes, chosen.max_input_bytes),
    )


def _library(chosen: Settings, store: FolderStore, music: FolderStore) -> "Library":
    from mixer.jobs.library import SHARED_PREFIX, Library

    return Library(
        music=music,
        prefix=SHARED_PREFIX if music is store else "",
        link=lambda key: music.url(key, chosen.url_lifetime_s),
        link_lifetime_s=chosen.url_lifetime_s,
        form=lambda key, kind, most_bytes: store.upload_form(
            key, kind, most_bytes, chosen.url_lifetime_s
        ),
        max_upload_bytes=chosen.max_upload_bytes,
    )
