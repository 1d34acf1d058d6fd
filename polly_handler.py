"""The Speech Lambda: POST /synthesize, POST /estimate, GET /voices; the steps that speak stories.

Handlers: `polly_handler.handler`, and `polly_handler.story_task` for the steps. What it may use and
spend is in the environment (mixer/settings.py). Nothing is loaded or connected before the first
request; what that needs stays for the next ones: clients, the voices' list, the share of the quota.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
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

    from mypy_boto3_polly import PollyClient
    from mypy_boto3_s3 import S3Client

    from mixer.http.calls import Context
    from mixer.http.later import Begin
    from mixer.http.routing import Endpoint
    from mixer.jobs.story.speech import Pace
    from mixer.jobs.story.tasks import StoryTasks
    from mixer.jobs.story.turns import Turns
    from mixer.jobs.synthesis import OpenEngine, Synthesizer
    from mixer.settings import Settings
    from mixer.speech.engine import SpeechEngine
    from mixer.speech.polly.quota import EngineQuotas
    from mixer.store.objects import ObjectStore

DEFAULT_PATH = "/synthesize"


def handler(event: Any, context: "Context") -> dict[str, Any]:  # noqa: ANN401 - see mixer.http.events
    """Answer one event."""
    return answered(_endpoint, event, context)


def story_task(event: dict[str, Any], context: "Context") -> dict[str, Any]:
    """Take one step of a story: plan, take_turn, synthesize, leave_turn."""
    return carried_out(_story_tasks, event, context)


@cache
def _story_tasks() -> "StoryTasks":
    from mixer.speech.polly.client import polly_client
    from mixer.store.s3 import s3_client

    return story_tasks(settings_of_process(), polly=polly_client(), s3=s3_client())


def story_tasks(settings: "Settings", *, polly: "PollyClient", s3: "S3Client") -> "StoryTasks":
    """The steps of stories that speak, within their share of the quota.

    Args:
        settings: of the deployment.
        polly: from `polly_client`.
        s3: from `s3_client`.
    """
    from mixer.jobs.story.turns import SharedPace, Turns
    from mixer.store.s3 import S3Store

    quotas = _quotas(settings)
    speech = synthesizer(settings, polly=polly, s3=s3, quotas=quotas)
    turns = Turns(speech.store, settings.stories.speakers)
    pace = SharedPace(turns, settings.stories.workers, quotas.resize)
    music = S3Store(s3, settings.music_bucket)
    return speech_tasks(settings, speech, music, turns=turns, pace=pace)


@cache
def _endpoint() -> "Endpoint":
    from mixer.http.entry import story_counter
    from mixer.speech.polly.client import polly_client
    from mixer.store.s3 import s3_client

    chosen = settings_of_process()

    @cache
    def work() -> "Synthesizer":
        return synthesizer(chosen, polly=polly_client(), s3=s3_client())

    return endpoint(chosen, work, story_counter(chosen))


def endpoint(
    settings: "Settings", work: "Callable[[], Synthesizer]", begin: "Begin | None" = None
) -> "Endpoint":
    """The handler for some settings; other entry points bring other voices and stores.

    Args:
        settings: of the deployment.
        work: who speaks, asked for when the first request comes.
        begin: begins stories, for what takes longer than a caller is kept waiting.
    """
    from mixer.http.speaking import add_speech_routes

    return endpoint_with(settings, DEFAULT_PATH, lambda api: add_speech_routes(api, work, begin))


def synthesizer(
    settings: "Settings",
    *,
    polly: "PollyClient",
    s3: "S3Client",
    quotas: "EngineQuotas | None" = None,
) -> "Synthesizer":
    """Amazon Polly speaking into the output bucket.

    Args:
        settings: of the deployment.
        polly: from `polly_client`.
        s3: from `s3_client`.
        quotas: this process's share; as the settings say when None.
    """
    from mixer.jobs.spending import Spending
    from mixer.jobs.synthesis import Synthesizer
    from mixer.store.s3 import S3Store

    store, shares = S3Store(s3, settings.output_bucket), quotas or _quotas(settings)
    return Synthesizer(
        open_engine=engines(polly, shares),
        store=store,
        bucket=settings.output_bucket,
        spending=Spending(store, settings.max_daily_usd),
        max_request_usd=settings.max_request_usd,
        max_text_chars=settings.max_text_chars,
        refresh_after=timedelta(days=settings.refresh_after_days),
        calls_per_s=lambda engine: shares.of(engine).quota.calls_per_s,
    )


def speech_tasks(
    settings: "Settings",
    speech: "Synthesizer",
    music: "ObjectStore",
    *,
    turns: "Turns | None" = None,
    pace: "Pace | None" = None,
) -> "StoryTasks":
    """The steps that speak.

    Args:
        settings: of the deployment.
        speech: speaks, into the store where stories are kept too.
        music: where music is found.
        turns: whose turn it is; None where one process speaks all stories.
        pace: shares the quota among processes; None where there is one.
    """
    from mixer.jobs.story.speech import StorySpeech
    from mixer.jobs.story.tasks import StoryTasks

    limits = settings.stories
    told = replace(speech, max_request_usd=limits.max_usd, max_text_chars=limits.max_text_chars)
    speaker = StorySpeech(told, music, turns=turns)
    return StoryTasks(speech.store, (replace(speaker, pace=pace) if pace else speaker).tasks)


def _quotas(settings: "Settings") -> "EngineQuotas":
    """What the settings give this process of the account's quota."""
    from mixer.speech.polly.quota import EngineQuotas

    return EngineQuotas(settings.quota_shares * 100 / settings.quota_percent)


def engines(client: "PollyClient", quotas: "EngineQuotas") -> "OpenEngine":
    """Engines for one request each, that share the quota and the voices' list of the process."""
    from mixer.speech.polly.engine import PollyEngine
    from mixer.speech.polly.retry import Retry
    from mixer.speech.polly.voices import VoiceCatalogue

    catalogue = VoiceCatalogue()

    @contextmanager
    def opened(
        name: str, deadline_s: float | None, *, speech_marks: bool = False
    ) -> Iterator["SpeechEngine"]:
        engine = PollyEngine(
            client,
            quotas=quotas,
            catalogue=catalogue,
            retry=Retry(deadline_s=deadline_s),
            speech_marks=speech_marks,
            engine=name or "generative",
        )
        try:
            yield engine
        finally:
            engine.close()

    return opened
