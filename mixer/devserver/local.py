"""Build the dev server's application: the Lambdas' own endpoints with local services.

Locally: the embedded voice and a folder, which also keeps the secret for links. With AWS: Amazon
Polly and S3, configured by the environment as in Lambda.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING
from weakref import WeakSet

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from mixer.compose import (
    open_bucket_services,
    open_cloud_services,
    open_folder_services,
)
from mixer.devserver.files import Pages, StoredObjects
from mixer.devserver.gateway import ApiFunction, ApiRoute, Gateway
from mixer.devserver.guard import UPLOAD_PATH, respond_to_error
from mixer.devserver.listeners import ListenRoutes
from mixer.devserver.stories import EVENTS_PATH, LocalStories, StoryEvents
from mixer.devserver.uploads import Uploads
from mixer.errors import Misconfigured
from mixer.settings import Settings, apply_endpoint, load_settings
from mixer.store import SignedLinks, load_secret

if TYPE_CHECKING:
    from mixer.compose import Services
    from mixer.sound import ProcessGroup
    from mixer.speech import SpeechEngine

DEFAULTS = {"OUTPUT_BUCKET": "local", "AUTH_MODE": "none", "GATEWAY_TIMEOUT_S": "900"}
"""Environment variables by default; a laptop has no gateway with a time-out."""

SPEECH_ROUTES = (
    "POST /synthesize",
    "POST /estimate",
    "POST /cast",
    "GET /voices",
    "POST /v1/audio/speech",
    "GET /v1/audio/models",
    "GET /v1/audio/voices",
    "GET /v1/models",
    "GET /v1/models/{model_id}",
    "POST /v1/text-to-speech/{voice_id}",
    "POST /v1/text-to-speech/{voice_id}/stream",
    "POST /v1/text-to-speech/{voice_id}/with-timestamps",
    "POST /v1/text-to-speech/{voice_id}/stream/with-timestamps",
    "GET /v1/voices",
    "GET /v1/voices/{voice_id}",
    "GET /v2/voices",
)
MIX_ROUTES = ("POST /mixstory",)
PREVIEW_ROUTES = ("POST /stories/{story_id}/edits",)
STORY_ROUTES = (
    "POST /stories",
    "GET /stories",
    "GET /stories/{story_id}",
    "DELETE /stories/{story_id}",
    "GET /stories/{story_id}/versions",
    "POST /stories/{story_id}/versions",
    "GET /stories/{story_id}/sentences",
    "GET /stories/{story_id}/comparison",
    "GET /music",
    "POST /uploads",
    "GET /projects",
    "GET /projects/{project_id}",
    "PUT /projects/{project_id}",
    "DELETE /projects/{project_id}",
    "POST /feeds",
    "GET /feeds",
    "GET /feeds/{feed_id}",
    "DELETE /feeds/{feed_id}",
    "POST /feeds/{feed_id}",
)
PUBLIC_ROUTES = (
    "GET /openapi.json",
    "GET /docs",
    "GET /capabilities",
    "GET /feed/{key}/{name}",
    "HEAD /feed/{key}/{name}",
)

MAX_CONCURRENT_MIXES = 4
"""One mix uses all cores; more would only share them and the memory."""

OBJECTS_PREFIX = "/objects/"
MUSIC_PREFIX = "/music/"

LOCAL_CALLER = "local"
"""Who has the token of `mixer serve --token`."""

AWS_ORIGINS = ("https://*.amazonaws.com",)
"""Origins of presigned URLs."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders of the server; without `music`, the store itself is the library."""

    store: Path
    web: Path
    music: Path | None = None


class ProcessRegistry:
    """The child processes of all requests, stopped together; safe for threads."""

    def __init__(self) -> None:
        self._groups: WeakSet[ProcessGroup] = WeakSet()
        self._lock = threading.Lock()
        self._is_closed = False

    def open_group(self) -> "ProcessGroup":
        """Open a group; after `close` it is already stopped."""
        from mixer.sound import ProcessGroup

        group = ProcessGroup()
        with self._lock:
            self._groups.add(group)
            if self._is_closed:
                group.stop()
        return group

    def close(self) -> None:
        """Stop all groups; safe to call twice."""
        with self._lock:
            self._is_closed = True
            for group in self._groups:
                group.stop()


def load_laptop_settings(environ: Mapping[str, str]) -> Settings:
    """Load settings from the environment, with defaults for a laptop."""
    given = {name: value for name, value in environ.items() if value}
    settings = apply_endpoint(load_settings({**DEFAULTS, **given}), given)
    return replace(settings, stories=replace(settings.stories, streams_events=True))


