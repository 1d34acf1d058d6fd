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

from mixer.devserver.functions import Function
from mixer.devserver.gateway import Gateway, Route
from mixer.devserver.objects import MUSIC_PREFIX, PREFIX, StoredObjects
from mixer.devserver.pages import Pages
from mixer.devserver.process_registry import ProcessRegistry
from mixer.devserver.router import Router
from mixer.devserver.stories import LocalStories
from mixer.devserver.uploads import Uploads
from mixer.settings import Settings, load_settings
from mixer.store.folder import FolderStore
from mixer.store.links import SECRET_BYTES, SignedLinks, load_secret

if TYPE_CHECKING:
    from mixer.services.library import MusicLibrary
    from mixer.services.mix_service import MixService
    from mixer.speech.engine import SpeechEngine
    from mixer.store.objects import ObjectStore
    from mixer.stories.speech_service import EngineOpener, SpeechService

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
PUBLIC_ROUTES = ("GET /openapi.json", "GET /docs", "GET /capabilities")

MAX_CONCURRENT_MIXES = 4
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


def load_laptop_settings(environ: Mapping[str, str]) -> Settings:
    """The environment's settings, with what suits a laptop where it says nothing.

    Raises:
        Misconfigured: a variable makes no sense.
    """
    return load_settings({**DEFAULTS, **{name: value for name, value in environ.items() if value}})


@contextmanager
def open_laptop(
    chosen: Settings, url: str, folders: Folders, voice: "SpeechEngine | None" = None
) -> Iterator[Router]:
    """Everything without an account and without a network; speaking ends with the block.

    Args:
        chosen: from `chosen_settings`.
        url: where the server listens, for its links.
        folders: where things lie.
        voice: speaks, and is closed in the end; the embedded one when None.
    """
    from mixer.speech.embedded.engine import EmbeddedEngine
    from mixer.stories.speech_service import reuse_engine

    links = SignedLinks(url + PREFIX.rstrip("/"), load_secret(folders.store))
    store = FolderStore(folders.store, links)
    music_links = SignedLinks(url + MUSIC_PREFIX.rstrip("/"), links.secret)
    music = FolderStore(folders.music, music_links) if folders.music else store
    with (
        closing(voice or EmbeddedEngine(suffix="mp3")) as engine,
        closing(ProcessRegistry()) as jobs,
    ):
        speech = replace(
            _build_speech_service(chosen, reuse_engine(engine), store),
            new_processes=jobs.open_group,
        )
        mix = replace(_build_mix_service(chosen, store, music), new_processes=jobs.open_group)
        secret = load_secret(folders.store)
        with closing(LocalStories(chosen, speech, mix, secret, jobs.open_group)) as told:
            shelves = _build_library(chosen, store, music)
            gateway = _build_gateway(chosen, speech, mix, told, shelves)
            told.resume_stories()
            pages = Pages(folders.web, (url, url.replace("127.0.0.1", "localhost")))
            yield Router(
                gateway,
                pages,
                [StoredObjects(store, links), StoredObjects(music, music_links, MUSIC_PREFIX)],
                Uploads(store, links),
                chosen.allowed_origins,
            )


@contextmanager
def open_cloud(chosen: Settings, web: Path) -> Iterator[Router]:
    """The same with Amazon Polly and S3, as the Lambdas use them.

    Args:
        chosen: from `chosen_settings`.
        web: folder of the page.

    Stories are told by this process too; their ids are good for as long as it lives.
    """
    from app import build_mix_service
    from mixer.speech.polly.client import create_polly_client
    from mixer.store.s3 import create_s3_client
    from polly_handler import build_speech_service
    from stories import build_library

    with (
        closing(create_s3_client()) as s3,
        closing(create_polly_client()) as polly,
        closing(ProcessRegistry()) as jobs,
    ):
        speech = replace(
            build_speech_service(chosen, polly=polly, s3=s3), new_processes=jobs.open_group
        )
        mix = replace(build_mix_service(chosen, s3=s3), new_processes=jobs.open_group)
        secret = token_bytes(SECRET_BYTES)
        with closing(LocalStories(chosen, speech, mix, secret, jobs.open_group)) as told:
            gateway = _build_gateway(chosen, speech, mix, told, build_library(chosen, s3=s3))
            yield Router(gateway, Pages(web, AWS_ORIGINS), origins=chosen.allowed_origins)


def _build_gateway(
    chosen: Settings,
    speech_service: "SpeechService",
    mix_service: "MixService",
    local_stories: LocalStories,
    library: "MusicLibrary",
) -> Gateway:
    """The Lambdas' endpoints behind their routes."""
    import app
    import polly_handler
    import stories

    begin = local_stories.service.create
    speech = Function(
        "mixer-speech", polly_handler.build_endpoint(chosen, lambda: speech_service, begin)
    )
    mixing = app.build_endpoint(chosen, lambda: mix_service, begin)
    mix = Function("mixer-mix", mixing, max_concurrent=MAX_CONCURRENT_MIXES)
    counter = Function(
        "mixer-stories",
        stories.build_endpoint(chosen, local_stories.build_dependencies, lambda: library),
    )
    routes = [
        *(Route(key, speech) for key in SPEECH_ROUTES),
        *(Route(key, mix) for key in MIX_ROUTES),
        *(Route(key, counter) for key in STORY_ROUTES),
        *(Route(key, counter) for key in LIBRARY_ROUTES),
        *(Route(key, counter, is_public=True) for key in PUBLIC_ROUTES),
    ]
    return Gateway(routes, _build_authorizer() if chosen.auth.mode == "token" else None)


def _build_authorizer() -> Function:
    """The doorkeeper, which reads the environment itself."""
    from authorizer import handler

    return Function("mixer-authorizer", handler, timeout_s=10)


def _build_speech_service(
    chosen: Settings, open_engine: "EngineOpener", store: "ObjectStore"
) -> "SpeechService":
    from mixer.stories.budget import DailyBudget
    from mixer.stories.speech_service import SpeechService

    return SpeechService(
        open_engine=open_engine,
        store=store,
        bucket=chosen.output_bucket,
        budget=DailyBudget(store, chosen.max_daily_usd),
        max_request_usd=chosen.max_request_usd,
        max_text_chars=chosen.max_text_chars,
        touch_after=timedelta(days=chosen.refresh_after_days),
    )


def _build_mix_service(chosen: Settings, store: FolderStore, music: FolderStore) -> "MixService":
    from mixer.services.mix_service import MixService
    from mixer.stories.input_checks import InputLimits

    return MixService(
        stores={chosen.output_bucket: store},
        music=music,
        output=store,
        link=lambda key: store.url(key, chosen.url_lifetime_s),
        link_lifetime_s=chosen.url_lifetime_s,
        limits=InputLimits(chosen.max_object_bytes, chosen.max_input_bytes),
    )


def _build_library(chosen: Settings, store: FolderStore, music: FolderStore) -> "MusicLibrary":
    from mixer.services.library import SHARED_PREFIX, MusicLibrary

    return MusicLibrary(
        music=music,
        prefix=SHARED_PREFIX if music is store else "",
        link=lambda key: music.url(key, chosen.url_lifetime_s),
        link_lifetime_s=chosen.url_lifetime_s,
        form=lambda key, kind, most_bytes: store.upload_form(
            key, kind, most_bytes, chosen.url_lifetime_s
        ),
        max_upload_bytes=chosen.max_upload_bytes,
    )
