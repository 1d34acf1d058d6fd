"""The settings of a deployment: the environment, read once into a frozen value.

Only entry points call `load_settings`. Every variable is documented in this file, with its default.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from mixer.errors import Misconfigured

AuthMode = Literal["token", "none"]

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Who may call.

    Attributes:
        mode: AUTH_MODE: `token` requires a bearer token of a named caller, `none` admits all.
        tokens_secret: TOKENS_SECRET: name or ARN of the secret with the token digests.
    """

    mode: AuthMode = "token"
    tokens_secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """Settings of stories.

    Attributes:
        state_machine: STORY_STATE_MACHINE: ARN.
        function: STORY_FUNCTION: creates stories for slow requests; without it, they get 504.
        listen_function: LISTEN_FUNCTION: renders for listeners while stories are made; empty for
            none.
        secret: STORY_SECRET: name or ARN of the secret of the ids.
        event_bus: STORY_EVENT_BUS: receives the ends of stories; empty for none.
        max_usd: MAX_STORY_USD: limit for a story, on top of its own.
        max_text_chars: MAX_STORY_CHARS: per story.
        workers: STORY_WORKERS: concurrent speech calls per story.
        max_concurrent: MAX_CONCURRENT_STORIES: that synthesize; others wait.
        allows_localhost_webhooks: only `mixer serve` sets it, for trying out.
        streams_events: whether progress can be streamed; API Gateway cannot.
    """

    state_machine: str = ""
    function: str = ""
    listen_function: str = ""
    secret: str = ""
    event_bus: str = ""
    max_usd: float = 50.0
    max_text_chars: int = 5_000_000
    workers: int = 2
    max_concurrent: int = 3
    allows_localhost_webhooks: bool = False
    streams_events: bool = False

    @property
    def can_listen(self) -> bool:
        """Whether stories can be listened to while they are made."""
        return self.streams_events or bool(self.listen_function)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLinks:
    """Whether podcast feeds are given out.

    Attributes:
        is_serving: SERVE_FEEDS: `on`, or `off` (the default).
        base_url: FEEDS_URL: the address under which feeds are served; the API's own by default.
    """

    is_serving: bool = False
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a deployment.

    A laptop also reads MIXER_STORE, MIXER_VOICES, XDG_CACHE_HOME and XDG_DATA_HOME.

    Attributes:
        output_bucket: OUTPUT_BUCKET: for chunks and mixes.
        music_bucket: MUSIC_BUCKET: OUTPUT_BUCKET by default.
        allowed_buckets: ALLOWED_BUCKETS, by commas: of chunks; always with OUTPUT_BUCKET.
        allowed_origins: ALLOWED_ORIGINS, by commas: sites that may call; `*` for all.
        auth: see `Auth`.
        max_request_usd: MAX_REQUEST_USD: limit for a request, on top of its own.
        max_daily_usd: MAX_DAILY_USD: per caller and UTC day.
        quota_shares: QUOTA_SHARES: processes that share the account's Amazon Polly quota; the
            reserved concurrency of the function.
        url_lifetime_s: URL_LIFETIME_S: of download links; they expire with the role's credentials.
        refresh_after_days: REFRESH_AFTER_DAYS: age at which reused chunks are touched; well below
            the age at which retention deletes them (10 days by default).
        gateway_timeout_s: GATEWAY_TIMEOUT_S: of the gateway (HTTP API: 30).
        max_text_chars: MAX_TEXT_CHARS: per request to /synthesize.
        max_upload_bytes: MAX_UPLOAD_MB: per file.
        max_object_bytes: MAX_OBJECT_MB: per chunk or piece of music.
        max_input_bytes: MAX_INPUT_MB: of all inputs of a mix, which share /tmp with it.
        quota_percent: QUOTA_PERCENT: part of the account's Amazon Polly quota for this function.
        feeds: see `FeedLinks`.
        s3_endpoint_url: S3_ENDPOINT_URL: of another server with S3's protocol; empty for AWS.
        s3_addressing_style: S3_ADDRESSING_STYLE: `path` (default with an endpoint) or `virtual`.
        signing_key: SIGNING_KEY: ARN of a KMS key (ECC_NIST_P256) that signs stories; empty for
            none.
        voice_names: VOICE_NAMES, `alloy=Joanna nova=Ruth`: names that clients of other protocols
            send, and the voices that they get.
    """

    output_bucket: str
    music_bucket: str
    allowed_buckets: frozenset[str]
    allowed_origins: tuple[str, ...] = ()
    auth: Auth = Auth()
    max_request_usd: float = 5.0
    max_daily_usd: float = 50.0
    quota_shares: int = 1
    url_lifetime_s: int = 3_600
    refresh_after_days: float = 5.0
    gateway_timeout_s: float = 29.0
    max_text_chars: int = 100_000
    max_upload_bytes: int = 100 * MB
    max_object_bytes: int = 500 * MB
    max_input_bytes: int = 2_000 * MB
    quota_percent: int = 100
    s3_endpoint_url: str = ""
    s3_addressing_style: Literal["virtual", "path"] = "virtual"
    signing_key: str = ""
    voice_names: Mapping[str, str] = field(default_factory=dict)
    stories: StorySettings = StorySettings()
    feeds: FeedLinks = FeedLinks()


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Load the settings; raises Misconfigured, naming a variable that is missing or invalid."""
    output_bucket = environ.get("OUTPUT_BUCKET", "").strip()
    if not output_bucket:
        raise Misconfigured("OUTPUT_BUCKET is not set.", variable="OUTPUT_BUCKET")
    return Settings(
        output_bucket=output_bucket,
        music_bucket=environ.get("MUSIC_BUCKET", "").strip() or output_bucket,
        allowed_buckets=frozenset({output_bucket, *_parse_list(environ, "ALLOWED_BUCKETS")}),
        allowed_origins=_parse_list(environ, "ALLOWED_ORIGINS"),
        auth=load_auth(environ),
        signing_key=environ.get("SIGNING_KEY", "").strip(),
        voice_names=_parse_voice_names(environ),
        stories=_load_stories(environ),
        feeds=_load_feeds(environ),
        **_parse_numbers(environ),
    )


