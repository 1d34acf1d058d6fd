"""Stories on a laptop as clients see them: sent, observed, cancelled, taken up again."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.sound import ffmpeg
from mixer.store.folder import FolderStore
from mixer.stories.model import StoryState
from tests.engines import ToneEngine
from tests.servers import RunningServer, run_server

FINAL_STATES = {StoryState.DONE, StoryState.FAILED, StoryState.CANCELLED}
CHAPTERS = "\n\n".join(
    f"# Chapter {chapter}\n\n"
    + "\n\n".join(f"Ship {paragraph} of {chapter} came in. It was late." for paragraph in range(14))
    for chapter in ("one", "two")
)
ASKED = {"text": CHAPTERS, "text_type": "markdown", "title": "Ships", "music": "bed.flac"}


@dataclass(frozen=True)
class Stories:
    """A laptop's server, and its engine."""

    served: RunningServer
    engine: ToneEngine

    def post(self, body, **headers):
        return self.served.send("POST", "/stories", json.dumps(body), headers)

    def begin(self, body, **headers):
        answered = self.post(body, **headers)
        assert answered.status == 202, answered.body
        url = f"{self.served.dev_server.url}/stories/{answered.json['story_id']}"
        assert (answered.json["status_url"], answered.headers["Location"]) == (url, url)
        return answered.json["story_id"]

    def status(self, story):
        answered = self.served.send("GET", f"/stories/{story}")
        assert answered.status == 200, answered.body
        return answered.json

    def await_end(self, story):
        return self.until(story, lambda status: status["state"] in FINAL_STATES)

    def until(self, story, is_so):
        begun_s = time.monotonic()
        while not is_so(status := self.status(story)):
            assert time.monotonic() - begun_s < 300, status
            time.sleep(0.1)
        return status

    def fetch_link(self, url, method="GET"):
        parts = urlsplit(url)
        answered = self.served.send(method, f"{parts.path}?{parts.query}")
        assert answered.status == 200
        return answered

    def refuse(self, answered, status, code):
        assert (answered.status, answered.json["code"]) == (status, code), answered.body
        return answered.json


@contextmanager
def laptop_with(folder, engine):
    server = DevServer(0)
    folders = Folders(folder / "store", folder / "web", folder / "music")
    with (
        open_laptop(load_laptop_settings({}), server.url, folders, engine) as app,
        run_server(server, app),
    ):
        yield Stories(RunningServer(server, FolderStore(folders.store), folder, None), engine)


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stories")
    (folder / "music").mkdir()
    bed = ["-f", "lavfi", "-i", "sine=f=200:d=5", str(folder / "music" / "bed.flac")]
    ffmpeg.run(bed, timeout_s=60)
    with laptop_with(folder, ToneEngine(suffix="mp3")) as served:
        yield served


@pytest.fixture(scope="module")
def finished(stories):
    """A story with chapters and music, observed to its end."""
    story = stories.begin(ASKED)
    seen = [stories.status(story)]
    while seen[-1]["state"] not in FINAL_STATES:
        time.sleep(0.05)
        seen.append(stories.status(story))
    return story, seen


def test_story_goes_through_its_states_in_order(finished):
    _, seen = finished
    order = list(StoryState)
    assert [order.index(each["state"]) for each in seen] == sorted(
        order.index(each["state"]) for each in seen
    )
    assert [each["progress"] for each in seen] == sorted(each["progress"] for each in seen)
    assert (seen[-1]["state"], seen[-1]["progress"]) == ("done", 1.0)


def test_finished_story_tells_what_it_is_and_links_everything(stories, finished):
    _, seen = finished
    status = seen[-1]
    assert (status["title"], status["error"], status["warnings"]) == ("Ships", None, [])
    assert status["chunks"]["done"] == status["chunks"]["total"] > 4
    assert status["segments"]["done"] == status["segments"]["total"] >= 2
    assert status["cost_usd"]["so_far"] > 0
    assert status["integrated_loudness_lufs"] == pytest.approx(-18, abs=0.3)
    links = dict(status["links"])
    assert links.pop("expires_s") == 3600
    assert set(links) == {
        *("audio", "captions_vtt", "captions_srt", "picture", "report", "waveform"),
        *("chapters", "chapters_json", "chapters_vtt"),
    }
    files = {name: stories.fetch_link(url) for name, url in links.items()}
    assert files["captions_vtt"].body.startswith(b"WEBVTT")
    assert [each["title"] for each in files["chapters"].json["chapters"]] == [
        "Chapter one",
        "Chapter two",
    ]
    assert files["picture"].body.startswith(b"\x89PNG")
    assert files["report"].json["duration_s"] == pytest.approx(status["duration_s"], abs=0.01)
    told_of_it = files["report"].json
    assert [(each["name"], each["passed"]) for each in told_of_it["rules"]] == [
        ("integrated_loudness_lufs", True),
        ("true_peak_dbtp", True),
    ]
    assert told_of_it["unmeasured"] == []
    assert told_of_it["loudness_range_lu"] > 0
    assert told_of_it["rms_dbfs"] < told_of_it["loudness_target_lufs"] + 3
    played_s = len(files["audio"].body) / 16_000  # 128 kbit/s
    assert played_s == pytest.approx(status["duration_s"], abs=0.5)


