"""Stories of the state machine, listened to while they are made: playlist, segments, sound."""

import gc
import threading
import time
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import pytest
import requests
from moto import mock_aws

from mixer.api import build_story_endpoint
from mixer.compose import AwsServices
from mixer.settings import StorySettings
from mixer.sound import ffmpeg
from mixer.sound.analysis import verify
from mixer.sound.formats.mp3_frames import split_frames
from mixer.store import FolderStore
from mixer.store.s3 import create_s3_client
from mixer.stories.folder import REQUEST, StoryFolder
from mixer.stories.model import StoredRequest, StoryKind, StoryState
from mixer.stories.renditions import RenditionWriter, StoredRenditions
from mixer.stories.renditions.listeners import PlaylistWatch
from mixer.stories.renditions.pieces import Playlist
from mixer.stories.renditions.stored import (
    MAX_WATCHES,
    PLAYLIST,
    PREFIX,
    RenditionFolder,
    StoredPlaylist,
)
from mixer.stories.request import StoryRequest
from tests.emulators.strict_polly import Latency, StrictPolly
from tests.functional.clouds import (
    BUCKET,
    MUSIC_BUCKET,
    OPEN_ALLOWANCES,
    build_settings,
    list_keys,
    session,
)
from tests.functional.lambdas import FakeContext, event_v2, expect_refusal
from tests.functional.stories.story_machine import (
    CALLER,
    SECRET,
    VOICE,
    build_tasks,
    start_moto_machine,
)
from tests.sounds import MIX_HZ, noise, write_sound

PARAGRAPH = "Ship {0} came in at dusk, slow and low in the water. Nobody had seen it leave. " * 2
TEXT = "\n\n".join(f"# Part {part}\n\n" + PARAGRAPH.format(part) for part in range(5))
OPTIONS = {"text_type": "markdown", "music_intro_s": 1.0, **VOICE}
BED = "bed.wav"


class Cloud:
    """A deployment whose function for listeners runs in a thread."""

    def __init__(self, machine, settings, s3):
        self.machine, self.started = machine, []
        self.services = AwsServices(settings=settings, s3=s3, secret=SECRET)
        store = self.services.output_store
        writer = RenditionWriter(store, self.services.music_store, self.services.new_processes)

        def start_writer(story):
            thread = threading.Thread(target=writer.write, args=(story, 600.0))
            self.started.append(thread)
            thread.start()

        renditions = StoredRenditions(store, start_writer, self.services.link_output)
        object.__setattr__(self.services, "stored_renditions", renditions)
        self.endpoint = build_story_endpoint(self.services)

    def create_story(self, key=""):
        request = StoryRequest(
            StoryKind.STORY, CALLER, OPTIONS, text=TEXT, music=BED, idempotency_key=key
        )
        service = replace(self.machine.service, music=self.services.music_store)
        return service.create(request)

    def get(self, path, query=""):
        pairs = dict(each.split("=") for each in query.split("&") if each)
        event = event_v2(None, path, "GET", query=pairs)
        return self.endpoint(event, FakeContext())

    def read_audio(self, status):
        return self.services.output_store.get(status.result.links["audio"])

    def delete_segments(self):
        for key in list_keys(self.services.s3, "segments/"):
            self.services.output_store.delete(key)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    bed = write_sound(tmp_path_factory.mktemp("music") / BED, noise(8.0, rate_hz=MIX_HZ), MIX_HZ)
    with (
        StrictPolly(allowances=OPEN_ALLOWANCES) as polly,
        pytest.MonkeyPatch.context() as patch,
        mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
        closing(create_s3_client(session=session())) as s3,
        closing(polly.client()) as speaker,
    ):
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in (BUCKET, MUSIC_BUCKET):
            s3.create_bucket(Bucket=name)
        s3.upload_file(str(bed), MUSIC_BUCKET, BED)
        settings = build_settings(stories=StorySettings(listen_function="mix"))
        tasks = build_tasks(settings, s3=s3, polly=speaker)
        polly.reset(latency=Latency(base_s=0.7))
        with start_moto_machine(settings, tasks, patch) as machine:
            yield Cloud(machine, settings, s3)


@pytest.fixture(scope="module")
def listening(cloud):
    """A story with music, its playlist read again and again while it is made."""
    story = cloud.create_story()
    links = cloud.services.listen_links.build("", story)
    path, _, query = links["playlist"].partition("?")
    lists = []
    while not lists or "#EXT-X-ENDLIST" not in lists[-1][0]:
        state = cloud.machine.status(story).state
        answer = cloud.get(path, query)
        if answer["statusCode"] == 200:
            lists.append((answer["body"], state))
        time.sleep(0.3)
    status = cloud.machine.await_end(story)
    for thread in cloud.started:
        thread.join()
    return story, links, lists, status


