"""The Mixer Lambda: POST /mixstory, and the API's description; the steps of stories that mix.

Handlers: `app.handler`, and `app.story_task` for the steps. Which buckets it may use is in the
environment (mixer/settings.py). Nothing is loaded or connected before the first request; what that
needs stays for the next ones.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.api.handlers import answer_event, assemble_endpoint, load_process_settings, run_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from mixer.api.deferred import StoryStarter
    from mixer.api.request_context import InvocationContext
    from mixer.api.routing import Endpoint
    from mixer.services.mix_service import MixService
    from mixer.settings import Settings
    from mixer.sound.ffmpeg import ProcessGroup
    from mixer.store.objects import ObjectStore
    from mixer.stories.tasks import StoryTasks

DEFAULT_PATH = "/mixstory"

RENDERERS = 60
"""Calls for which the segments of a story are shared out; as many as render at a time."""


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event."""
    return answer_event(_load_endpoint, event, context)


def story_task(event: dict[str, Any], context: "InvocationContext") -> dict[str, Any]:
    """Take one step of a story: lay_out, render, join, publish."""
    return run_task(_load_tasks, event, context)


@cache
def _load_tasks() -> "StoryTasks":
    from mixer.store.s3 import S3Store, create_s3_client

    chosen, s3 = load_process_settings(), create_s3_client()
    output, music = (S3Store(s3, name) for name in (chosen.output_bucket, chosen.music_bucket))
    return build_mix_tasks(chosen, output, music)


@cache
def _load_endpoint() -> "Endpoint":
    from mixer.api.handlers import build_story_starter
    from mixer.store.s3 import create_s3_client

    chosen = load_process_settings()

    @cache
    def work() -> "MixService":
        return build_mix_service(chosen, s3=create_s3_client())

    return build_endpoint(chosen, work, build_story_starter(chosen))


def build_endpoint(
    settings: "Settings",
    mix_service: "Callable[[], MixService]",
    start_story: "StoryStarter | None" = None,
) -> "Endpoint":
    """The handler for some settings; other entry points bring other stores.

    Args:
        settings: of the deployment.
        mix_service: who mixes, asked for when the first request comes.
        start_story: begins stories, for what takes longer than a caller is kept waiting.
    """
    from mixer.api.routes.mix import add_mix_routes

    return assemble_endpoint(
        settings, DEFAULT_PATH, lambda api: add_mix_routes(api, mix_service, start_story)
    )


def build_mix_service(settings: "Settings", *, s3: "S3Client") -> "MixService":
    """Mixes from the allowed buckets into the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
    """
    from mixer.services.mix_service import MixService
    from mixer.store.s3 import S3Store
    from mixer.stories.input_checks import InputLimits

    output = S3Store(s3, settings.output_bucket)
    others = sorted(settings.allowed_buckets - {settings.output_bucket})
    return MixService(
        stores={settings.output_bucket: output, **{name: S3Store(s3, name) for name in others}},
        music=S3Store(s3, settings.music_bucket),
        output=output,
        link=lambda key: output.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        limits=InputLimits(settings.max_object_bytes, settings.max_input_bytes),
    )


def build_mix_tasks(
    settings: "Settings",
    store: "ObjectStore",
    music: "ObjectStore",
    *,
    workers: int = RENDERERS,
    new_processes: "Callable[[], ProcessGroup] | None" = None,
) -> "StoryTasks":
    """The steps that mix.

    Args:
        settings: of the deployment.
        store: where stories, chunks and segments are kept.
        music: where music is found.
        workers: for how many calls the segments are shared out.
        new_processes: begins the job of a step.
    """
    from mixer.sound.ffmpeg import ProcessGroup
    from mixer.stories.budget import DailyBudget
    from mixer.stories.steps.mix import StoryMix
    from mixer.stories.steps.publish import StoryPublisher
    from mixer.stories.tasks import StoryTasks

    mix = StoryMix(store, music, workers, new_processes or ProcessGroup)
    spending = DailyBudget(store, settings.max_daily_usd)
    publisher = StoryPublisher(store, spending, new_processes=new_processes or ProcessGroup)
    return StoryTasks(store, {**mix.tasks, **publisher.tasks})