def test_same_request_is_the_same_story_and_costs_nothing(stories, finished):
    story, _ = finished
    calls = stories.engine.calls
    assert stories.begin(ASKED) == story
    assert stories.begin({**ASKED, "title": "Boats"}) != story
    stories.await_end(stories.begin({**ASKED, "title": "Boats"}))
    assert stories.engine.calls == calls


def test_idempotency_key_stands_for_one_request(stories):
    text = {"text": "A boat."}
    story = stories.begin(text, **{"Idempotency-Key": "first"})
    assert stories.begin(text, **{"Idempotency-Key": "first"}) == story
    assert stories.begin(text, **{"Idempotency-Key": "second"}) != story
    other = stories.post({"text": "Two boats."}, **{"Idempotency-Key": "first"})
    stories.refuse(other, 409, "idempotency_key_reused")
    stories.refuse(stories.post(text, **{"Idempotency-Key": "x" * 201}), 400, "bad_input")


def test_stories_are_listed_the_newest_first_page_by_page(stories, finished):
    for number in range(21):
        stories.begin({"text": f"Listed {number}."})
    first = stories.served.send("GET", "/stories").json
    assert len(first["stories"]) == 20
    rest = stories.served.send("GET", f"/stories?cursor={first['next']}").json
    assert rest["next"] is None
    listed = [*first["stories"], *rest["stories"]]
    assert finished[0] in {each["story_id"] for each in rest["stories"]}
    assert len({each["story_id"] for each in listed}) == len(listed)
    created = [each["created_at"] for each in listed]
    assert created == sorted(created, reverse=True)
    stories.refuse(stories.served.send("GET", "/stories?cursor=../x"), 400, "bad_input")


WORDS = "The ferry was late again. The people on the pier waited, for the evening was warm."


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"text": "Good night."}, "Good night."),
        ({"text": WORDS}, "The ferry was late again. The people on the pier waited,…"),
        ({"text": WORDS, "title": "Late"}, "Late"),
        ({"text": f"# Ferry\n\n{WORDS}", "text_type": "markdown"}, "Ferry"),
        ({"text": "# Ebb\n\nOut.\n\n# Flow\n\nIn.", "text_type": "markdown"}, "Ebb"),
        ({"text": "Good night.", "disclose": "start"}, "Good night."),
        ({"text": "夜" * 80}, f"{'夜' * 59}…"),
    ],
)
def test_story_without_a_title_is_listed_by_its_first_heading_or_words(stories, body, title):
    story = stories.begin(body)
    assert stories.await_end(story)["title"] == title
    page = stories.served.send("GET", "/stories").json
    listed = list(page["stories"])
    while page["next"]:  # others of the same second may come first
        page = stories.served.send("GET", f"/stories?cursor={page['next']}").json
        listed += page["stories"]
    assert [each["title"] for each in listed if each["story_id"] == story] == [title]


def test_passage_that_cannot_be_said_is_named_and_mended_by_asking_again(stories):
    body = {"text": f"A terrible tempest rose.\n\n{CHAPTERS}", "text_type": "markdown"}
    stories.engine.fail_texts = ["tempest"]
    try:
        story = stories.begin(body)
        failed = stories.await_end(story)
    finally:
        stories.engine.fail_texts = []
    assert (failed["state"], failed["error"]["code"]) == ("failed", "speech_failed")
    assert any("tempest" in each for each in failed["error"]["details"]["passages"])
    assert "links" not in failed
    calls = stories.engine.calls
    assert stories.begin(body) == story
    assert stories.await_end(story)["state"] == "done"
    assert stories.engine.calls - calls <= 2


