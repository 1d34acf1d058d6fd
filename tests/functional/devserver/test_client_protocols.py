"""The protocols of OpenAI and ElevenLabs, on a local server with tones for a voice."""

import json
import threading
from base64 import b64decode
from contextlib import ExitStack, contextmanager

import pytest
import requests

from mixer.devserver import (
    DevServer,
    Folders,
    build_token_authorizer,
    load_laptop_settings,
    open_laptop,
)
from tests.engines import ToneEngine
from tests.servers import run_server
from tests.sounds import decode_audio, tone, write_sound

TEXT = "The lamp went out at nine. The sea was calm."
LONG = " ".join(f"On day number {day} the ship sailed on to the north again." for day in range(40))
SPEECH, ELEVENLABS = "/v1/audio/speech", "/v1/text-to-speech/Joanna"
WEB = "<html><body><p>Fish &amp; chips.</p></body></html>"
TOKEN = "a long and random token"  # noqa: S105 - of this test alone
BODY = {"model": "mixer", "input": TEXT, "voice": "alloy"}


class GateEngine(ToneEngine):
    """Says tones; all but the beginning of LONG waits for `gate`."""

    def __init__(self, **options):
        super().__init__(**options)
        self.gate = threading.Event()

    def synthesize(self, ssml, settings):
        if "number 0" not in ssml:
            self.gate.wait(60)
        return super().synthesize(ssml, settings)


@contextmanager
def serve_voice(folder, engine, environment=None, token=None):
    server = DevServer(0)
    folders = Folders(folder / "store", folder / "web", folder / "music")
    settings = load_laptop_settings({"MAX_DAILY_USD": "1000", **(environment or {})})
    authorizer = build_token_authorizer(token) if token else None
    with ExitStack() as stack:
        app = stack.enter_context(
            open_laptop(settings, server.url, folders, engine, authorizer=authorizer)
        )
        stack.enter_context(run_server(server, app))
        yield server.url


@pytest.fixture(scope="module")
def engine():
    return ToneEngine()