@contextmanager
def open_laptop(
    settings: Settings,
    url: str,
    folders: Folders,
    voice: "SpeechEngine | None" = None,
    authorizer: ApiFunction | None = None,
) -> Iterator[Starlette]:
    """Open the application without AWS or network.

    Args:
        voice: closed at the end; the embedded one when None.
        authorizer: when None, the Lambdas' own if the settings require tokens.
    """
    links = SignedLinks(url + OBJECTS_PREFIX.rstrip("/"), load_secret(folders.store))
    music_links = SignedLinks(url + MUSIC_PREFIX.rstrip("/"), links.secret)
    music = (folders.music, music_links)
    with (
        open_folder_services(settings, (folders.store, links), music=music, voice=voice) as parts,
        closing(ProcessRegistry()) as processes,
        closing(LocalStories(parts, processes.open_group)) as stories,
    ):
        gateway = build_gateway(stories.services, authorizer)
        objects = {
            OBJECTS_PREFIX: StoredObjects(parts.store, links),
            MUSIC_PREFIX: StoredObjects(parts.music or parts.store, music_links),
        }
        pages = Pages(folders.web, (url, url.replace("127.0.0.1", "localhost")))
        stories.resume()
        uploads = Uploads(parts.store, links, settings.allowed_origins)
        listening = build_listen_routes(gateway, stories.services)
        yield build_application(gateway, pages, objects, uploads, listening)


@contextmanager
def open_cloud(
    settings: Settings,
    web: Path,
    authorizer: ApiFunction | None = None,
    *,
    uses_polly: bool = True,
) -> Iterator[Starlette]:
    """Open the application with S3 and Amazon Polly, or the embedded voice.

    This process runs the stories too; their ids are valid as long as it lives. `authorizer` is as
    for `open_laptop`.
    """
    open_services = open_cloud_services if uses_polly else open_bucket_services
    origins = AWS_ORIGINS if uses_polly else tuple(filter(None, [settings.s3_endpoint_url]))
    with (
        open_services(settings, token_bytes()) as parts,
        closing(ProcessRegistry()) as processes,
        closing(LocalStories(parts, processes.open_group)) as stories,
    ):
        gateway = build_gateway(stories.services, authorizer)
        listening = build_listen_routes(gateway, stories.services)
        yield build_application(gateway, Pages(web, origins), listening=listening)


def build_application(
    gateway: Gateway,
    pages: Pages,
    objects: Mapping[str, StoredObjects] | None = None,
    uploads: Uploads | None = None,
    listening: Sequence[Route] = (),
) -> Starlette:
    """Build the application: API, uploads, stored objects, and the page for all other paths.

    Args:
        objects: by prefix, such as `/objects/`; empty if stored elsewhere.
        uploads: None if files are sent elsewhere.
        listening: routes of listeners.
    """
    routes = [Route(EVENTS_PATH, StoryEvents(gateway).respond, methods=["GET"])]
    routes += [*listening, *gateway.build_routes()]
    if uploads is not None:
        routes.append(Route(UPLOAD_PATH, uploads.respond, methods=["POST"]))
    for prefix, stored in (objects or {}).items():
        routes.append(Route(prefix + "{key:path}", stored.respond))
    compressed = [Middleware(GZipMiddleware)]
    routes.append(Route("/{path:path}", pages.respond, middleware=compressed))
    handlers = {HTTPException: respond_to_error, Exception: respond_to_error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def build_listen_routes(gateway: Gateway, services: "Services") -> list[Route]:
    """Build the routes of listeners."""
    listening, links = services.listening_service, services.listen_links
    return ListenRoutes(gateway, listening, links).build_routes()


def build_gateway(services: "Services", authorizer: ApiFunction | None = None) -> Gateway:
    """Build the gateway; without `authorizer`, the Lambdas' own if tokens are required."""
    _build_parts(services)
    requires_token = services.settings.auth.mode == "token"
    if authorizer is not None and not requires_token:
        raise Misconfigured("AUTH_MODE must be token where an authorizer checks the callers.")
    if authorizer is None and requires_token:
        authorizer = _build_authorizer()
    return Gateway(_build_routes(services), authorizer, services.settings.allowed_origins)


def _build_routes(services: "Services") -> list[ApiRoute]:
    from mixer.api import (
        build_mix_endpoint,
        build_preview_endpoint,
        build_speech_endpoint,
        build_story_endpoint,
    )

    start_story = services.story_service.create
    build_mixer = partial(ApiFunction, max_concurrent=MAX_CONCURRENT_MIXES)
    story = ApiFunction("mixer-stories", build_story_endpoint(services))
    functions = {
        SPEECH_ROUTES: ApiFunction("mixer-speech", build_speech_endpoint(services, start_story)),
        MIX_ROUTES: build_mixer("mixer-mix", build_mix_endpoint(services, start_story)),
        PREVIEW_ROUTES: build_mixer("mixer-previews", build_preview_endpoint(services)),
        STORY_ROUTES: story,
    }
    routes = [ApiRoute(key, function) for keys, function in functions.items() for key in keys]
    return [*routes, *(ApiRoute(key, story, is_public=True) for key in PUBLIC_ROUTES)]


def _build_parts(services: "Services") -> None:
    """Build services now, which threads of the first requests would otherwise build in parallel."""
    _ = services.speech_service, services.mix_service, services.music_library, services.all_tasks
    _ = services.story_previews, services.story_editor


def build_token_authorizer(token: str) -> ApiFunction:
    """Build an authorizer that admits one caller, `local`, with this token."""
    from mixer.api import build_authorizer

    return ApiFunction("mixer-authorizer", build_authorizer({LOCAL_CALLER: [token]}))


def _build_authorizer() -> ApiFunction:
    """Build the Lambdas' authorizer, which reads the environment itself."""
    from mixer.api import answer_authorizer_event

    return ApiFunction("mixer-authorizer", answer_authorizer_event, timeout_s=10)
