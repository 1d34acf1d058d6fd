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

from mixer.api.handlers import answer_event, assemble_endpoint, load_process_settings, run_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_polly import PollyClient
    from mypy_boto3_s3 import S3Client

    from mixer.api.deferred import StoryStarter
    from mixer.api.request_context import InvocationContext
    from mixer.api.routing import Endpoint
    from mixer.settings import Settings
    from mixer.speech.engine import SpeechEngine
    from mixer.speech.polly.quota import EngineQuotas
    from mixer.store.objects import ObjectStore
    from mixer.stories.slots import SpeechSlots
    from mixer.stories.speech_service import EngineOpener, SpeechService
    from mixer.stories.steps.speech import QuotaLimiter
    from mixer.stories.tasks import StoryTasks

DEFAULT_PATH = "/synthesize"


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event."""
    return answer_event(_load_endpoint, event, context)


def story_task(event: dict[str, Any], context: "InvocationContext") -> dict[str, Any]:
    """Take one step of a story: plan, take_turn, synthesize, leave_turn."""
    return run_task(_load_tasks, event, context)


@cache
def _load_tasks() -> "StoryTasks":
    from mixer.speech.polly.client import create_polly_client
    from mixer.store.s3 import create_s3_client

    return build_story_tasks(
        load_process_settings(), polly=create_polly_client(), s3=create_s3_client()
    )


def build_story_tasks(
    settings: "Settings", *, polly: "PollyClient", s3: "S3Client"
) -> "StoryTasks":
    """The steps of stories that speak, within their share of the quota.

    Args:
        settings: of the deployment.
        polly: from `polly_client`.
        s3: from `s3_client`.
    """
    from mixer.store.s3 import S3Store
    from mixer.stories.slots import SharedQuota, SpeechSlots

    quotas = _build_quotas(settings)
    speech = build_speech_service(settings, polly=polly, s3=s3, quotas=quotas)
    turns = SpeechSlots(speech.store, settings.stories.max_concurrent)
    pace = SharedQuota(turns, settings.stories.workers, quotas.resize)
    music = S3Store(s3, settings.music_bucket)
    return build_speech_tasks(settings, speech, music, slots=turns, quota_limiter=pace)


@cache
def _load_endpoint() -> "Endpoint":
    from mixer.api.handlers import build_story_starter
    from mixer.speech.polly.client import create_polly_client
    from mixer.store.s3 import create_s3_client

    chosen = load_process_settings()

    @cache
    def work() -> "SpeechService":
        return build_speech_service(chosen, polly=create_polly_client(), s3=create_s3_client())

    return build_endpoint(chosen, work, build_story_starter(chosen))


def build_endpoint(
    settings: "Settings",
    speech_service: "Callable[[], SpeechService]",
    start_story: "StoryStarter | None" = None,
) -> "Endpoint":
    """The handler for some settings; other entry points bring other voices and stores.

    Args:
        settings: of the deployment.
        speech_service: who speaks, asked for when the first request comes.
        start_story: begins stories, for what takes longer than a caller is kept waiting.
    """
    from mixer.api.routes.speech import add_speech_routes

    return assemble_endpoint(
        settings, DEFAULT_PATH, lambda api: add_speech_routes(api, speech_service, start_story)
    )


def build_speech_service(
    settings: "Settings",
    *,
    polly: "PollyClient",
    s3: "S3Client",
    quotas: "EngineQuotas | None" = None,
) -> "SpeechService":
    """Amazon Polly speaking into the output bucket.

    Args:
        settings: of the deployment.
        polly: from `polly_client`.
        s3: from `s3_client`.
        quotas: this process's share; as the settings say when None.
    """
    from mixer.store.s3 import S3Store
    from mixer.stories.budget import DailyBudget
    from mixer.stories.speech_service import SpeechService

    store, shares = S3Store(s3, settings.output_bucket), quotas or _build_quotas(settings)
    return SpeechService(
        open_engine=build_engine_opener(polly, shares),
        store=store,
        bucket=settings.output_bucket,
        budget=DailyBudget(store, settings.max_daily_usd),
        max_request_usd=settings.max_request_usd,
        max_text_chars=settings.max_text_chars,
        touch_after=timedelta(days=settings.refresh_after_days),
        calls_per_s=lambda engine: shares.limiter(engine).quota.calls_per_s,
    )


def build_speech_tasks(
    settings: "Settings",
    speech_service: "SpeechService",
    music: "ObjectStore",
    *,
    slots: "SpeechSlots | None" = None,
    quota_limiter: "QuotaLimiter | None" = None,
) -> "StoryTasks":
    """The steps that speak.

    Args:
        settings: of the deployment.
        speech_service: speaks, into the store where stories are kept too.
        music: where music is found.
        slots: whose turn it is; None where one process speaks all stories.
        quota_limiter: shares the quota among processes; None where there is one.
    """
    from mixer.stories.steps.speech import StorySpeech
    from mixer.stories.tasks import StoryTasks

    limits = settings.stories
    told = replace(
        speech_service, max_request_usd=limits.max_usd, max_text_chars=limits.max_text_chars
    )
    speaker = StorySpeech(told, music, slots=slots)
    return StoryTasks(
        speech_service.store,
        (replace(speaker, quota_limiter=quota_limiter) if quota_limiter else speaker).tasks,
    )


def _build_quotas(settings: "Settings") -> "EngineQuotas":
    """What the settings give this process of the account's quota."""
    from mixer.speech.polly.quota import EngineQuotas

    return EngineQuotas(settings.quota_shares * 100 / settings.quota_percent)


def build_engine_opener(client: "PollyClient", quotas: "EngineQuotas") -> "EngineOpener":
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
