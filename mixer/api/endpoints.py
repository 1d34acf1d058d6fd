"""The endpoints of the API: their routes, and the services that these use.

Every function imports what it needs, and services are built with the first request that needs
them: a first answer takes half the time.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixer.api.deferred import StoryStarter
    from mixer.api.responses import OutputLinks
    from mixer.api.routes import (
        ClientServices,
        EditDependencies,
        FeedDependencies,
        SpeechServices,
        StoryDependencies,
    )
    from mixer.api.routing import Api, Endpoint
    from mixer.compose import Services
    from mixer.settings import Settings

SPEECH_PATH, MIX_PATH, STORY_PATH = "/synthesize", "/mixstory", "/stories"
"""Default paths for events without a path."""


def build_speech_endpoint(
    services: "Services", start_story: "StoryStarter | None" = None
) -> "Endpoint":
    """Build the endpoint of speech: POST /synthesize, GET /voices, and the clients' protocols."""
    from mixer.api.routes import (
        add_cast_route,
        add_client_routes,
        add_speech_routes,
    )
    from mixer.api.routing import Api

    api = Api(services.settings.allowed_origins)
    load_speech = cache(lambda: _build_speech_services(services))
    max_chars = services.settings.stories.max_text_chars
    add_speech_routes(api, load_speech, start_story)
    add_cast_route(api, load_speech, max_chars, lambda: services.speaker_model)
    add_client_routes(api, cache(lambda: _build_client_services(services)))
    return _build_endpoint(api, services.settings, SPEECH_PATH)


def build_mix_endpoint(
    services: "Services", start_story: "StoryStarter | None" = None
) -> "Endpoint":
    """Build the endpoint of POST /mixstory."""
    from mixer.api.routes import add_mix_routes
    from mixer.api.routing import Api

    api = Api(services.settings.allowed_origins)
    add_mix_routes(api, lambda: services.mix_service, start_story)
    return _build_endpoint(api, services.settings, MIX_PATH)


def build_preview_endpoint(services: "Services") -> "Endpoint":
    """Build the endpoint that makes changes of stories audible."""
    from mixer.api.routes import add_preview_routes
    from mixer.api.routing import Api

    api = Api(services.settings.allowed_origins)
    add_preview_routes(api, lambda: services.story_previews, cache(lambda: _build_links(services)))
    return _build_endpoint(api, services.settings, STORY_PATH)


def build_story_endpoint(services: "Services") -> "Endpoint":
    """Build the endpoint of stories, projects, feeds, music, uploads and capabilities."""
    from mixer.api.routes import (
        add_feed_routes,
        add_library_routes,
        add_story_routes,
        add_version_routes,
        build_capabilities,
    )
    from mixer.api.routing import Api

    settings = services.settings
    api = Api(settings.allowed_origins)
    add_version_routes(api, cache(lambda: _build_edit_dependencies(services)))
    add_story_routes(api, cache(lambda: _build_story_dependencies(services)))
    add_feed_routes(api, cache(lambda: _build_feed_dependencies(services)))
    add_library_routes(
        api, lambda: services.music_library, cache(lambda: build_capabilities(settings))
    )
    return _build_endpoint(api, settings, STORY_PATH)


def _build_speech_services(services: "Services") -> "SpeechServices":
    from mixer.api.routes import SpeechServices

    return SpeechServices(
        services.speech_service, services.story_speech_service, _build_links(services)
    )


def _build_client_services(services: "Services") -> "ClientServices":
    from mixer.api.routes import ClientServices

    can_stream = services.settings.stories.streams_events
    return ClientServices(
        services.speech_service,
        services.mix_service if can_stream else None,
        services.settings.voice_names,
        can_stream,
    )


def _build_links(services: "Services") -> "OutputLinks":
    from mixer.api.responses import OutputLinks

    return OutputLinks(services.link_output, services.settings.url_lifetime_s)


def _build_story_dependencies(services: "Services") -> "StoryDependencies":
    from mixer.api.routes import StoryDependencies
    from mixer.services import ProjectService

    settings = services.settings
    return StoryDependencies(
        service=services.story_service,
        projects=ProjectService(services.output_store),
        links=_build_links(services),
        bucket=settings.output_bucket,
        max_text_chars=settings.stories.max_text_chars,
        listen_links=services.listen_links if settings.stories.can_listen else None,
        renditions=services.stored_renditions if settings.stories.listen_function else None,
    )


def _build_edit_dependencies(services: "Services") -> "EditDependencies":
    from mixer.api.routes import EditDependencies
    from mixer.stories.versions import SentenceReader

    reader = SentenceReader(services.story_texts)
    return EditDependencies(services.story_editor, reader, _build_links(services))


def _build_feed_dependencies(services: "Services") -> "FeedDependencies":
    from mixer.api.routes import FeedDependencies

    return FeedDependencies(
        feeds=services.feed_service,
        store=services.output_store,
        link=services.link_output,
        list_stories=services.story_service.list_feed_stories,
    )


def _build_endpoint(api: "Api", settings: "Settings", default_path: str) -> "Endpoint":
    from mixer.api.routing import Endpoint, add_docs

    def build_document() -> str:
        from mixer.api.description import build_description

        return build_description(settings.auth.mode)

    def build_page() -> str:
        from mixer.api.description import render_docs_page

        return render_docs_page(build_document())

    add_docs(api, build_document, build_page)
    return Endpoint(api, settings, default_path)
