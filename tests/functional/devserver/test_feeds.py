"""Podcast feeds of a local server as subscribers see them: found, read, refused once revoked."""

import json
import re
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlsplit

import feedparser
import podcastparser
import pytest

from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.store.folder import FolderStore
from tests.engines import ToneEngine
from tests.functional.devserver.test_stories import Stories
from tests.pictures import build_picture
from tests.servers import RunningServer, run_server

TEXT = "# Gate\n\nShips came in. It was late.\n\n# Lamp\n\nNobody saw them. The lamp was out."


class Feeds(Stories):
    """A server's stories and feeds."""

    def call(self, request_line, body=None, **headers):
        method, path = request_line.split(" ")
        return self.served.send(method, path, None if body is None else json.dumps(body), headers)

    def set_up(self, title, **fields):
        answered = self.call("POST /feeds", {"title": title, **fields})
        assert answered.status == 200, answered.body
        return answered.json

    def narrate(self, **fields):
        story = self.begin({"text": TEXT, "text_type": "markdown", **fields})
        status = self.await_end(story)
        assert status["state"] == "done", status
        return story, status

    def open(self, url, method="GET", **headers):
        return self.served.send(method, urlsplit(url).path, None, headers)

    def read(self, url):
        answered = self.open(url)
        assert answered.status == 200, answered.body
        assert answered.headers["Content-Type"].startswith("application/rss+xml")
        return podcastparser.parse(url, BytesIO(answered.body)), answered


def open_feeds(folder, *, is_serving=True):
    server = DevServer(0)
    settings = load_laptop_settings({})
    settings = replace(settings, feeds=replace(settings.feeds, is_serving=is_serving))
    folders = Folders(folder / "store", folder / "web", folder / "music")
    return server, open_laptop(settings, server.url, folders, ToneEngine(suffix="mp3"))


@pytest.fixture(scope="module")
def feeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeds")
    server, opened = open_feeds(folder)
    with opened as app, run_server(server, app):
        served = RunningServer(server, FolderStore(folder / "store"), folder, None)
        yield Feeds(served, None)


def test_story_that_asks_for_a_feed_becomes_an_episode(feeds):
    made = feeds.set_up(
        "The Harbour", description="Ships & lamps.", author="Ann", categories=["Arts/Books"]
    )
    assert (made["stories"], made["url"][-9:]) == ([], "/feed.xml")
    _, status = feeds.narrate(title="First & last", feed="the  harbour", episode=7, explicit=False)
    assert not [each for each in status["warnings"] if "feed" in each]
    parsed, answered = feeds.read(made["url"])
    assert (parsed["title"], parsed["itunes_author"]) == ("The Harbour", "Ann")
    (episode,) = parsed["episodes"]
    assert (episode["title"], episode["number"]) == ("First & last", 7)
    assert [each["title"] for each in feedparser.parse(answered.body).entries] == ["First & last"]
    enclosure = episode["enclosures"][0]
    assert enclosure["mime_type"] == "audio/mpeg"
    redirected = feeds.open(enclosure["url"])
    assert redirected.status == 302
    audio = feeds.fetch_link(redirected.headers["Location"]).body
    assert len(audio) == enclosure["file_size"]
    redirected = feeds.open(enclosure["url"], "HEAD")
    head = feeds.fetch_link(redirected.headers["Location"], "HEAD")
    assert (redirected.status, head.status, head.body) == (302, 200, b"")
    assert head.headers["Content-Type"] == "audio/mpeg"
    assert head.headers["Content-Length"] == str(len(audio))


