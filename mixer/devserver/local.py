"""What the local server is made of: the Lambdas' own endpoints, given other voices and stores.

On a laptop: the embedded voice and a folder, which also keeps the secret of its links. With AWS:
Amazon Polly and S3, chosen by the environment as in Lambda.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from mixer.compose import open_cloud_services, open_folder_services
from mixer.devserver.functions import Function
from mixer.devserver.gateway import Gateway, Route
from mixer.devserver.objects import MUSIC_PREFIX, PREFIX, StoredObjects
from mixer.devserver.pages import Pages
from mixer.devserver.process_registry import ProcessRegistry
from mixer.devserver.router import Router
from mixer.devserver.stories import LocalStories
from mixer.devserver.uploads import Uploads
from mixer.settings import Settings, load_settings
from mixer.store.links import SECRET_BYTES, SignedLinks, load_secret

if TYPE_CHECKING:
    from mixer.compose import Services
    from mixer.speech.engine import SpeechEngine

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
    links = SignedLinks(url + PREFIX.rstrip("/"), load_secret(folders.store))
    music_links = SignedLinks(url + MUSIC_PREFIX.rstrip("/"), links.secret)
    with (
        open_folder_services(
            chosen, (folders.store, links), music=(folders.music, music_links), voice=voice
        ) as parts,
        closing(ProcessRegistry()) as jobs,
        closing(LocalStories(parts, jobs.open_group)) as told,
    ):
        gateway = _build_gateway(told.services)
        told.resume_stories()
        pages = Pages(folders.web, (url, url.replace("127.0.0.1", "localhost")))
        yield Router(
            gateway,
            pages,
            [
                StoredObjects(parts.store, links),
                StoredObjects(parts.music or parts.store, music_links, MUSIC_PREFIX),
            ],
            Uploads(parts.store, links),
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
    with (
        open_cloud_services(chosen, token_bytes(SECRET_BYTES)) as parts,
        closing(ProcessRegistry()) as jobs,
        closing(LocalStories(parts, jobs.open_group)) as told,
    ):
        gateway = _build_gateway(told.services)
        yield Router(gateway, Pages(web, AWS_ORIGINS), origins=chosen.allowed_origins)


def _build_gateway(services: "Services") -> Gateway:
    """The Lambdas' endpoints behind their routes."""
    from mixer.api.handlers import build_mix_endpoint, build_speech_endpoint, build_story_endpoint

    begin = services.story_service.create
    speech = Function("mixer-speech", build_speech_endpoint(services, begin))
    mixing = build_mix_endpoint(services, begin)
    mix = Function("mixer-mix", mixing, max_concurrent=MAX_CONCURRENT_MIXES)
    counter = Function("mixer-stories", build_story_endpoint(services))
    routes = [
        *(Route(key, speech) for key in SPEECH_ROUTES),
        *(Route(key, mix) for key in MIX_ROUTES),
        *(Route(key, counter) for key in STORY_ROUTES),
        *(Route(key, counter) for key in LIBRARY_ROUTES),
        *(Route(key, counter, is_public=True) for key in PUBLIC_ROUTES),
    ]
    is_closed = services.settings.auth.mode == "token"
    return Gateway(routes, _build_authorizer() if is_closed else None)


def _build_authorizer() -> Function:
    """The doorkeeper, which reads the environment itself."""
    from mixer.api.authorizer import answer_question

    return Function("mixer-authorizer", answer_question, timeout_s=10)