class HeldEngine(ToneEngine):
    """Its calls, one at a time, wait for a moment, until they are no longer held."""

    def __init__(self):
        super().__init__(suffix="mp3", parallelism=1)
        self.released = threading.Event()

    def synthesize(self, ssml, voice_settings):
        self.released.wait(0.4)
        return super().synthesize(ssml, voice_settings)


def test_cancelled_story_stops_and_goes_on_when_asked_for_again(tmp_path):
    slow, text = HeldEngine(), "\n\n* * *\n\n".join(f"Ship {n}." for n in range(24))
    with laptop_with(tmp_path, slow) as stories:
        story = stories.begin({"text": text, "text_type": "markdown"})
        stories.until(story, lambda status: status["state"] == "synthesizing")
        cancelled = stories.served.send("DELETE", f"/stories/{story}")
        assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
        stories.refuse(stories.served.send("DELETE", f"/stories/{story}"), 409, "story_ended")
        total = cancelled.json["chunks"]["total"]
        time.sleep(1)
        slow.released.set()
        assert slow.calls < total
        assert stories.begin({"text": text, "text_type": "markdown"}) == story
        assert stories.await_end(story)["state"] == "done"
        assert slow.calls <= total + 3


def test_story_of_a_server_that_ended_is_taken_up_by_the_next(tmp_path):
    slow = ToneEngine(suffix="mp3", delay_s=0.3, parallelism=1)
    with laptop_with(tmp_path, slow) as stories:
        story = stories.begin({"text": CHAPTERS, "text_type": "markdown"})
        stories.until(story, lambda _: slow.calls > 2)
    with laptop_with(tmp_path, ToneEngine(suffix="mp3")) as stories:
        status = stories.await_end(story)
        assert status["state"] == "done", status["error"]
        assert stories.engine.calls < status["chunks"]["total"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "bad_input", "text"),
        ({"text": "Both.", "source": "uploads/x"}, 400, "bad_input", "text"),
        ({"text": "  "}, 400, "unreadable_text", "text"),
        ({"text": "x" * 5_000_001}, 413, "text_too_long", "text"),
        ({"source": "spending/x"}, 400, "bad_input", "source"),
        ({"source": "uploads/../x"}, 400, "bad_input", "source"),
        ({"source": "uploads/gone"}, 404, "not_found", "source"),
        ({"text": "A.", "voice": "Nobody"}, 400, "unknown_voice", "voice"),
        ({"text": "A.", "music": "../x"}, 400, "bad_input", "music"),
        ({"text": "A.", "music": "gone.flac"}, 404, "not_found", "music"),
        ({"text": "A.", "music": "uploads/gone.flac"}, 404, "not_found", "music"),
        ({"text": "A.", "lexicon": "a = b\nbroken"}, 400, "unreadable_text", "lexicon"),
        ({"text": "The lamp.\n\nIt [[pause 1s went out."}, 400, "unreadable_text", "text"),
        ({"text": "A.", "pauses": "long"}, 400, "bad_option", "pauses"),
        ({"text": "A.", "cover": "uploads/gone.png"}, 404, "not_found", "cover"),
        ({"text": "A.", "chapters": "two"}, 400, "bad_input", "chapters"),
        ({"text": "A.", "music": "https://["}, 400, "bad_input", "music"),
        ({"text": "A.", "music": "http://\u2100/x"}, 400, "bad_input", "music"),
        ({"text": "A.", "language": "a" * 300}, 400, "bad_input", "language"),
        ({"text": "A.", "language": "en-US\n"}, 400, "bad_input", "language"),
        ({"text": "A.", "webhook": "http://example.com/"}, 400, "bad_input", "webhook"),
        ({"text": "A.", "webhook": "https://127.0.0.1/"}, 400, "bad_input", "webhook"),
        ({"text": "A.", "webhook": "https://localhost/"}, 400, "bad_input", "webhook"),
    ],
)
def test_bad_input_is_refused_before_anything_is_kept(stories, body, status, code, field):
    answer = stories.refuse(stories.post(body), status, code)
    assert answer["details"]["field"] == field


def test_cover_that_is_not_a_picture_is_refused_at_once(stories):
    stories.served.store.put("uploads/cover.png", b"ID3 is not a picture")
    body = {"text": "A.", "cover": "uploads/cover.png"}
    stories.refuse(stories.post(body), 422, "unusable_picture")