@pytest.fixture(scope="module")
def url(engine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    (folder / "music").mkdir()
    write_sound(folder / "music" / "bed.flac", tone(3.0), 24_000)
    with serve_voice(folder, engine) as address:
        yield address


def post(url, path, body, **headers):
    return requests.post(url + path, json=body, headers=headers, timeout=60)


def measure_s(content, folder, suffix):
    path = folder / f"answer.{suffix}"
    path.write_bytes(content)
    return len(decode_audio(path, 24_000)) / 24_000


FORMATS = [
    ("mp3", "audio/mpeg"),
    ("opus", "audio/ogg"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
]


@pytest.fixture(scope="module")
def spoken_s(url):
    answer = post(url, SPEECH, {**BODY, "response_format": "pcm"})
    assert answer.headers["content-type"] == "audio/pcm"
    return len(answer.content) / 2 / 24_000


@pytest.mark.parametrize(("name", "content_type"), FORMATS)
def test_formats_of_speech(url, spoken_s, tmp_path, name, content_type):
    answer = post(url, SPEECH, {**BODY, "response_format": name})
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert measure_s(answer.content, tmp_path, name) == pytest.approx(spoken_s, abs=0.12)


@pytest.mark.parametrize(("model", "name"), [("mixer-story", name) for name, _ in FORMATS])
def test_formats_of_stories_with_music(url, spoken_s, tmp_path, model, name):
    body = {**BODY, "model": model, "response_format": name, "music": "bed.flac"}
    answer = post(url, SPEECH, body)
    assert answer.status_code == 200, answer.text
    longer_s = measure_s(answer.content, tmp_path, name) - spoken_s
    assert 1.5 < longer_s < 3.5  # the outro of the music


def test_speed(url, spoken_s):
    """Within the voice's own range pauses stay; beyond it all is stretched."""
    lengths_s = {}
    for speed in (0.25, 0.5, 2, 4.0):
        answer = post(url, SPEECH, {**BODY, "speed": speed, "response_format": "pcm"})
        lengths_s[speed] = len(answer.content) / 2 / 24_000
    assert lengths_s[0.25] == pytest.approx(2 * lengths_s[0.5], rel=0.02)
    assert lengths_s[4.0] == pytest.approx(lengths_s[2] / 2, rel=0.02)
    assert spoken_s / 2 < lengths_s[2] < 0.75 * spoken_s
    assert 1.5 * spoken_s < lengths_s[0.5] < 2 * spoken_s


OUTPUTS = {"mp3_22050_32": 0, "pcm_16000": 32_000, "pcm_44100": 88_200, "ulaw_8000": 8_000}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_of_elevenlabs(url, spoken_s, name):
    answer = post(url, f"{ELEVENLABS}?output_format={name}", {"text": TEXT})
    assert answer.status_code == 200
    if OUTPUTS[name]:
        assert len(answer.content) / OUTPUTS[name] == pytest.approx(spoken_s, abs=0.02)
    else:
        assert answer.content[:2] == b"\xff\xf3"  # MPEG-2, layer III


def test_second_request_calls_no_engine(url, engine):
    first = post(url, SPEECH, {**BODY, "input": "Nothing is paid twice."})
    calls = engine.calls
    second = post(url, SPEECH, {**BODY, "input": "Nothing is paid twice."})
    assert first.content == second.content
    assert engine.calls == calls
    story = post(url, "/synthesize", {"text": "Nothing is paid twice.", "voice": "Joanna"}).json()
    assert (story["billed_characters"], engine.calls) == (0, calls)


def test_events_hold_the_same_sound(url):
    whole = post(url, SPEECH, BODY).content
    answer = post(url, SPEECH, {**BODY, "stream_format": "sse"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n\n") if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert b"".join(b64decode(each["audio"]) for each in events[:-1]) == whole
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["input_tokens"] == len(TEXT)


@pytest.mark.parametrize("path", ["/with-timestamps", "/stream/with-timestamps"])
@pytest.mark.parametrize("text", [TEXT, "  It is  late.\n\nIn 1999 it was\tnot.  ", WEB])
def test_times_of_characters(url, path, text):
    answer = post(url, f"{ELEVENLABS}{path}?output_format=pcm_24000", {"text": text})
    blocks = [json.loads(line) for line in answer.text.splitlines()]
    found = [block["alignment"] for block in blocks if block["alignment"]]
    characters = "".join("".join(each["characters"]) for each in found)
    starts = [each for part in found for each in part["character_start_times_seconds"]]
    ends = [each for part in found for each in part["character_end_times_seconds"]]
    sound_s = sum(len(b64decode(block["audio_base64"])) for block in blocks) / 48_000
    assert characters == ("Fish & chips." if text == WEB else text)
    assert starts == sorted(starts)
    assert all(start <= end <= sound_s for start, end in zip(starts, ends, strict=True))
    assert ends[-1] > 0.6 * sound_s


OPENAI_ERRORS = [
    ({**BODY, "voice": "Zed"}, 400, "voice", "unknown_voice"),
    ({**BODY, "voice": {"id": "Zed"}}, 400, "voice", "unknown_voice"),
    ({**BODY, "voice": {}}, 400, "voice", "bad_input"),
    ({**BODY, "voice": 7}, 400, "voice", "bad_input"),
    ({**BODY, "model": "mixr"}, 404, "model", "model_not_found"),
    ({**BODY, "input": " \n"}, 400, "input", "unreadable_text"),
    ({**BODY, "input": ["a"]}, 400, "input", "bad_input"),
    ({**BODY, "input": "a " * 60_000}, 413, "input", "text_too_long"),
    ({**BODY, "speed": 5}, 400, "speed", "bad_input"),
    ({**BODY, "speed": "1"}, 400, "speed", "bad_input"),
    ({**BODY, "response_format": "ogg"}, 400, "response_format", "bad_input"),
    ({**BODY, "stream_format": "ws"}, 400, "stream_format", "bad_input"),
    ({**BODY, "dry_run": True}, 400, "dry_run", "bad_option"),
    ({**BODY, "model": "mixer-story", "music": "none.mp3"}, 404, None, "not_found"),
    ({"model": "mixer"}, 400, "input", "bad_input"),
    ([BODY], 400, "body", "bad_input"),
]


@pytest.mark.parametrize(("body", "status", "field", "code"), OPENAI_ERRORS)
def test_errors_in_the_shape_of_openai(url, body, status, field, code):
    answer = post(url, SPEECH, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (status, field, code)
    assert error["message"].endswith(".")
    assert error["type"] == "invalid_request_error"


ELEVENLABS_ERRORS = [
    ("/v1/text-to-speech/Zed", {"text": TEXT}, 404, "voice_not_found"),
    (f"{ELEVENLABS}?output_format=mp3", {"text": TEXT}, 400, "bad_option"),
    (f"{ELEVENLABS}/stream", {"text": ""}, 400, "unreadable_text"),
    (ELEVENLABS, {"text": "Not paid.", "dry_run": True}, 400, "bad_option"),
    (f"{ELEVENLABS}/stream", {"text": "Not paid.", "max_cost_usd": 0}, 400, "too_expensive"),
    (ELEVENLABS, {"text": 7}, 422, ["body", "text"]),
    (ELEVENLABS, {}, 422, ["body", "text"]),
    (ELEVENLABS, {"text": TEXT, "voice_settings": {"speed": 9}}, 422, None),
]


@pytest.mark.parametrize(("path", "body", "status", "expected"), ELEVENLABS_ERRORS)
def test_errors_in_the_shape_of_elevenlabs(url, path, body, status, expected):
    answer = post(url, path, body)
    assert answer.status_code == status
    detail = answer.json()["detail"]
    found = detail[0]["loc"] if isinstance(detail, list) else detail["status"]
    assert found == (expected or ["body", "voice_settings", "speed"])


def test_lists_of_models_and_voices(url):
    models = requests.get(f"{url}/v1/models", timeout=60).json()
    assert {"mixer", "mixer-story", "tts-1"} <= {each["id"] for each in models["data"]}
    assert requests.get(f"{url}/v1/models/mixer", timeout=60).json()["id"] == "mixer"
    missing = requests.get(f"{url}/v1/models/gpt-9", timeout=60)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    own = requests.get(f"{url}/v1/models", headers={"xi-api-key": "any"}, timeout=60).json()
    assert own[0]["model_id"] == "mixer"
    offered = requests.get(f"{url}/v1/audio/models", timeout=60).json()["models"]
    assert [each["id"] for each in offered][:2] == ["mixer", "mixer-story"]
    voices = requests.get(f"{url}/v1/audio/voices", timeout=60).json()["voices"]
    assert [each["id"] for each in voices][:3] == ["Joanna", "Matthew", "alloy"]
    for version in ("v1", "v2"):
        listed = requests.get(f"{url}/{version}/voices", timeout=60).json()["voices"]
        assert [each["voice_id"] for each in listed] == ["Joanna", "Matthew"]
    assert requests.get(f"{url}/v1/voices/matthew", timeout=60).json()["name"] == "Matthew"
    found = requests.get(f"{url}/v2/voices", {"search": "MATTH"}, timeout=60).json()
    assert ([each["name"] for each in found["voices"]], found["total_count"]) == (["Matthew"], 1)


TOKENS = [
    ({}, 401),
    ({"Authorization": "Bearer wrong"}, 401),
    ({"Authorization": f"Bearer {TOKEN}"}, 200),
    ({"xi-api-key": "wrong"}, 401),
    ({"xi-api-key": TOKEN}, 200),
]


def test_tokens_in_either_header(tmp_path):
    with serve_voice(tmp_path, ToneEngine(), {"AUTH_MODE": "token"}, TOKEN) as url:
        for headers, status in TOKENS:
            own = post(url, SPEECH, BODY, **headers)
            other = post(url, ELEVENLABS, {"text": TEXT}, **headers)
            assert (own.status_code, other.status_code) == (status, status), headers
            if status != 200:
                assert own.json()["error"]["code"] == "invalid_api_key"
                assert own.json()["error"]["type"] == "authentication_error"
                assert other.json()["detail"]["status"] == "invalid_api_key"
        wrong = {"Authorization": "Bearer wrong"}
        assert requests.get(f"{url}/v1/models", headers=wrong, timeout=60).status_code == 401
        assert requests.get(f"{url}/voices", headers=wrong, timeout=60).status_code == 403


def test_names_of_voices_come_from_the_settings(tmp_path):
    engine = ToneEngine()
    with serve_voice(tmp_path, engine, {"VOICE_NAMES": "alloy=Matthew, kim=Matthew"}) as url:
        answers = [post(url, SPEECH, {**BODY, "voice": name}) for name in ("alloy", "kim", "NOVA")]
    assert answers[0].content == answers[1].content != answers[2].content


@pytest.mark.parametrize("body", [BODY, {**BODY, "model": "mixer-story"}])
def test_limit_of_cost_holds(tmp_path, body):
    engine = ToneEngine()
    with serve_voice(tmp_path, engine, {"MAX_REQUEST_USD": "0.0001"}) as url:
        answer = post(url, SPEECH, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_expensive")
    assert engine.calls == 0


def test_sound_begins_before_the_rest_is_synthesized(tmp_path):
    engine = GateEngine()
    with serve_voice(tmp_path, engine) as url:
        body = {**BODY, "input": LONG, "response_format": "pcm"}
        answer = requests.post(url + SPEECH, json=body, stream=True, timeout=60)
        blocks = answer.iter_content(1024)
        first = next(blocks)
        spoken = list(engine.requests)
        engine.gate.set()
        rest = b"".join(blocks)
    assert first
    assert len(spoken) == 1
    assert len(spoken[0]) < 200 < len(rest)


def test_client_that_leaves_ends_the_synthesis(tmp_path):
    engine = GateEngine(parallelism=1)
    with serve_voice(tmp_path, engine) as url:
        body = {**BODY, "input": LONG, "response_format": "pcm"}
        with requests.post(url + SPEECH, json=body, stream=True, timeout=60) as answer:
            next(answer.iter_content(1024))
        threading.Timer(1.0, engine.gate.set).start()
        whole = post(url, "/estimate", {"text": LONG}).json()["chunks"]
        engine.gate.wait(60)
    assert engine.calls < whole


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_failure_after_the_first_sound(tmp_path, stream_format):
    with serve_voice(tmp_path, ToneEngine(fail_texts=["number 39"])) as url:
        body = {**BODY, "input": LONG, "stream_format": stream_format}
        answer = requests.post(url + SPEECH, json=body, stream=True, timeout=60)
        assert answer.status_code == 200
        if stream_format == "audio":
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                b"".join(answer.iter_content(1 << 16))
        else:
            last = json.loads(answer.text.rstrip().rpartition("data: ")[2])
            assert (last["type"], last["error"]["code"]) == ("error", "speech_failed")
