"""GET /music, POST /uploads and GET /capabilities, on S3 and on a laptop's folder."""

import base64
import contextlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

from mixer.api.endpoints import build_story_endpoint
from mixer.compose import AwsServices
from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.output_options import OUTPUTS
from mixer.sound import ffmpeg
from tests.engines import ToneEngine
from tests.functional.clouds import BUCKET, MUSIC_BUCKET, mock_s3
from tests.functional.lambdas import WarmHandlers, event_v2, expect_ok, expect_refusal
from tests.servers import run_server, send_request


@pytest.fixture(scope="module")
def tone(tmp_path_factory):
    path = tmp_path_factory.mktemp("tone") / "tone.flac"
    ffmpeg.run(["-f", "lavfi", "-i", "sine=d=2.5", str(path)], timeout_s=60)
    return path


@pytest.fixture(scope="module")
def s3(tone):
    with mock_s3() as client:
        for key in ("evening-rain.flac", "notes.txt", "uploads/mine.flac", "empty.mp3"):
            content = b"" if key == "empty.mp3" else tone.read_bytes()
            client.put_object(Bucket=MUSIC_BUCKET, Key=key, Body=content)
        client.put_object(Bucket=MUSIC_BUCKET, Key="broken.mp3", Body=b"no sound")
        answer = {"title": "A morning", "duration_s": "61.5"}
        client.put_object(Bucket=MUSIC_BUCKET, Key="z.mp3", Body=b"long", Metadata=answer)
        client.put_object(Bucket=BUCKET, Key="music/shared.flac", Body=tone.read_bytes())
        client.put_object(Bucket=BUCKET, Key="narration_chunks/0.mp3", Body=b"chunk")
        yield client


@pytest.fixture(scope="module")
def ask(s3):
    return WarmHandlers(
        lambda settings: build_story_endpoint(AwsServices(settings=settings, s3=s3))
    )


def get(path, **others):
    return event_v2(None, path, "GET", **others)


def test_music_is_listed_by_title_with_lengths_and_links(ask):
    answer = expect_ok(ask(get("/music")))
    known = [(each["title"], each["key"], each["duration_s"]) for each in answer["music"]]
    assert known == [
        ("A morning", "z.mp3", 61.5),
        ("Broken", "broken.mp3", None),
        ("Evening rain", "evening-rain.flac", 2.5),
    ]
    assert all(MUSIC_BUCKET in each["url"] for each in answer["music"])


def test_in_a_shared_bucket_only_its_own_folder_is_music(ask):
    answer = expect_ok(ask(get("/music"), music_bucket=BUCKET))
    assert [each["key"] for each in answer["music"]] == ["music/shared.flac"]


def test_a_form_holds_its_file_to_key_type_and_size(ask):
    answer = expect_ok(ask(event_v2({"name": "Rain.MP3", "size_bytes": 1_000}, "/uploads")))
    assert answer["key"].startswith("uploads/")
    assert answer["key"].endswith(".mp3")
    assert (answer["fields"]["Content-Type"], answer["max_bytes"]) == ("audio/mpeg", 1_000)
    policy = json.loads(base64.b64decode(answer["fields"]["policy"]))
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    assert {"key": answer["key"]} in policy["conditions"]
    assert {"Content-Type": "audio/mpeg"} in policy["conditions"]
    again = expect_ok(ask(event_v2({"name": "Rain.MP3", "size_bytes": 1_000}, "/uploads")))
    assert again["key"] != answer["key"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "story.exe", "size_bytes": 1}, 400, "bad_input"),
        ({"name": "mp3", "size_bytes": 1}, 400, "bad_input"),
        ({"name": "a.mp3", "size_bytes": 0}, 400, "bad_input"),
        ({"name": "a.mp3", "size_bytes": 200_000_000}, 413, "object_too_large"),
    ],
)
def test_what_is_not_taken_is_refused_before_it_is_sent(ask, body, status, code):
    expect_refusal(ask(event_v2(body, "/uploads")), status, code)