def test_book_is_described_before_it_is_narrated(stories):
    stories.served.store.put("uploads/book.md", f"---\nauthor: Mara\n---\n{CHAPTERS}".encode())
    asked = json.dumps({"source": "uploads/book.md", "text_type": "markdown"})
    book = stories.served.send("POST", "/estimate", asked).json
    assert (book["author"], book["chapters"]) == ("Mara", 2)
    assert [(each["number"], each["title"]) for each in book["contents"]] == [
        (1, "Chapter one"),
        (2, "Chapter two"),
    ]
    total_s = sum(each["duration_s"] for each in book["contents"])
    assert total_s == pytest.approx(book["duration_s"], abs=0.1)
    assert sum(each["characters"] for each in book["contents"]) == book["characters"]


def test_chosen_chapters_alone_are_narrated(stories):
    plan = stories.await_end(stories.begin({**ASKED, "dry_run": True}))
    half = stories.await_end(stories.begin({**ASKED, "dry_run": True, "chapters": "2"}))
    assert 0 < half["characters"] < 0.6 * plan["characters"]


def test_progress_is_streamed_until_the_end(stories):
    story = stories.begin({"text": "A streamed boat came in."})
    answer = stories.served.send("GET", f"/stories/{story}/events")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = [line[6:] for line in answer.body.decode().splitlines() if line.startswith("data: ")]
    states = [json.loads(event)["state"] for event in events]
    assert states[-1] == "done"
    assert json.loads(events[-1])["links"]["audio"]
    assert len(events) == len(set(events))


@pytest.mark.parametrize("story", ["0" * 32, "nothing"])
def test_unknown_story_has_no_events(stories, story):
    stories.refuse(stories.served.send("GET", f"/stories/{story}/events"), 404, "not_found")


@pytest.mark.parametrize("pauses", [5, {"comma": "long"}, None])
def test_option_of_several_types_is_named_without_them(stories, pauses):
    answer = stories.refuse(stories.post({"text": "A.", "pauses": pauses}), 400, "bad_input")
    assert answer["details"]["field"].partition(".comma")[0] == "pauses"


def test_upload_that_is_no_text_fails_the_story_in_words(stories):
    stories.served.store.put("uploads/broken", b"\xff\xfe\xff" * 100)
    status = stories.await_end(stories.begin({"source": "uploads/broken"}))
    assert (status["state"], status["error"]["code"]) == ("failed", "unreadable_text")
    assert status["cost_usd"]["so_far"] == 0


def test_expired_story_is_not_found_and_no_longer_listed(stories):
    story = stories.begin({"text": "An old boat."})
    stories.await_end(story)
    for each in list(stories.served.store.list(f"stories/{story}/")):
        stories.served.store.delete(each.key)
    stories.refuse(stories.served.send("GET", f"/stories/{story}"), 404, "not_found")
    listed = stories.served.send("GET", "/stories").json["stories"]
    assert story not in {each["story_id"] for each in listed}


def test_dry_run_tells_plan_and_price_and_spends_nothing(stories):
    body = {"text": "A dry boat came in.\n\nIt was late.", "voice": "Joanna", "engine": "neural"}
    calls, spent = stories.engine.calls, len(list(stories.served.store.list("spending/")))
    plan = stories.await_end(stories.begin({**body, "dry_run": True}))
    assert (plan["state"], plan["error"], plan.get("links")) == ("done", None, None)
    assert plan["chunks"]["total"] >= 1
    assert (plan["chunks"]["done"], plan["cost_usd"]["so_far"]) == (0, 0)
    assert plan["cost_usd"]["predicted"] == pytest.approx(plan["characters"] * 16e-6)
    assert (plan["voice"], plan["engine"]) == ("Joanna", "neural")
    assert plan["duration_s"] > 1
    assert stories.engine.calls == calls
    assert len(list(stories.served.store.list("spending/"))) == spent
    answer = stories.await_end(stories.begin(body))
    assert answer["cost_usd"]["predicted"] == plan["cost_usd"]["predicted"]


@pytest.mark.parametrize("story", ["0" * 32, "nothing", "..%2Fx"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown_story_is_not_found(stories, method, story):
    stories.refuse(stories.served.send(method, f"/stories/{story}"), 404, "not_found")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"chapters": "2"}, "bad_option"),
        ({"max_cost_usd": 0.0001}, "too_expensive"),
    ],
)
def test_what_the_plan_finds_fails_the_story_in_words_and_costs_nothing(stories, more, code):
    calls = stories.engine.calls
    status = stories.await_end(stories.begin({"text": "A long way out, a bell.", **more}))
    assert (status["state"], status["error"]["code"]) == ("failed", code)
    assert status["error"]["error"].endswith(".")
    assert (stories.engine.calls, status["cost_usd"]["so_far"]) == (calls, 0)
