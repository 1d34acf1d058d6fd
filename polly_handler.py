"""The Speech Lambda: POST /synthesize, POST /estimate, GET /voices, and the API's description.

Handler: `polly_handler.handler`. What it may use and spend is in the environment
(mixer/settings.py). Nothing is loaded or connected before the first request; what that needs stays
for the next ones: clients, the voices' list, the share of the quota.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.http.entry import answered, endpoint_with, settings_of_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_polly import PollyClient
    from mypy_boto3_s3 import S3Client

    from mixer.http.calls import Context
    from mixer.http.routing import Endpoint
    from mixer.jobs.synthesis import OpenEngine, Synthesizer
    from mixer.settings import Settings
    from mixer.speech.engine import SpeechEngine

DEFAULT_PATH = "/synthesize"


def handler(event: Any, context: "Context") -> dict[str, Any]:  # noqa: ANN401 - see mixer.http.events
    """Answer one event."""
    return answered(_endpoint, event, context)


@cache
def _endpoint() -> "Endpoint":
    from mixer.speech.polly.client import polly_client
    from mixer.store.s3 import s3_client

    chosen = settings_of_process()

    @cache
    def work() -> "Synthesizer":
        return synthesizer(chosen, polly=polly_client(), s3=s3_client())

    return endpoint(chosen, work)


def endpoint(settings: "Settings", work: "Callable[[], Synthesizer]") -> "Endpoint":
    """The handler for some settings; other entry points bring other voices and stores.

    Args:
        settings: of the deployment.
        work: who speaks, asked for when the first request comes.
    """
    from mixer.http.speaking import add_speech_routes

    return endpoint_with(settings, DEFAULT_PATH, lambda api: add_speech_routes(api, work))


def synthesizer(settings: "Settings", *, polly: "PollyClient", s3: "S3Client") -> "Synthesizer":
    """Amazon Polly speaking into the output bucket.

    Args:
        settings: of the deployment.
        polly: from `polly_client`.
        s3: from `s3_client`.
    """
    from mixer.jobs.spending import Spending
    from mixer.jobs.synthesis import Synthesizer
    from mixer.store.s3 import S3Store

    store = S3Store(s3, settings.output_bucket)
    return Synthesizer(
        open_engine=_engines(polly, settings.quota_shares),
        store=store,
        bucket=settings.output_bucket,
        spending=Spending(store, settings.max_daily_usd),
        max_request_usd=settings.max_request_usd,
        max_text_chars=settings.max_text_chars,
        refresh_after=timedelta(days=settings.refresh_after_days),
    )


def _engines(client: "PollyClient", quota_shares: int) -> "OpenEngine":
    """Engines for one request each, that share the quota and the voices' list of the process."""
    from mixer.speech.polly.engine import PollyEngine
    from mixer.speech.polly.quota import EngineQuotas
    from mixer.speech.polly.retry import Retry
    from mixer.speech.polly.voices import VoiceCatalogue

    quotas, catalogue = EngineQuotas(quota_shares), VoiceCatalogue()

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