def list_segments(playlist):
    return [line for line in playlist.splitlines() if not line.startswith("#")]


def fetch_segment(cloud, story, line):
    path, _, query = line.partition("?")
    answer = cloud.get(f"/stories/{story}/{path}", query)
    assert answer["statusCode"] == 302, answer
    found = requests.get(answer["headers"]["Location"], timeout=30)
    assert (found.status_code, found.headers["Content-Type"]) == (200, "video/mp2t")
    return found.content


def test_playlist_grows_while_the_story_is_made_and_ends(listening):
    *_, lists, status = listening
    assert status.state is StoryState.DONE, status.failure
    first, state = lists[0]
    assert state in {StoryState.PLANNING, StoryState.SYNTHESIZING}
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in first
    for (before, _), (after, _) in pairwise(lists):
        segments = list_segments(before)
        assert list_segments(after)[: len(segments)] == segments


def test_segments_are_the_sound_of_the_story(cloud, listening, tmp_path):
    story, _, lists, status = listening
    segments = list_segments(lists[-1][0])
    stream, copy = tmp_path / "all.ts", tmp_path / "copy.mp3"
    stream.write_bytes(b"".join(fetch_segment(cloud, story, line) for line in segments))
    plain = ["-c", "copy", "-write_xing", "0", "-id3v2_version", "0"]
    ffmpeg.run(["-i", str(stream), *plain, str(copy)], timeout_s=60)
    frames = len(list(split_frames(copy.read_bytes())))
    assert frames * 1_152 / 44_100 == pytest.approx(status.result.duration_s, abs=1.3)
    measured = verify(copy, status.result.duration_s, 10).integrated_lufs
    assert measured == pytest.approx(status.result.integrated_loudness_lufs, abs=1.0)


def test_finished_file_is_the_same_without_listeners(cloud, listening):
    *_, status = listening
    cloud.delete_segments()
    started = len(cloud.started)
    alone = cloud.machine.await_end(cloud.create_story("unheard"))
    assert cloud.read_audio(alone) == cloud.read_audio(status)
    assert len(cloud.started) == started
    assert len({key.split("/")[1] for key in list_keys(cloud.services.s3, PREFIX)}) == 1


def test_one_function_writes_a_rendition_and_leaves_no_lease(cloud, listening):
    *_, lists, _ = listening
    keys = list_keys(cloud.services.s3, PREFIX)
    kept = {key.rpartition("/")[2].split("-")[0] for key in keys if not key.endswith(".ts")}
    assert kept == {"playlist.json", "started"}
    assert sum(key.endswith(".ts") for key in keys) == len(list_segments(lists[-1][0]))


@pytest.mark.parametrize(
    ("path", "is_signed", "answer"),
    [
        ("listen.m3u8", False, (403, "forbidden", "not made by this server")),
        ("listen-001-000000.ts", False, (403, "forbidden", "not made by this server")),
        ("listen-x.ts", True, (404, "no_such_route", "listen-x.ts")),
        ("listen.mp3", True, (404, "not_found", "listen.m3u8")),
    ],
)
def test_links_are_checked(cloud, listening, path, is_signed, answer):
    story, links, *_ = listening
    query = links["playlist"].partition("?")[2] if is_signed else "expires=1&signature=x"
    status, code, words = answer
    refusal = expect_refusal(cloud.get(f"/stories/{story}/{path}", query), status, code)
    assert words in refusal["error"]


def test_players_of_many_stories_need_little_memory(tmp_path):
    store = FolderStore(tmp_path)
    renditions = StoredRenditions(store, start_writer=print, link=str)
    stored = StoredPlaylist(Playlist(3, 18.0, is_complete=True), is_growing=False, written_s=0.0)
    for number in range(MAX_WATCHES + 20):
        folder = RenditionFolder(store, f"{number:032x}")
        request = StoredRequest(StoryKind.STORY, CALLER, "", 0.0, {})
        StoryFolder(store, folder.story_id).write(REQUEST, request)
        folder.write(PLAYLIST, stored)
        assert renditions.await_playlist(folder.story_id) == (1, stored.playlist)
    watches = [each for each in gc.get_objects() if type(each) is PlaylistWatch]
    assert sum(int(each.story, 16) < MAX_WATCHES + 20 for each in watches) == MAX_WATCHES
