"""`mixer narrate --feed`: a folder that any web server can serve as a podcast."""

import json
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import podcastparser
import pytest

from mixer.feeds import FeedFolder, FolderEpisode
from mixer.publish.feed import Episode, FeedFile, StoryEpisodes
from tests.commands import InProcessCli
from tests.pictures import build_picture

URL = "https://example.org/pod"


@pytest.fixture
def mixer(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return InProcessCli(capsys)


def write_story(*head, body="The lamp went out."):
    Path("story.md").write_text("\n".join(["---", *head, "---", "", body, ""]))


def read_feed(folder):
    content = Path(folder, "feed.xml").read_bytes()
    return podcastparser.parse(f"{URL}/feed.xml", BytesIO(content))


def find_file(folder, url):
    return Path(folder, unquote(urlsplit(url).path).removeprefix("/pod/"))


def test_folder_becomes_a_feed_and_keeps_its_episodes(mixer):
    Path("cover.png").write_bytes(build_picture(300, 300))
    write_story("title: Gate & <more>", "series: Harbour 4", "cover: cover.png", "explicit: yes")
    done = mixer("narrate", "story.md", "--out", "out/a.mp3", "--feed", "pod", "--feed-url", URL)
    assert done.code == 0, done.err
    assert "300 × 300" in done.err
    feed = read_feed("pod")
    assert (feed["title"], feed["cover_url"]) == ("Harbour", f"{URL}/artwork.jpg")
    (episode,) = feed["episodes"]
    assert (episode["title"], episode["number"], episode["explicit"]) == (
        "Gate & <more>",
        4,
        True,
    )
    audio = find_file("pod", episode["enclosures"][0]["url"])
    assert audio.read_bytes() == Path("out/a.mp3").read_bytes()
    assert audio.stat().st_size == episode["enclosures"][0]["file_size"]
    assert audio.with_suffix(".vtt").read_bytes() == Path("out/a.vtt").read_bytes()
    write_story("title: Gate & <more>", "series: Harbour 4", body="The lamp was lit.")
    done = mixer("narrate", "story.md", "--out", "out/a.mp3", "--feed", "pod")
    assert done.code == 0, done.err
    (edited,) = read_feed("pod")["episodes"]
    assert (edited["guid"], edited["published"]) == (episode["guid"], episode["published"])
    assert audio.read_bytes() == Path("out/a.mp3").read_bytes()


def test_feed_of_the_head_is_a_folder_next_to_the_file(mixer):
    write_story("title: One", "feed: ../My Own Feed!")
    done = mixer("narrate", "story.md", "--out", "out/a.mp3")
    assert done.code == 0, done.err
    assert "--feed-url" in done.err
    assert read_feed("out/my-own-feed")["title"] == "../My Own Feed!"
    assert not Path("My Own Feed!").exists()


@pytest.mark.parametrize(
    ("arguments", "prepare", "word"),
    [
        (["--feed-url", "example.org"], None, "--feed-url: “example.org”"),
        (["--feed-url", "https://example.org/?feed=1"], None, "must be the address of a folder"),
        (["--feed-url", "https://anna:x@example.org/"], None, "must be the address of a folder"),
        (["--feed-url", "https://example.org/<b>"], None, "must be the address of a folder"),
        ([], ("pod/feed.xml", "<rss/>"), "pod/feed.xml exists and was not written by Mixer"),
        ([], ("pod/feed.json", "{"), "pod/feed.json is damaged"),
        (["--feed-episodes", "chapter", "--format", "opus"], None, "opus"),
    ],
)
def test_wrong_folder_or_address_is_refused_before_work(mixer, arguments, prepare, word):
    write_story("title: One")
    if prepare:
        Path(prepare[0]).parent.mkdir()
        Path(prepare[0]).write_text(prepare[1])
    out = "out/a.opus" if "opus" in arguments else "out/a.mp3"
    done = mixer("narrate", "story.md", "--out", out, "--feed", "pod", *arguments)
    assert done.code
    assert word in done.error
    assert not Path(out).exists()


def write_file(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def publish(folder, title):
    audio = FeedFile("story.mp3", "audio/mpeg", 3)
    content = StoryEpisodes(title, (Episode(title, audio, 1.0),))
    story = FolderEpisode(content, lambda _, path: write_file(path, b"mp3"))
    return FeedFolder(folder, URL).publish(story, 1_700_000_000)


def test_titles_that_look_alike_have_folders_of_their_own(tmp_path):
    for title in ("The Gate", "The Gate!", "???", "!!!", "feed.xml"):
        publish(tmp_path, title)
    episodes = read_feed(tmp_path)["episodes"]
    assert len({each["enclosures"][0]["url"] for each in episodes}) == 5
    for each in episodes:
        assert find_file(tmp_path, each["enclosures"][0]["url"]).is_file()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"story_id": 1e999}'])
def test_damaged_story_is_named_and_comes_back_when_it_is_published_again(tmp_path, content):
    for title in ("A", "B"):
        publish(tmp_path, title)
    (tmp_path / "a" / "episode.json").write_text(content)
    assert any("a/episode.json is damaged" in each for each in publish(tmp_path, "C"))
    assert not any("damaged" in each for each in publish(tmp_path, "A"))
    assert {each["title"] for each in read_feed(tmp_path)["episodes"]} == {"A", "B", "C"}


def test_deleted_and_damaged_stories_are_left_out(tmp_path):
    for title in ("A", "B", "C"):
        publish(tmp_path, title)
    (tmp_path / "a" / "episode.json").write_text("{")
    (tmp_path / "b" / "episode.json").unlink()
    publish(tmp_path, "D")
    assert {each["title"] for each in read_feed(tmp_path)["episodes"]} == {"C", "D"}
    assert json.loads((tmp_path / "feed.json").read_text())["url"] == URL
