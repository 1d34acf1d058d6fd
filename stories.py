"""The Story Lambda: stories, music, uploads, capabilities; the steps that end stories.

Handler: `stories.handler`. Stories are told by the state machine that STORY_STATE_MACHINE names
(IaC/StoryStack.yml); their ids are made with the secret that STORY_SECRET names. Which steps there
are, and what they leave where, mixer/stories tells.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.api.handlers import (
    answer_event,
    assemble_endpoint,
    is_story_request,
    is_task_event,
    load_process_settings,
    run_task,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from mixer.api.request_context import InvocationContext
    from mixer.api.routes.stories import StoryDependencies
    from mixer.api.routing import Api, Endpoint
    from mixer.services.library import MusicLibrary
    from mixer.settings import Settings
    from mixer.store.objects import ObjectStore
    from mixer.stories.service import Launcher, StoryService
    from mixer.stories.steps.finish import Notifier
    from mixer.stories.tasks import StoryTasks

DEFAULT_PATH = "/stories"


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event, take one of the steps record and notify, or begin a story for others."""
    if is_task_event(event):
        return run_task(_load_finish_tasks, event, context)
    if is_story_request(event):
        return begin_story(_load_dependencies().service, event)
    return answer_event(_load_endpoint, event, context)


def begin_story(service: "StoryService", event: dict[str, Any]) -> dict[str, Any]:
    """Begin a story that a function of this deployment hands over.

    Args:
        service: begins it.
        event: from `mixer.aws.story_function`.
    """
    from pydantic import TypeAdapter

    from mixer.stories.request import StoryRequest

    order = TypeAdapter(StoryRequest).validate_python(event["order"])
    return {"story_id": service.create(order)}


@cache
def _load_dependencies() -> "StoryDependencies":
    from mixer.store.s3 import create_s3_client

    chosen = load_process_settings()
    limits = chosen.stories
    launcher = _open_state_machine(limits.state_machine)
    return build_dependencies(
        chosen, s3=create_s3_client(), secret=_read_secret(limits.secret), launcher=launcher
    )


@cache
def _load_endpoint() -> "Endpoint":
    from mixer.store.s3 import create_s3_client

    chosen = load_process_settings()
    return build_endpoint(
        chosen, _load_dependencies, cache(lambda: build_library(chosen, s3=create_s3_client()))
    )


@cache
def _load_finish_tasks() -> "StoryTasks":
    from mixer.aws.event_bus import open_event_bus
    from mixer.store.s3 import S3Store, create_s3_client
    from mixer.stories.webhook import Webhook

    chosen = load_process_settings()
    bus = open_event_bus(chosen.stories.event_bus)
    tell: list[Notifier] = [bus.notify, Webhook(_read_secret(chosen.stories.secret)).notify]
    return build_finish_tasks(chosen, S3Store(create_s3_client(), chosen.output_bucket), tell)


def _read_secret(name: str) -> bytes:
    from mixer.aws.secrets import read_secret

    return read_secret(name).encode()


def _open_state_machine(arn: str) -> "Launcher":
    from mixer.aws.state_machine import open_state_machine

    return open_state_machine(arn)


def build_dependencies(
    settings: "Settings", *, s3: "S3Client", secret: bytes, launcher: "Launcher"
) -> "StoryDependencies":
    """Where stories are taken in, in the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
        secret: that ids are made with.
        launcher: runs stories.
    """
    from mixer.api.routes.stories import StoryDependencies
    from mixer.store.s3 import S3Store

    store = S3Store(s3, settings.output_bucket)
    return StoryDependencies(
        service=build_story_service(settings, store, secret, launcher),
        link=lambda key: store.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        bucket=settings.output_bucket,
        max_text_chars=settings.stories.max_text_chars,
    )


def build_story_service(
    settings: "Settings", store: "ObjectStore", secret: bytes, launcher: "Launcher"
) -> "StoryService":
    """Begins stories.

    Args:
        settings: of the deployment.
        store: where they are kept.
        secret: that ids are made with.
        launcher: runs them.
    """
    from mixer.stories.budget import DailyBudget
    from mixer.stories.service import StoryService

    return StoryService(store, secret, launcher, DailyBudget(store, settings.max_daily_usd))


def build_endpoint(
    settings: "Settings",
    dependencies: "Callable[[], StoryDependencies]",
    library: "Callable[[], MusicLibrary]",
) -> "Endpoint":
    """The handler for some settings; other entry points bring other stores and launchers.

    Args:
        settings: of the deployment.
        dependencies: takes stories in, asked for when the first request comes.
        library: music and uploads, asked for when the first request comes.
    """
    from mixer.api.routes.library import add_library_routes, build_capabilities
    from mixer.api.routes.stories import add_story_routes

    told = cache(lambda: build_capabilities(settings))

    def add_routes(api: "Api") -> None:
        add_story_routes(api, dependencies)
        add_library_routes(api, library, told)

    return assemble_endpoint(settings, DEFAULT_PATH, add_routes)


def build_library(settings: "Settings", *, s3: "S3Client") -> "MusicLibrary":
    """The music bucket, and uploads into the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
    """
    from mixer.services.library import SHARED_PREFIX, MusicLibrary
    from mixer.store.s3 import S3Store

    output, music = S3Store(s3, settings.output_bucket), S3Store(s3, settings.music_bucket)
    return MusicLibrary(
        music=music,
        prefix=SHARED_PREFIX if settings.music_bucket == settings.output_bucket else "",
        link=lambda key: music.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        form=lambda key, kind, most_bytes: output.upload_form(
            key, kind, most_bytes, settings.url_lifetime_s
        ),
        max_upload_bytes=settings.max_upload_bytes,
    )


def build_finish_tasks(
    settings: "Settings", store: "ObjectStore", notifiers: "list[Notifier]"
) -> "StoryTasks":
    """The steps that end a story.

    Args:
        settings: of the deployment.
        store: where stories are kept.
        notifiers: all who are told.
    """
    from mixer.stories.budget import DailyBudget
    from mixer.stories.steps.finish import StoryFinisher
    from mixer.stories.tasks import StoryTasks

    ending = StoryFinisher(store, DailyBudget(store, settings.max_daily_usd), notifiers)
    return StoryTasks(store, ending.tasks)