def test_feed_is_sent_once_until_it_changes(feeds):
    url = feeds.set_up("Tags")["url"]
    feeds.narrate(title="One", feed="Tags")
    _, answered = feeds.read(url)
    tag = answered.headers["ETag"]
    again = feeds.open(url, **{"If-None-Match": f'"other", W/{tag}'})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    feeds.narrate(title="Two", feed="Tags")
    assert feeds.open(url, **{"If-None-Match": tag}).status == 200
    packed = feeds.open(url, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < 2_000


def test_link_that_was_replaced_or_revoked_opens_nothing(feeds):
    made = feeds.set_up("Keys")
    feeds.narrate(title="One", feed="Keys")
    parsed, _ = feeds.read(made["url"])
    audio = parsed["episodes"][0]["enclosures"][0]["url"]
    renewed = feeds.call(f"POST /feeds/{made['feed_id']}", {"link": "replace"}).json
    assert renewed["url"] != made["url"]
    for url in (made["url"], audio):
        assert feeds.open(url).status == 404
    again, _ = feeds.read(renewed["url"])
    assert again["episodes"][0]["guid"] == parsed["episodes"][0]["guid"]
    revoked = feeds.call(f"POST /feeds/{made['feed_id']}", {"link": "revoke"}).json
    assert (revoked["url"], len(revoked["stories"])) == (None, 1)
    for url in (renewed["url"], again["episodes"][0]["enclosures"][0]["url"]):
        assert feeds.open(url).status == 404


def test_edited_story_takes_the_place_of_its_former_version(feeds):
    made = feeds.set_up("Edits")
    first, _ = feeds.narrate(title="The Gate", feed="Edits")
    before, _ = feeds.read(made["url"])
    second, _ = feeds.narrate(title="the gate", feed="Edits", description="New.")
    after, _ = feeds.read(made["url"])
    assert first != second
    assert [each["guid"] for each in after["episodes"]] == [before["episodes"][0]["guid"]]
    assert after["episodes"][0]["published"] == before["episodes"][0]["published"]
    assert second in after["episodes"][0]["enclosures"][0]["url"]
    removed = feeds.call(f"POST /feeds/{made['feed_id']}", {"remove": [second]})
    assert removed.json["stories"] == []
    empty, _ = feeds.read(made["url"])
    assert empty["episodes"] == []


def test_two_stories_with_one_number_are_both_listed_and_reported(feeds):
    made = feeds.set_up("Numbers")
    feeds.narrate(title="A", feed="Numbers", episode=3)
    _, status = feeds.narrate(title="B", feed="Numbers", episode=3)
    (clash,) = [each for each in status["warnings"] if "episode number" in each]
    later, first = re.search("“(.)” has the episode number 3 of “(.)”", clash).groups()
    parsed, _ = feeds.read(made["url"])
    numbers = {each["title"]: each.get("number") for each in parsed["episodes"]}
    assert numbers == {first: 3, later: None}
    assert {first, later} == {"A", "B"}  # in either order, if they are done within one second
    assert clash in feeds.call(f"GET /feeds/{made['feed_id']}").json["warnings"]


def test_feed_by_chapter_has_an_episode_for_each(feeds):
    made = feeds.set_up("Parts", episodes="chapter", serial=True)
    feeds.narrate(title="The Book", feed="Parts")
    parsed, answered = feeds.read(made["url"])
    assert [each["title"] for each in parsed["episodes"]] == ["Gate", "Lamp"]
    assert [each["number"] for each in parsed["episodes"]] == [1, 2]
    for episode in parsed["episodes"]:
        redirected = feeds.open(episode["enclosures"][0]["url"])
        audio = feeds.fetch_link(redirected.headers["Location"]).body
        assert len(audio) == episode["enclosures"][0]["file_size"]
    transcripts = [line for line in answered.body.decode().splitlines() if "transcript" in line]
    assert len(transcripts) == 4


def test_feed_of_a_series_takes_stories_that_were_there_before(feeds):
    feeds.narrate(title="Old", series="The Kettle, Book 1")
    feeds.narrate(title="Elsewhere", series="The Pan")
    made = feeds.set_up("Kettle", series="the kettle")
    feeds.narrate(title="New", series="The Kettle 2")
    parsed, _ = feeds.read(made["url"])
    assert {each["title"]: each["number"] for each in parsed["episodes"]} == {"New": 2, "Old": 1}
    assert [each["title"] for each in feeds.call("GET /feeds").json["feeds"]].count("Kettle") == 1
    deleted = feeds.call(f"DELETE /feeds/{made['feed_id']}")
    assert deleted.status == 200
    assert feeds.open(made["url"]).status == 404
    assert feeds.call(f"GET /feeds/{made['feed_id']}").status == 404


def test_small_artwork_is_made_to_fit_and_reported(feeds):
    form = feeds.call("POST /uploads", {"name": "a.png", "size_bytes": 100_000}).json
    feeds.served.store.put(form["key"], build_picture(300, 300))
    made = feeds.set_up("Picture", cover=form["key"])
    assert any("300 × 300" in each and "1,400" in each for each in made["warnings"])
    parsed, _ = feeds.read(made["url"])
    assert feeds.open(parsed["cover_url"]).status == 302


@pytest.mark.parametrize(
    ("request_line", "body", "status", "word"),
    [
        ("POST /feeds", {"title": "T" * 10_000}, 400, "title"),
        ("POST /feeds", {"title": " \t\u3000"}, 400, "title"),
        ("POST /feeds", {"title": "X", "cover": "stories/x"}, 404, "cover"),
        ("POST /feeds", {"title": "X", "email": "nobody"}, 400, "email"),
        ("POST /feeds", {"title": "X", "link": "javascript:x"}, 400, "link"),
        ("GET /feeds/" + "0" * 32, None, 404, "does not exist"),
        ("DELETE /feeds/x-y", None, 404, "does not exist"),
        ("GET /feed/" + "0" * 32 + "/feed.xml", None, 404, "revoked"),
        ("GET /feed/x/y-z", None, 404, "revoked"),
    ],
)
def test_wrong_request_is_refused_by_name(feeds, request_line, body, status, word):
    answered = feeds.call(request_line, body)
    assert answered.status == status, answered.body
    assert word in answered.json["error"]


def test_subscriber_reads_nothing_but_what_the_feed_names(feeds):
    made = feeds.set_up("Only")
    story, _ = feeds.narrate(title="One", feed="Only")
    base = made["url"].removesuffix("feed.xml")
    for path in (
        f"{story}-script.json",
        f"{story}-request.json",
        "feed.json",
        f"{'0' * 32}-story.mp3",
    ):
        assert feeds.open(base + path).status == 404
    assert feeds.open(f"{base}{story}-story.vtt").status == 302


def test_server_gives_out_no_feeds_unless_asked_to(tmp_path):
    server, opened = open_feeds(tmp_path, is_serving=False)
    with opened as app, run_server(server, app):
        closed = Feeds(RunningServer(server, FolderStore(tmp_path / "store"), tmp_path, None), None)
        refused = closed.call("POST /feeds", {"title": "X"})
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
        assert "--feeds" in refused.json["error"]
        assert closed.call("GET /capabilities").json["feeds"] is False
