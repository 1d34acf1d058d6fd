"""The Mixer Lambda: POST /mixstory, and the API's description; the steps of stories that mix.

Handlers: `app.handler`, and `app.story_task` for the steps. Which buckets it may use is in the
environment (mixer/settings.py). Nothing is loaded or connected before the first request; what that
needs stays for the next ones.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.http.entry import (
    answered,
    carried_out,
    endpoint_with,
    settings_of_process,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from mixer.http.calls import Context
    from mixer.http.later import Begin
    from mixer.http.routing import Endpoint
    from mixer.jobs.assembly import Assembler
    from mixer.jobs.story.tasks import StoryTasks
    from mixer.settings import Settings
    from mixer.sound.ffmpeg import Children
    from mixer.store.objects import ObjectStore

DEFAULT_PATH = "/mixstory"

RENDERERS = 60
"""Calls for which the segments of a story are shared out; as many as render at a time."""


def handler(event: Any, context: "Context") -> dict[str, Any]:  # noqa: ANN401 - see mixer.http.events
    """Answer one event."""
    return answered(_endpoint, event, context)


def story_task(event: dict[str, Any], context: "Context") -> dict[str, Any]:
    """Take one step of a story: lay_out, render, join, publish."""
    return carried_out(_story_tasks, event, context)


@cache
def _story_tasks() -> "StoryTasks":
    from mixer.store.s3 import S3Store, s3_client

    chosen, s3 = settings_of_process(), s3_client()
    output, music = (S3Store(s3, name) for name in (chosen.output_bucket, chosen.music_bucket))
    return mix_tasks(chosen, output, music)


@cache
def _endpoint() -> "Endpoint":
    from mixer.http.entry import story_counter
    from mixer.store.s3 import s3_client

    chosen = settings_of_process()

    @cache
    def work() -> "Assembler":
        return assembler(chosen, s3=s3_client())

    return endpoint(chosen, work, story_counter(chosen))


def endpoint(
    settings: "Settings", work: "Callable[[], Assembler]", begin: "Begin | None" = None
) -> "Endpoint":
    """The handler for some settings; other entry points bring other stores.

    Args:
        settings: of the deployment.
        work: who mixes, asked for when the first request comes.
        begin: begins stories, for what takes longer than a caller is kept waiting.
    """
    from mixer.http.mixing import add_mix_routes

    return endpoint_with(settings, DEFAULT_PATH, lambda api: add_mix_routes(api, work, begin))


def assembler(settings: "Settings", *, s3: "S3Client") -> "Assembler":
    """Mixes from the allowed buckets into the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
    """
    from mixer.jobs.assembly import Assembler
    from mixer.jobs.looking import Limits
    from mixer.store.s3 import S3Store

    output = S3Store(s3, settings.output_bucket)
    others = sorted(settings.allowed_buckets - {settings.output_bucket})
    return Assembler(
        stores={settings.output_bucket: output, **{name: S3Store(s3, name) for name in others}},
        music=S3Store(s3, settings.music_bucket),
        output=output,
        link=lambda key: output.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        limits=Limits(settings.max_object_bytes, settings.max_input_bytes),
    )


def mix_tasks(
    settings: "Settings",
    store: "ObjectStore",
    music: "ObjectStore",
    *,
    workers: int = RENDERERS,
    job: "Callable[[], Children] | None" = None,
) -> "StoryTasks":
    """The steps that mix.

    Args:
        settings: of the deployment.
        store: where stories, chunks and segments are kept.
        music: where music is found.
        workers: for how many calls the segments are shared out.
        job: begins the job of a step.
    """
    from mixer.jobs.spending import Spending
    from mixer.jobs.story.mix import StoryMix
    from mixer.jobs.story.publishing import StoryPublisher
    from mixer.jobs.story.tasks import StoryTasks
    from mixer.sound.ffmpeg import Children

    mix = StoryMix(store, music, workers, job or Children)
    spending = Spending(store, settings.max_daily_usd)
    publisher = StoryPublisher(store, spending, job=job or Children)
    return StoryTasks(store, {**mix.tasks, **publisher.tasks})