def find_store_folder(environ: Mapping[str, str]) -> Path:
    """Find the store of a laptop: MIXER_STORE, or else the XDG cache folder."""
    cache = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(environ.get("MIXER_STORE") or Path(cache, "mixer"))


def find_voice_folder(environ: Mapping[str, str]) -> Path:
    """Find the folder of Kokoro's voices: MIXER_VOICES, or else one in the user's data."""
    data = environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(environ.get("MIXER_VOICES") or Path(data, "mixer", "voices"))


def load_auth(environ: Mapping[str, str]) -> Auth:
    """Load only the authentication; raises Misconfigured if AUTH_MODE is invalid."""
    mode = environ.get("AUTH_MODE", "").strip() or "token"
    if mode not in {"token", "none"}:
        raise Misconfigured(
            f"AUTH_MODE is “{mode}”; it must be token or none.", variable="AUTH_MODE"
        )
    return Auth(mode=cast("AuthMode", mode), tokens_secret=environ.get("TOKENS_SECRET", "").strip())


def _load_feeds(environ: Mapping[str, str]) -> FeedLinks:
    switch = environ.get("SERVE_FEEDS", "").strip().lower() or "off"
    if switch not in {"on", "off"}:
        raise Misconfigured(
            f"SERVE_FEEDS is “{switch}”; it must be on or off.", variable="SERVE_FEEDS"
        )
    return FeedLinks(is_serving=switch == "on", base_url=environ.get("FEEDS_URL", "").strip())


