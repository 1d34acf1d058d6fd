"""Stories listened to while they are made, as players do: growing MP3, HLS, captions."""

import json
import re
import time
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import pytest

from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.sound import ffmpeg
from mixer.sound.analysis import verify
from mixer.sound.formats.mp3_frames import id3_tag_bytes, split_frames
from mixer.store.folder import FolderStore
from tests.engines import ToneEngine
from tests.servers import RunningServer, run_server

PARAGRAPH = "Ship {0} came in at dusk, slow and low in the water. Nobody had seen it leave. " * 2
TEXT = "\n\n".join(f"# Part {part}\n\n" + PARAGRAPH.format(part) for part in range(6))
ASKED = {"text": TEXT, "text_type": "markdown"}
GRID_FRAMES = 49


@contextmanager
def serve_laptop(folder, engine):
    server = DevServer(0)
    folders = Folders(folder / "store", folder / "web", folder / "music")
    with (
        open_laptop(load_laptop_settings({}), server.url, folders, engine) as app,
        run_server(server, app),
    ):
        yield RunningServer(server, FolderStore(folders.store), folder, None)


def begin(served, body):
    answered = served.send("POST", "/stories", json.dumps(body))
    assert answered.status == 202, answered.body
    return answered.json["story_id"]


def load_status(served, story):
    return served.send("GET", f"/stories/{story}").json


def cut_target(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def await_result(served, story):
    while (seen := load_status(served, story))["state"] not in {"done", "failed", "cancelled"}:
        time.sleep(0.05)
    return seen


def fetch_frames(served, seen):
    content = served.send("GET", cut_target(seen["links"]["audio"])).body
    return list(split_frames(content[id3_tag_bytes(content) :]))[1:]


@pytest.fixture(scope="module")
def laptop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("listening")
    (folder / "music").mkdir()
    bed = ["-f", "lavfi", "-i", "sine=f=200:d=20", str(folder / "music" / "bed.flac")]
    ffmpeg.run(bed, timeout_s=60)
    with serve_laptop(folder, ToneEngine(suffix="mp3", delay_s=0.2, parallelism=1)) as served:
        yield served


@pytest.fixture(scope="module")
def listening(laptop):
    """A story with music, listened to by one growing response from its beginning to its end."""
    story = begin(laptop, {**ASKED, "music": "bed.flac"})
    links = load_status(laptop, story)["listen"]
    with laptop.connect() as connection:
        connection.request("GET", cut_target(links["audio"]))
        response = connection.getresponse()
        first = response.read(4_000)
        state_at_first = load_status(laptop, story)["state"]
        content = first + response.read()
    return story, links, state_at_first, content


def test_sound_comes_before_the_voice_is_finished(listening):
    *_, state_at_first, _ = listening
    assert state_at_first in {"planning", "synthesizing"}


def test_growing_response_is_whole_frames_of_the_length_of_the_story(laptop, listening):
    story, *_, content = listening
    frames = list(split_frames(content))
    assert abs(len(frames) - len(fetch_frames(laptop, await_result(laptop, story)))) <= 49


def test_listening_level_is_that_of_the_finished_file(laptop, listening, tmp_path):
    story, *_, content = listening
    path = tmp_path / "listening.mp3"
    path.write_bytes(content)
    seen = await_result(laptop, story)
    measured = verify(path, seen["duration_s"], 10).integrated_lufs
    assert measured == pytest.approx(seen["integrated_loudness_lufs"], abs=1.0)


def test_playlist_ends_as_vod_and_its_segments_are_the_same_frames(laptop, listening, tmp_path):
    _, links, _, content = listening
    playlist = laptop.send("GET", cut_target(links["playlist"]))
    text = playlist.body.decode()
    assert playlist.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in text
    assert text.endswith("#EXT-X-ENDLIST\n")
    urls = [urljoin(links["playlist"], line) for line in text.splitlines() if line[0] != "#"]
    stream, copy = tmp_path / "all.ts", tmp_path / "copy.mp3"
    stream.write_bytes(b"".join(laptop.send("GET", cut_target(url)).body for url in urls))
    ffmpeg.run(
        ["-i", str(stream), "-c", "copy", "-write_xing", "0", "-id3v2_version", "0", str(copy)],
        timeout_s=60,
    )
    assert copy.read_bytes() == content


def test_captions_follow_what_is_made(laptop, listening):
    _, links, *_ = listening
    text = laptop.send("GET", cut_target(links["captions"])).body.decode()
    later = laptop.send("GET", cut_target(links["captions"]) + "&start=30").body.decode()
    assert text.startswith("WEBVTT")
    assert text.count("came in at dusk") >= 6
    assert 0 < later.count("-->") < text.count("-->")


def test_late_listener_may_begin_anywhere_or_at_the_live_end(laptop, listening):
    _, links, _, content = listening
    frames = list(split_frames(content))
    for start, expected in (("7", 267), ("live", None)):
        answered = laptop.send("GET", cut_target(links["audio"]) + f"&start={start}")
        own = list(split_frames(answered.body))
        begin_s = float(answered.headers["x-start-seconds"])
        at = round(begin_s * 44_100 / 1_152)
        assert own == frames[at:]
        assert expected is None or at == expected


def test_finished_file_does_not_depend_on_listeners(laptop, listening, tmp_path):
    story, *_ = listening
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "bed.flac").write_bytes(
        (laptop.folder / "music" / "bed.flac").read_bytes()
    )
    with serve_laptop(tmp_path, ToneEngine(suffix="mp3", parallelism=1)) as other:
        alone = begin(other, {**ASKED, "music": "bed.flac"})
        unheard = fetch_frames(other, await_result(other, alone))
    assert unheard == fetch_frames(laptop, await_result(laptop, story))


