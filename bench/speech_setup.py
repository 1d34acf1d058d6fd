"""Settings of the benches that synthesize stories, with high limits."""

from mixer.settings import Settings, StorySettings

BUCKET = "b"
PLENTY_USD, PLENTY_CHARS = 1e9, 10**7
SETTINGS = Settings(
    output_bucket=BUCKET,
    music_bucket=BUCKET,
    allowed_buckets=frozenset({BUCKET}),
    max_daily_usd=PLENTY_USD,
    stories=StorySettings(max_usd=PLENTY_USD, max_text_chars=PLENTY_CHARS),
)