def _load_stories(environ: Mapping[str, str]) -> StorySettings:
    named = {name: environ.get(variable, "").strip() for variable, name in _STORY_NAMES.items()}
    money = _select_defined(environ, ("MAX_STORY_USD",))
    counts = {
        _STORY_COUNTS[each]: _parse_count(environ[each], each)
        for each in _select_defined(environ, _STORY_COUNTS)
    }
    given: dict[str, Any] = {**named, **counts}
    if money:
        given["max_usd"] = _parse_number(environ["MAX_STORY_USD"], "MAX_STORY_USD")
    return StorySettings(**given)


_STORY_NAMES = {
    "STORY_STATE_MACHINE": "state_machine",
    "STORY_FUNCTION": "function",
    "LISTEN_FUNCTION": "listen_function",
    "STORY_SECRET": "secret",
    "STORY_EVENT_BUS": "event_bus",
}
_STORY_COUNTS = {
    "MAX_STORY_CHARS": "max_text_chars",
    "STORY_WORKERS": "workers",
    "MAX_CONCURRENT_STORIES": "max_concurrent",
}
_MONEY = ("MAX_REQUEST_USD", "MAX_DAILY_USD")
_DURATIONS = ("REFRESH_AFTER_DAYS", "GATEWAY_TIMEOUT_S")
_COUNTS = ("QUOTA_SHARES", "QUOTA_PERCENT", "URL_LIFETIME_S", "MAX_TEXT_CHARS")
_SIZES_MB = {
    "MAX_UPLOAD_MB": "max_upload_bytes",
    "MAX_OBJECT_MB": "max_object_bytes",
    "MAX_INPUT_MB": "max_input_bytes",
}


def _parse_numbers(environ: Mapping[str, str]) -> dict[str, Any]:
    fractions = {
        each: _parse_number(environ[each], each)
        for each in _select_defined(environ, _MONEY + _DURATIONS)
    }
    counts = {each: _parse_count(environ[each], each) for each in _select_defined(environ, _COUNTS)}
    sizes = {
        _SIZES_MB[each]: _parse_count(environ[each], each) * MB
        for each in _select_defined(environ, _SIZES_MB)
    }
    return {**{each.lower(): value for each, value in {**fractions, **counts}.items()}, **sizes}


def _select_defined(environ: Mapping[str, str], names: Iterable[str]) -> list[str]:
    return [name for name in names if environ.get(name, "").strip()]


def _parse_number(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise Misconfigured(
            f"{name} is “{text}”; it must be a number of at least 0.", variable=name
        )
    return value


def _parse_count(text: str, name: str) -> int:
    value = _parse_number(text, name)
    if value != int(value) or value < 1:
        raise Misconfigured(
            f"{name} is “{text}”; it must be a whole number above 0.", variable=name
        )
    return int(value)


def apply_endpoint(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Apply the settings of another server with S3's protocol, which only a laptop has.

    Raises:
        Misconfigured: the address or the style is invalid.
    """
    url = environ.get("S3_ENDPOINT_URL", "").strip()
    if url and not url.startswith(("http://", "https://")):
        raise Misconfigured(
            f"S3_ENDPOINT_URL is “{url}”; it must begin with http:// or https://.",
            variable="S3_ENDPOINT_URL",
        )
    style = environ.get("S3_ADDRESSING_STYLE", "").strip() or ("path" if url else "virtual")
    if style not in {"path", "virtual"}:
        raise Misconfigured(
            f"S3_ADDRESSING_STYLE is “{style}”; it must be path or virtual.",
            variable="S3_ADDRESSING_STYLE",
        )
    styles: dict[str, Literal["path", "virtual"]] = {"path": "path", "virtual": "virtual"}
    return replace(settings, s3_endpoint_url=url, s3_addressing_style=styles[style])


def _parse_voice_names(environ: Mapping[str, str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in _parse_list(environ, "VOICE_NAMES")]
    if not all(name and voice for name, _, voice in pairs):
        raise Misconfigured(
            "VOICE_NAMES must consist of pairs such as alloy=Joanna.", variable="VOICE_NAMES"
        )
    return {name: voice for name, _, voice in pairs}


def _parse_list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", environ.get(name, "")) if part)