def test_listener_of_a_story_that_fails_hears_a_clean_end(tmp_path):
    engine = ToneEngine(suffix="mp3", parallelism=1, fail_texts=["Ship 3"])
    with serve_laptop(tmp_path, engine) as served:
        story = begin(served, ASKED)
        links = load_status(served, story)["listen"]
        content = served.send("GET", cut_target(links["audio"])).body
        assert await_result(served, story)["state"] == "failed"
        playlist = served.send("GET", cut_target(links["playlist"])).body.decode()
    assert len(list(split_frames(content))) > 5 * GRID_FRAMES
    assert playlist.endswith("#EXT-X-ENDLIST\n")


def test_restarted_server_continues_where_the_listener_was(tmp_path):
    with serve_laptop(tmp_path, ToneEngine(suffix="mp3", delay_s=0.3, parallelism=1)) as served:
        story = begin(served, ASKED)
        links = load_status(served, story)["listen"]
        with served.connect() as connection:
            connection.request("GET", cut_target(links["audio"]))
            before = connection.getresponse().read(30_000)
    with serve_laptop(tmp_path, ToneEngine(suffix="mp3", parallelism=1)) as served:
        content = served.send("GET", cut_target(links["audio"])).body
        assert await_result(served, story)["state"] == "done"
    assert content[: len(before)] == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda path: re.sub(r"signature=\w{4}", "signature=0000", path), 403),
        (lambda path: re.sub(r"expires=\d+", "expires=1", path), 403),
        (lambda path: re.sub(r"/stories/\w+", "/stories/other", path), 403),
        (lambda path: path + "&start=nan", 400),
        (lambda path: path + "&start=-1", 400),
        (lambda path: path.replace("listen.mp3", "listen/99999.ts"), 404),
        (lambda path: path.replace("listen.mp3", "listen/1e9.ts"), 404),
        (lambda path: path.split("stories")[0] + "stories/unknown/listen.mp3", 404),
    ],
)
def test_listener_without_permission_or_sense_is_refused(laptop, listening, change, code):
    _, links, *_ = listening
    answered = laptop.send("GET", change(cut_target(links["audio"])))
    assert (answered.status, set(answered.json)) == (
        code,
        {"error", "code", "request_id", "details"},
    )
