"""POST /mixstory as clients call it: chunks in S3 in, a finished MP3 behind a link out."""

import json
import os
import tempfile
import time
from pathlib import Path

import pytest
import requests
from mutagen.id3 import ID3

import app
import polly_handler
from mixer.api import build_mix_endpoint, handlers
from mixer.compose import AwsServices
from mixer.publish.cover import encode_cover
from mixer.script.script import BreakKind, Chunk, Utterance
from mixer.sound import ffmpeg
from mixer.sound.analysis.measurement import measure
from mixer.sound.analysis.verification import verify
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.engine import VoiceSettings
from mixer.speech.narrator import Narrator
from mixer.store.s3 import S3Store
from mixer.stories.inputs.takes import DEFAULT_GAP_MS
from tests.engines import ToneEngine
from tests.functional.clouds import BUCKET, FOREIGN_BUCKET, MUSIC_BUCKET, list_keys, mock_s3
from tests.functional.lambdas import (
    FakeContext,
    WarmHandlers,
    event_v1,
    event_v2,
    expect_ok,
    expect_refusal,
)
from tests.pictures import build_picture

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile /etc/passwd\n"


@pytest.fixture
def s3():
    with mock_s3() as client:
        yield client


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path, monkeypatch):
    """Everything that is left behind shows."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    deadline_s = time.monotonic() + 60
    while os.listdir(folder) and time.monotonic() < deadline_s:  # noqa: PTH208
        time.sleep(0.05)
    assert os.listdir(folder) == []  # noqa: PTH208


@pytest.fixture
def ask(s3):
    def handler(chosen):
        return build_mix_endpoint(AwsServices(settings=chosen, s3=s3))

    return WarmHandlers(handler)


def forget_handlers():
    """As if the process had just begun."""
    for loaded in ("load_services", "_load_speech_endpoint", "_load_mix_endpoint"):
        getattr(handlers, loaded).cache_clear()


def build_event(fields, **event):
    return event_v2(fields, "/mixstory", **event)


def tone(path: Path, length_s: float, *encoding: str, hz: int = 300, level_db: float = -15) -> Path:
    source = f"sine=f={hz}:r=24000:d={length_s},volume={level_db}dB"
    ffmpeg.run(["-f", "lavfi", "-i", source, *encoding, str(path)], timeout_s=60)
    return path


def chunk(text: str, gap_ms: int) -> Chunk:
    utterance = Utterance(text, text, BreakKind.SENTENCE)
    return Chunk((utterance,), f"<speak><s>{text}</s></speak>", len(text), gap_ms)


@pytest.fixture
def own_keys(s3):
    """Two chunks as the service makes them; 300 ms follow the first."""
    narrator = Narrator(
        ToneEngine(suffix="mp3"),
        S3Store(s3, BUCKET),
        VoiceSettings("Joanna", "generative"),
        ProcessGroup(),
    )
    chunks = [chunk("once upon a time there was a lamp", 300), chunk("and a keeper", 2000)]
    return [each.key for each in narrator.narrate(chunks).recordings]


@pytest.fixture
def foreign_keys(s3, tmp_path):
    """Sounds of other makers: they have no tags."""
    store = S3Store(s3, BUCKET)
    store.put("uploads/one.wav", tone(tmp_path / "1.wav", 1.5))
    store.put("uploads/two.mp3", tone(tmp_path / "2.mp3", 2.5))
    store.put("uploads/three & four.ogg", tone(tmp_path / "3.ogg", 1.0, "-c:a", "libopus"))
    return ["uploads/one.wav", "uploads/two.mp3", "uploads/three & four.ogg"]


@pytest.fixture
def music(s3, tmp_path):
    S3Store(s3, MUSIC_BUCKET).put("beds/calm sea.mp3", tone(tmp_path / "m.mp3", 4.0, hz=900))
    return "beds/calm sea.mp3"


def result(s3, body, tmp_path):
    path = tmp_path / "result.mp3"
    S3Store(s3, BUCKET).fetch(body["key"], path)
    return path


def test_an_old_client_is_served(ask, s3, own_keys, tmp_path):
    request = json.dumps({"chunk_keys": own_keys, "bucket": BUCKET})
    for event in (
        build_event(request),
        event_v1(request, "/mixstory"),
        {"body": request},
        json.loads(request),
    ):
        body = expect_ok(ask(event))
        assert (body["chunk_keys"], body["bucket"]) == (own_keys, BUCKET)
        assert body["download_url"].startswith("https://")
        assert body["key"] in body["download_url"]
    assert list_keys(s3, "mixed/") == [body["key"]]
    found = verify(result(s3, body, tmp_path), body["duration_s"], 10)
    assert found.integrated_lufs == pytest.approx(body["integrated_loudness_lufs"], abs=0.1)
    assert found.integrated_lufs == pytest.approx(-18, abs=1)
    assert found.true_peak_dbtp == pytest.approx(body["true_peak_dbtp"], abs=0.1)
    assert measure(tmp_path / "result.mp3").duration_s == pytest.approx(body["duration_s"], 0.01)


@pytest.mark.parametrize(("kind", "content_type"), [("m4b", "audio/mp4"), ("opus", "audio/ogg")])
def test_another_format_has_its_own_ending_and_content_type(ask, s3, own_keys, kind, content_type):
    key = expect_ok(ask(build_event({"chunk_keys": own_keys, "format": kind})))["key"]
    assert key.endswith(f".{kind}")
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == content_type


def test_with_tokens_the_same_request_needs_a_caller(ask, own_keys):
    request = {"chunk_keys": own_keys}
    expect_refusal(ask(build_event(request), mode="token"), 401, "unauthorized")
    assert expect_ok(ask(build_event(request, caller="anna"), mode="token"))["key"]


def test_the_link_is_signed_and_expires(ask, own_keys):
    url = expect_ok(ask(build_event({"chunk_keys": own_keys}), url_lifetime_s=120))["download_url"]
    assert "X-Amz-Signature=" in url
    assert "X-Amz-Expires=120" in url


def test_sounds_of_others_are_measured_and_a_second_apart(ask, foreign_keys):
    body = expect_ok(ask(build_event({"chunk_keys": foreign_keys})))
    heard_s = 1.5 + 2.5 + 1.0
    assert body["duration_s"] == pytest.approx(heard_s + 2 * DEFAULT_GAP_MS / 1000 + 0.8, abs=0.2)


def test_the_silence_is_what_the_chunk_says_unless_the_request_says_otherwise(ask, own_keys):
    own = expect_ok(ask(build_event({"chunk_keys": own_keys})))["duration_s"]
    longer = expect_ok(ask(build_event({"chunk_keys": own_keys, "gap_ms": 1300})))["duration_s"]
    none = expect_ok(ask(build_event({"chunk_keys": own_keys, "gap_ms": 0})))["duration_s"]
    assert longer - own == pytest.approx(1.0, abs=0.002)
    assert own - none == pytest.approx(0.3, abs=0.002)


def test_music_lies_under_the_voice(ask, s3, own_keys, music, tmp_path):
    alone = expect_ok(ask(build_event({"chunk_keys": own_keys})))
    with_music = expect_ok(
        ask(build_event({"chunk_keys": own_keys, "music": music, "title": "Sea"}))
    )
    assert with_music["key"] != alone["key"]
    assert with_music["duration_s"] > alone["duration_s"] + 1
    assert measure(result(s3, with_music, tmp_path)).channels == 2
    assert b"Sea" in (tmp_path / "result.mp3").read_bytes()[:500]
    assert with_music["integrated_loudness_lufs"] == pytest.approx(-18, abs=1)


def test_of_a_url_only_the_path_counts(ask, own_keys, music):
    url = "https://evil.example/beds/calm%20sea.mp3?X-Amz-Signature=0#x"
    body = expect_ok(ask(build_event({"chunk_keys": own_keys, "music": url})))
    assert (
        body["key"] == expect_ok(ask(build_event({"chunk_keys": own_keys, "music": music})))["key"]
    )


def test_chunks_may_come_from_another_allowed_bucket(ask, s3, tmp_path):
    S3Store(s3, MUSIC_BUCKET).put("voice.wav", tone(tmp_path / "v.wav", 1.0))
    body = expect_ok(ask(build_event({"chunk_keys": ["voice.wav"], "bucket": MUSIC_BUCKET})))
    assert body["bucket"] == MUSIC_BUCKET
    assert list_keys(s3, "mixed/") == [body["key"]]


def test_the_same_chunk_may_come_again(ask, own_keys):
    once = expect_ok(ask(build_event({"chunk_keys": own_keys[:1]})))["duration_s"]
    thrice = expect_ok(ask(build_event({"chunk_keys": own_keys[:1] * 3})))["duration_s"]
    assert thrice > 2.5 * (once - 0.8)


def test_the_same_request_again_ends_with_the_same_object(ask, s3, own_keys):
    first, second = (expect_ok(ask(build_event({"chunk_keys": own_keys}))) for _ in range(2))
    assert first["key"] == second["key"]
    assert list_keys(s3, "mixed/") == [first["key"]]


def test_unknown_fields_are_ignored_with_a_warning(ask, own_keys):
    body = expect_ok(ask(build_event({"chunk_keys": own_keys, "crossfade": 3})))
    assert "crossfade" in body["warnings"][0]


def test_option_of_another_route_is_an_unknown_field_whatever_its_value(ask, own_keys):
    body = expect_ok(ask(build_event({"chunk_keys": own_keys, "text_type": [[]]})))
    assert "text_type" in body["warnings"][0]


GOOD = "narration_chunks/good.mp3"
BAD = {
    "no keys": ({}, 400, "bad_input", "chunk_keys"),
    "0 keys": ({"chunk_keys": []}, 400, "bad_input", "chunk_keys"),
    "10,000 keys": ({"chunk_keys": [GOOD] * 10_000}, 400, "bad_input", "chunk_keys"),
    "keys of the wrong type": ({"chunk_keys": GOOD}, 400, "bad_input", "chunk_keys"),
    "a key of the wrong type": ({"chunk_keys": [GOOD, 7]}, 400, "bad_input", "chunk_keys.1"),
    "a key that leads up": ({"chunk_keys": ["a/../b"]}, 400, "bad_input", "chunk_keys.0"),
    "an absolute key": ({"chunk_keys": ["/etc/passwd"]}, 400, "bad_input", "chunk_keys.0"),
    "an empty key": ({"chunk_keys": [GOOD, ""]}, 400, "bad_input", "chunk_keys.1"),
    "a key with a control": ({"chunk_keys": ["a\u0000b"]}, 400, "bad_input", "chunk_keys.0"),
    "half of a mix": ({"chunk_keys": ["segments/a.mp3"]}, 403, "forbidden", "chunk_keys.0"),
    "another caller's story": (
        {"chunk_keys": ["stories/1/a.mp3"]},
        403,
        "forbidden",
        "chunk_keys.0",
    ),
    "a foreign bucket": (
        {"chunk_keys": [GOOD], "bucket": FOREIGN_BUCKET},
        403,
        "forbidden",
        "bucket",
    ),
    "music that leads up": (
        {"chunk_keys": [GOOD], "music": "https://a.example/x/../../y"},
        *(400, "bad_input", "music"),
    ),
    "music from no address": (
        {"chunk_keys": [GOOD], "music": "https://["},
        *(400, "bad_input", "music"),
    ),
    "music from no host": (
        {"chunk_keys": [GOOD], "music": "http://\u2100/x"},
        *(400, "bad_input", "music"),
    ),
    "music from a file": (
        {"chunk_keys": [GOOD], "music": "/etc/passwd"},
        400,
        "bad_input",
        "music",
    ),
    "a preset": ({"chunk_keys": [GOOD], "preset": "loud"}, 400, "bad_input", "preset"),
    "a gap": ({"chunk_keys": [GOOD], "gap_ms": 10_001}, 400, "bad_input", "gap_ms"),
    "not a number": (
        '{"chunk_keys": ["a"], "duck_db": Infinity}',
        400,
        "bad_input",
        "body",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_names_its_field(ask, s3, name):
    fields, status, code, field = BAD[name]
    body = expect_refusal(ask(build_event(fields)), status, code)
    assert body["details"]["field"] == field
    assert list_keys(s3) == []


def test_what_is_missing_is_named(ask, own_keys):
    body = expect_refusal(
        ask(build_event({"chunk_keys": [own_keys[0], "gone.mp3"]})), 404, "not_found"
    )
    assert body["details"]["key"] == "gone.mp3"
    body = expect_refusal(
        ask(build_event({"chunk_keys": own_keys, "music": "gone"})), 404, "not_found"
    )
    assert body["details"]["key"] == "gone"


@pytest.mark.parametrize(
    "content",
    [b"", b"just a text\n" * 99, PLAYLIST.encode(), CONCAT.encode(), b"ID3" + bytes(999)],
    ids=["empty", "text", "playlist", "concat script", "damaged"],
)
@pytest.mark.parametrize("role", ["chunk", "music"])
def test_what_is_no_sound_is_a_422_that_names_the_key(ask, s3, own_keys, role, content):
    bucket = BUCKET if role == "chunk" else MUSIC_BUCKET
    S3Store(s3, bucket).put("fake.mp3", content)
    fields = (
        {"chunk_keys": [*own_keys, "fake.mp3"]}
        if role == "chunk"
        else {
            "chunk_keys": own_keys,
            "music": "fake.mp3",
        }
    )
    body = expect_refusal(ask(build_event(fields)), 422, "unplayable_audio")
    assert body["details"]["key"] == "fake.mp3"
    assert "root:" not in json.dumps(body)
    assert list_keys(s3, "mixed/") == []


def test_what_is_too_large_is_refused_before_it_is_fetched(ask, s3, own_keys):
    s3.put_object(Bucket=BUCKET, Key="large.wav", Body=bytes(2_000_001))
    limits = {"max_object_bytes": 2_000_000}
    body = expect_refusal(
        ask(build_event({"chunk_keys": ["large.wav"]}), **limits), 413, "object_too_large"
    )
    assert "large.wav" in body["error"]
    limits = {"max_input_bytes": 1_000}
    expect_refusal(ask(build_event({"chunk_keys": own_keys}), **limits), 413, "object_too_large")


def test_silence_alone_is_nothing_to_mix(ask, s3, tmp_path):
    S3Store(s3, BUCKET).put("silent.wav", tone(tmp_path / "s.wav", 1.0, level_db=-120))
    body = expect_refusal(ask(build_event({"chunk_keys": ["silent.wav"]})), 422, "unplayable_audio")
    assert body["details"]["keys"] == ["silent.wav"]


def test_the_deadline_is_a_504_that_leaves_nothing_behind(ask, s3, tmp_path):
    S3Store(s3, BUCKET).put("long.flac", tone(tmp_path / "l.flac", 1_500.0))
    expect_refusal(
        ask(build_event({"chunk_keys": ["long.flac"] * 8}), FakeContext(4.0)), 504, "out_of_time"
    )
    assert list_keys(s3, "mixed/") == []


def test_the_link_works_for_anybody(ask, s3, own_keys):
    body = expect_ok(ask(build_event({"chunk_keys": own_keys})))
    answer = requests.get(body["download_url"], timeout=60)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.content == S3Store(s3, BUCKET).get(body["key"])


def test_the_handler_itself_works_from_its_environment_and_stays_warm(
    monkeypatch, own_keys, tmp_path
):
    left = tmp_path / "tmp" / "mixer-mixdown-of-a-killed-process"
    left.mkdir()
    for name, value in {
        "OUTPUT_BUCKET": BUCKET,
        "AUTH_MODE": "none",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    forget_handlers()
    try:
        first = expect_ok(app.handler(build_event({"chunk_keys": own_keys}), FakeContext()))
        second = expect_ok(app.handler(build_event({"chunk_keys": own_keys}), FakeContext()))
    finally:
        forget_handlers()
    assert first["key"] == second["key"]
    assert not left.exists()


@pytest.mark.parametrize("module", [app, polly_handler])
def test_a_deployment_without_its_settings_says_which(monkeypatch, module):
    monkeypatch.delenv("OUTPUT_BUCKET", raising=False)
    forget_handlers()
    body = expect_refusal(module.handler(build_event({}), FakeContext()), 500, "misconfigured")
    assert body["details"]["variable"] == "OUTPUT_BUCKET"
    assert body["request_id"] == "lambda-request"


def test_tags_and_an_uploaded_cover_are_in_the_file(ask, s3, own_keys, tmp_path):
    S3Store(s3, BUCKET).put("uploads/cover.png", build_picture(400, 300))
    about = {"title": "The Gate", "author": "A. Writer", "narrator": "Ada", "year": "2026"}
    asked = {"chunk_keys": own_keys, **about, "cover": "uploads/cover.png"}
    body = expect_ok(ask(build_event(asked)))
    tags = ID3(result(s3, body, tmp_path))
    written = [str(tags[name]) for name in ("TIT2", "TPE1", "TCOM", "TDRC")]
    assert written == list(about.values())
    assert tags.getall("APIC")[0].data == encode_cover(build_picture(400, 300), "cover").content
    S3Store(s3, BUCKET).put("uploads/cover.png", build_picture(300, 300))
    assert expect_ok(ask(build_event(asked)))["key"] != body["key"]


@pytest.mark.parametrize(
    ("key", "code", "sentence"),
    [
        ("uploads/missing.png", "not_found", "the picture uploads/missing.png was not uploaded"),
        ("uploads/one.wav", "unusable_picture", "uploads/one.wav is not a JPEG or PNG file"),
        ("uploads/half.jpg", "unusable_picture", "The picture uploads/half.jpg is broken"),
        ("uploads/huge.jpg", "unusable_picture", "uploads/huge.jpg is too large"),
        ("mixed/other.jpg", "bad_input", "is not a key returned by POST /uploads"),
        ("../cover.jpg", "bad_input", "“../cover.jpg” is not a valid object key"),
    ],
)
def test_a_cover_that_is_none_is_named(ask, s3, key, code, sentence):
    store = S3Store(s3, BUCKET)
    store.put("uploads/half.jpg", build_picture(900, 900, "JPEG")[:2_000])
    store.put("uploads/huge.jpg", bytes(20_000_001))
    store.put("uploads/one.wav", b"RIFF")
    status = {"not_found": 404, "unusable_picture": 422, "bad_input": 400}[code]
    body = expect_refusal(
        ask(build_event({"chunk_keys": ["uploads/one.wav"], "cover": key})), status, code
    )
    assert sentence in body["error"]
    assert list_keys(s3, "mixed/") == []
