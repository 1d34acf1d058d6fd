"""What the benches share that speak stories: the service's own parts, with room for any of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from mixer.settings import Settings
from mixer.speech.engine import SpeechEngine
from mixer.store.objects import ObjectStore
from mixer.stories.budget import DailyBudget
from mixer.stories.speech_service import SpeechService

BUCKET = "b"
SETTINGS = Settings(output_bucket=BUCKET, music_bucket=BUCKET, allowed_buckets=frozenset({BUCKET}))
PLENTY_USD, PLENTY_CHARS = 1e9, 10**7


def build_speech_service(
    store: ObjectStore, open_engine: Callable[..., AbstractContextManager[SpeechEngine]]
) -> SpeechService:
    """Speaks into a store, whatever it costs.

    Args:
        store: of everything.
        open_engine: as `polly_handler.engines` makes it.
    """
    return SpeechService(
        open_engine=open_engine,
        store=store,
        bucket=BUCKET,
        budget=DailyBudget(store, PLENTY_USD),
        max_request_usd=PLENTY_USD,
        max_text_chars=PLENTY_CHARS,
        touch_after=timedelta(days=5),
    )
