"""The environment becomes one value, or an error that names the variable."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mixer.errors import Misconfigured
from mixer.settings import Auth, FeedLinks, Settings, StorySettings, load_auth, load_settings

ONLY = {"OUTPUT_BUCKET": "mine"}


def test_defaults_need_one_bucket():
    assert load_settings(ONLY) == Settings(
        output_bucket="mine", music_bucket="mine", allowed_buckets=frozenset({"mine"})
    )


def test_everything_can_be_set():
    chosen = load_settings(
        {
            "OUTPUT_BUCKET": "mine",
            "MUSIC_BUCKET": "tunes",
            "ALLOWED_BUCKETS": "theirs, ours",
            "ALLOWED_ORIGINS": "https://a.example,https://b.example",
            "AUTH_MODE": "none",
            "TOKENS_SECRET": "arn:secret",
            "MAX_REQUEST_USD": "0.5",
            "MAX_DAILY_USD": "2",
            "QUOTA_SHARES": "4",
            "URL_LIFETIME_S": "60",
            "REFRESH_AFTER_DAYS": "2.5",
            "GATEWAY_TIMEOUT_S": "10",
            "MAX_TEXT_CHARS": "1000",
            "MAX_OBJECT_MB": "1",
            "MAX_INPUT_MB": "3",
        }
    )
    assert chosen == Settings(
        output_bucket="mine",
        music_bucket="tunes",
        allowed_buckets=frozenset({"mine", "theirs", "ours"}),
        allowed_origins=("https://a.example", "https://b.example"),
        auth=Auth(mode="none", tokens_secret="arn:secret"),  # noqa: S106 - a name
        max_request_usd=0.5,
        max_daily_usd=2.0,
        quota_shares=4,
        url_lifetime_s=60,
        refresh_after_days=2.5,
        gateway_timeout_s=10.0,
        max_text_chars=1000,
        max_object_bytes=1_000_000,
        max_input_bytes=3_000_000,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTPUT_BUCKET", " "),
        ("AUTH_MODE", "open"),
        ("MAX_REQUEST_USD", "much"),
        ("MAX_DAILY_USD", "-1"),
        ("MAX_DAILY_USD", "nan"),
        ("GATEWAY_TIMEOUT_S", "inf"),
        ("QUOTA_SHARES", "0"),
        ("URL_LIFETIME_S", "1.5"),
        ("SERVE_FEEDS", "perhaps"),
    ],
)
def test_what_makes_no_sense_is_named(name, value):
    with pytest.raises(Misconfigured, match=name) as caught:
        load_settings({**ONLY, name: value})
    assert caught.value.details["variable"] == name


def test_the_authorizer_needs_no_bucket():
    assert load_auth({}) == Auth(mode="token")


def test_every_setting_is_documented():
    documentation = f"{Settings.__doc__}{Auth.__doc__}{StorySettings.__doc__}{FeedLinks.__doc__}"
    for each in fields(Settings):
        assert each.name in documentation
    read = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', Path("mixer/settings.py").read_text()))
    assert all(name in documentation for name in read)
