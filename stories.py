"""The Story Lambda: stories, music, uploads, capabilities; the steps that end stories.

Handler: `stories.handler`. Stories are told by the state machine that STORY_STATE_MACHINE names
(IaC/StoryStack.yml); their ids are made with the secret that STORY_SECRET names. Which steps there
are, and what they leave where, mixer/jobs/story tells.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.http.entry import (
    answered,
    carried_out,
    endpoint_with,
    is_order,
    is_task,
    settings_of_process,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from mixer.http.calls import Context
    from mixer.http.routing import Api, Endpoint
    from mixer.http.stories import StoryCounter
    from mixer.jobs.library import Library
    from mixer.jobs.story.desk import Launcher, StoryDesk
    from mixer.jobs.story.ending import Tell
    from mixer.jobs.story.tasks import StoryTasks
    from mixer.settings import Settings
    from mixer.store.objects import ObjectStore

DEFAULT_PATH = "/stories"


def handler(event: Any, context: "Context") -> dict[str, Any]:  # noqa: ANN401 - see mixer.http.events
    """Answer one event, take one of the steps record and notify, or begin a story for others."""
    if is_task(event):
        return carried_out(_ending_steps, event, context)
    if is_order(event):
        return begun(_counter().desk, event)
    return answered(_endpoint, event, context)


def begun(desk: "StoryDesk", event: dict[str, Any]) -> dict[str, Any]:
    """Begin a story that a function of this deployment hands over.

    Args:
        desk: begins it.
        event: from `mixer.cloud.counter`.
    """
    from pydantic import TypeAdapter

    from mixer.jobs.story.orders import Order

    order = TypeAdapter(Order).validate_python(event["order"])
    return {"story_id": desk.begin(order)}


@cache
def _counter() -> "StoryCounter":
    from mixer.store.s3 import s3_client

    chosen = settings_of_process()
    limits = chosen.stories
    launcher = _state_machine(limits.state_machine)
    return counter(chosen, s3=s3_client(), secret=_secret(limits.secret), launcher=launcher)


@cache
def _endpoint() -> "Endpoint":
    from mixer.store.s3 import s3_client

    chosen = settings_of_process()
    return endpoint(chosen, _counter, cache(lambda: library(chosen, s3=s3_client())))


@cache
def _ending_steps() -> "StoryTasks":
    from mixer.cloud.events import event_bus
    from mixer.jobs.story.webhook import Webhook
    from mixer.store.s3 import S3Store, s3_client

    chosen = settings_of_process()
    bus = event_bus(chosen.stories.event_bus)
    tell: list[Tell] = [bus.tell, Webhook(_secret(chosen.stories.secret)).tell]
    return ending_tasks(chosen, S3Store(s3_client(), chosen.output_bucket), tell)


def _secret(name: str) -> bytes:
    from mixer.cloud.secrets import secret_text

    return secret_text(name).encode()


def _state_machine(arn: str) -> "Launcher":
    from mixer.cloud.executions import state_machine

    return state_machine(arn)


def counter(
    settings: "Settings", *, s3: "S3Client", secret: bytes, launcher: "Launcher"
) -> "StoryCounter":
    """Where stories are taken in, in the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
        secret: that ids are made with.
        launcher: runs stories.
    """
    from mixer.http.stories import StoryCounter
    from mixer.store.s3 import S3Store

    store = S3Store(s3, settings.output_bucket)
    return StoryCounter(
        desk=desk(settings, store, secret, launcher),
        link=lambda key: store.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        bucket=settings.output_bucket,
        max_text_chars=settings.stories.max_text_chars,
    )


def desk(
    settings: "Settings", store: "ObjectStore", secret: bytes, launcher: "Launcher"
) -> "StoryDesk":
    """Begins stories.

    Args:
        settings: of the deployment.
        store: where they are kept.
        secret: that ids are made with.
        launcher: runs them.
    """
    from mixer.jobs.spending import Spending
    from mixer.jobs.story.desk import StoryDesk

    return StoryDesk(store, secret, launcher, Spending(store, settings.max_daily_usd))


def endpoint(
    settings: "Settings", work: "Callable[[], StoryCounter]", shelves: "Callable[[], Library]"
) -> "Endpoint":
    """The handler for some settings; other entry points bring other stores and launchers.

    Args:
        settings: of the deployment.
        work: takes stories in, asked for when the first request comes.
        shelves: music and uploads, asked for when the first request comes.
    """
    from mixer.http.library import add_library_routes, capabilities_of
    from mixer.http.stories import add_story_routes

    told = cache(lambda: capabilities_of(settings))

    def add_routes(api: "Api") -> None:
        add_story_routes(api, work)
        add_library_routes(api, shelves, told)

    return endpoint_with(settings, DEFAULT_PATH, add_routes)


def library(settings: "Settings", *, s3: "S3Client") -> "Library":
    """The music bucket, and uploads into the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
    """
    from mixer.jobs.library import SHARED_PREFIX, Library
    from mixer.store.s3 import S3Store

    output, music = S3Store(s3, settings.output_bucket), S3Store(s3, settings.music_bucket)
    return Library(
        music=music,
        prefix=SHARED_PREFIX if settings.music_bucket == settings.output_bucket else "",
        link=lambda key: music.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        form=lambda key, kind, most_bytes: output.upload_form(
            key, kind, most_bytes, settings.url_lifetime_s
        ),
        max_upload_bytes=settings.max_upload_bytes,
    )


def ending_tasks(settings: "Settings", store: "ObjectStore", tell: "list[Tell]") -> "StoryTasks":
    """The steps that end a story.

    Args:
        settings: of the deployment.
        store: where stories are kept.
        tell: all who are told.
    """
    from mixer.jobs.spending import Spending
    from mixer.jobs.story.ending import StoryEnding
    from mixer.jobs.story.tasks import StoryTasks

    ending = StoryEnding(store, Spending(store, settings.max_daily_usd), tell)
    return StoryTasks(store, ending.tasks)