def test_capabilities_need_no_token_and_the_rest_does(ask):
    answer = expect_ok(ask(get("/capabilities"), mode="token"))
    assert (answer["auth"], answer["stories"]) == ("token", True)
    assert "mp3" in answer["formats"]
    assert answer["presets"] == ["story", "podcast", "audiobook-acx", "broadcast"]
    assert answer["options"]["music_level_lu"] == {"default": 20.0, "minimum": 6, "maximum": 40}
    assert answer["options"]["gap_ms"] == {"default": None, "minimum": 0, "maximum": 10_000}
    assert answer["limits"]["synthesize_chars"] == 100_000
    assert {"text", "markdown"} <= set(answer["text_types"])
    assert answer["picture_types"] == [".jpeg", ".jpg", ".png"]
    assert answer["outputs"] == list(OUTPUTS)
    for event in (get("/music"), event_v2({"name": "a.mp3", "size_bytes": 1}, "/uploads")):
        expect_refusal(ask(event, mode="token"), 401, "unauthorized")


@pytest.fixture(scope="module")
def local(tmp_path_factory, tone):
    folder = tmp_path_factory.mktemp("library")
    (folder / "music").mkdir()
    (folder / "music" / "quiet.flac").write_bytes(tone.read_bytes())
    folders = Folders(folder / "store", folder / "web", folder / "music")
    server = DevServer(0)
    chosen = load_laptop_settings({})
    with (
        open_laptop(chosen, server.url, folders, ToneEngine(suffix="mp3")) as app,
        run_server(server, app),
    ):
        yield Local(server)


class Local:
    """A laptop's server."""

    def __init__(self, server):
        self._server = server

    def ask(self, method, target, body=None, headers=None):
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        ) as connection:
            content = json.dumps(body) if isinstance(body, dict) else body
            return send_request(connection, method, target, content, headers)


def path_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def send_form(local, form, content, **changed):
    """Send a form as a browser would."""
    fields = {**form["fields"], **changed}
    parts = [
        f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = b"".join([*parts, file, content, b"\r\n--b0--\r\n"])
    headers = {"Content-Type": "multipart/form-data; boundary=b0"}
    return local.ask("POST", path_of(form["url"]), body, headers)


def test_local_music_can_be_heard_by_its_link(local, tone):
    (track,) = local.ask("GET", "/music").json["music"]
    assert (track["key"], track["title"], track["duration_s"]) == ("quiet.flac", "Quiet", 2.5)
    response = local.ask("GET", path_of(track["url"]))
    assert (response.status, response.headers["Content-Type"]) == (200, "audio/flac")
    assert response.body == tone.read_bytes()
    assert local.ask("GET", path_of(track["url"]).replace("quiet", "other")).status == 403


def test_an_uploaded_file_is_music_for_a_mix(local, tone):
    sound = tone.read_bytes()
    form = local.ask("POST", "/uploads", {"name": "own.flac", "size_bytes": len(sound)}).json
    answer = send_form(local, form, sound)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    speech = local.ask("POST", "/synthesize", {"text": "The lamp went out at nine."}).json
    mixed = local.ask("POST", "/mixstory", {**speech, "music": form["key"]})
    assert mixed.status == 200, mixed.body
    bare = local.ask("POST", "/mixstory", speech).json
    assert mixed.json["key"] != bare["key"]


def test_a_form_takes_nothing_but_what_it_was_made_for(local):
    form = local.ask("POST", "/uploads", {"name": "own.mp3", "size_bytes": 4}).json
    assert send_form(local, form, b"12345").json["code"] == "object_too_large"
    assert send_form(local, form, b"").json["code"] == "object_too_large"
    other = send_form(local, form, b"1234", key="mixed/other.mp3")
    assert (other.status, other.json["code"]) == (403, "bad_link")
    assert local.ask("POST", "/objects/", "no form").json["code"] == "bad_form"
    assert send_form(local, form, b"1234").status == 204


def test_forms_may_be_longer_than_other_bodies(local):
    long = b"0" * 11_000_000
    form = local.ask("POST", "/uploads", {"name": "own.wav", "size_bytes": len(long)}).json
    assert send_form(local, form, long).status == 204
    assert local.ask("POST", "/uploads", long).status == 413
