"""The Story Lambda: stories, music, uploads, capabilities, and the steps of stories.

Which steps there are, and what they leave where, mixer/jobs/story tells.
"""

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from mixer.http.entry import endpoint_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from mixer.http.routing import Api, Endpoint
    from mixer.http.stories import StoryCounter
    from mixer.jobs.library import Library
    from mixer.jobs.story.ending import Tell
    from mixer.jobs.story.tasks import StoryTasks
    from mixer.jobs.synthesis import Synthesizer
    from mixer.settings import Settings
    from mixer.sound.ffmpeg import Children
    from mixer.store.objects import ObjectStore

DEFAULT_PATH = "/stories"

RENDERERS = 60
"""Calls for which the segments of a story are shared out; as many as render at a time."""


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


def speech_tasks(settings: "Settings", speech: "Synthesizer", music: "ObjectStore") -> "StoryTasks":
    """The steps that speak.

    Args:
        settings: of the deployment.
        speech: speaks, into the store where stories are kept too.
        music: where music is found.
    """
    from mixer.jobs.story.speech import StorySpeech
    from mixer.jobs.story.tasks import StoryTasks

    limits = settings.stories
    told = replace(speech, max_request_usd=limits.max_usd, max_text_chars=limits.max_text_chars)
    return StoryTasks(speech.store, StorySpeech(told, music).tasks)


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
    publisher = StoryPublisher(store, Spending(store, settings.max_daily_usd))
    return StoryTasks(store, {**mix.tasks, **publisher.tasks})


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
