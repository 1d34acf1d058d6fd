"""The XML of feeds: read back by two parsers, with hostile texts; their pictures and numbers."""

from dataclasses import replace
from io import BytesIO

import feedparser
import podcastparser
import pytest
from defusedxml import ElementTree
from PIL import Image

from mixer.errors import UnusablePicture
from mixer.publish.feed import (
    Episode,
    FeedChannel,
    FeedFile,
    Person,
    PublishedStory,
    StoryEpisodes,
    fit_artwork,
    format_feed,
    list_items,
)
from tests.pictures import build_picture

GUID = "11b3bab0-3045-55cd-80c5-07e0b8f629cf"
ADDRESS = "https://example.org/feed/key"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"

CHANNEL = FeedChannel(
    GUID,
    "The Harbour",
    "Ships and lamps.",
    author="Ann",
    language="en-GB",
    categories=("Arts/Books", "Fiction"),
    owner_email="ann@example.org",
    artwork=FeedFile("artwork.jpg", "image/jpeg", 9),
)
EPISODE = Episode(
    "The Gate",
    FeedFile("s1/story one.mp3", "audio/mpeg", 12_345),
    3_661.4,
    summary="It was late.",
    notes_html="<p>It was late.</p>",
    number=2,
    season=1,
    is_explicit=False,
    chapters=FeedFile("s1/chapters.json", "application/json+chapters"),
    transcripts=(FeedFile("s1/story.vtt", "text/vtt; charset=utf-8"),),
    people=(Person("Ann", "Author", "writing"),),
)


def publish(*episodes, story_id="a" * 32, published_s=1_700_000_000, title="The Gate"):
    return PublishedStory(story_id, published_s, StoryEpisodes(title, tuple(episodes)))


def write(channel, *stories):
    items, _ = list_items(channel.guid, stories)
    return format_feed(channel, items, ADDRESS)


def parse(content):
    found = feedparser.parse(content)
    assert not found.bozo, found.get("bozo_exception")
    return podcastparser.parse(f"{ADDRESS}/feed.xml", BytesIO(content)), found


def test_two_parsers_read_back_what_was_written():
    first, second = parse(write(CHANNEL, publish(EPISODE)))
    assert first["title"] == second.feed.title == "The Harbour"
    assert (first["language"], second.feed.language) == ("en-gb", "en-gb")
    assert first["cover_url"] == second.feed.image.href == f"{ADDRESS}/artwork.jpg"
    assert (first["itunes_author"], first["itunes_categories"]) == (
        "Ann",
        [["Arts", "Books"], ["Fiction"]],
    )
    assert first["itunes_owner"] == {"name": "Ann", "email": "ann@example.org"}
    (episode,), (entry,) = first["episodes"], second.entries
    assert episode["title"] == entry.title == "The Gate"
    assert episode["guid"] == entry.id
    assert episode["published"] == 1_700_000_000
    assert (episode["number"], episode["total_time"], episode["explicit"]) == (2, 3_661, False)
    assert entry.itunes_season == "1"
    sent = {"url": f"{ADDRESS}/s1/story%20one.mp3", "mime_type": "audio/mpeg", "file_size": 12_345}
    assert episode["enclosures"] == [sent]
    assert episode["description_html"] == "<p>It was late.</p>"


def test_names_of_podcasting_2_0_are_there():
    channel = ElementTree.fromstring(write(CHANNEL, publish(EPISODE)))[0]
    assert channel.findtext(f"{PODCAST}guid") == GUID
    locked = channel.find(f"{PODCAST}locked")
    assert (locked.text, locked.get("owner")) == ("yes", "ann@example.org")
    assert channel.findtext(f"{ITUNES}block") == "Yes"
    item = channel.find("item")
    assert item.find(f"{PODCAST}transcript").attrib == {
        "url": f"{ADDRESS}/s1/story.vtt",
        "type": "text/vtt",
    }
    person = item.find(f"{PODCAST}person")
    assert (person.text, person.attrib) == ("Ann", {"role": "Author", "group": "writing"})
    assert item.find(f"{PODCAST}chapters").get("type") == "application/json+chapters"
    assert channel.find(f"{ITUNES}category/{ITUNES}category").get("text") == "Books"


def test_same_feed_is_the_same_bytes_in_any_order():
    stories = [publish(EPISODE, story_id=each * 32, title=each) for each in "abc"]
    assert write(CHANNEL, *stories) == write(CHANNEL, *reversed(stories))


@pytest.mark.parametrize(
    "text",
    [
        "</title><item>&amp;&#0;<![CDATA[ ]]>",
        "nul\x00 bell\x07 escape\x1b \ud800 \ufffe",
        "\u202edetrevni 🎙️ ️ \u2028 line",
        "T" * 10_000,
        "é" * 10_000,
        "👩‍👩‍👧" * 500,
    ],
)
def test_hostile_text_stays_text(text):
    channel = replace(CHANNEL, title=text, description=text, author=text)
    episode = replace(
        EPISODE, title=text, summary=text, notes_html=text, people=(Person(text, text),)
    )
    content = write(channel, publish(episode))
    first, second = parse(content)
    assert len(first["episodes"]) == len(second.entries) == 1
    title = ElementTree.fromstring(content)[0].findtext("title")
    assert 0 < len(title) <= 200
    assert len(ElementTree.fromstring(content)[0].findtext("description").encode()) <= 4_000


@pytest.mark.parametrize(
    ("summary", "written"),
    [
        ("Salt & <b>pepper</b>", "Salt &amp; &lt;b&gt;pepper&lt;/b&gt;"),
        ("Salt & pepper", "Salt & pepper"),
        ("<" * 4_000, "&lt;" * 999 + "…"),
    ],
)
def test_description_shows_plain_text_in_players_that_read_html(summary, written):
    content = write(CHANNEL, publish(replace(EPISODE, summary=summary)))
    assert ElementTree.fromstring(content)[0].find("item").findtext("description") == written


def test_gaps_of_a_feed_are_listed():
    assert not list(CHANNEL.list_gaps())
    hidden = replace(CHANNEL, categories=("Arts/Books", "Fairy tales"), owner_email="")
    (category,) = hidden.list_gaps()
    assert "“Fairy tales” is not a category" in category
    assert len(list(replace(hidden, artwork=None, is_listed=True).list_gaps())) == 3


def test_addresses_are_escaped_once():
    channel = replace(CHANNEL, link="https://example.org/a b/ü%20?x=1&y=2")
    items, _ = list_items(GUID, [publish(EPISODE)])
    content = format_feed(channel, items, "https://example.org/pod cast/")
    feed, found = parse(content)
    assert feed["link"] == found.feed.link == "https://example.org/a%20b/%C3%BC%20?x=1&y=2"
    (sent,) = feed["episodes"][0]["enclosures"]
    assert sent["url"] == "https://example.org/pod%20cast/s1/story%20one.mp3"


def test_number_belongs_to_the_episode_that_had_it_first():
    one = publish(EPISODE, story_id="a" * 32, published_s=10, title="One")
    two = publish(replace(EPISODE, title="Two"), story_id="b" * 32, published_s=20, title="Two")
    items, warnings = list_items(GUID, [two, one])
    assert [(each.episode.title, each.episode.number) for each in items] == [
        ("Two", None),
        ("The Gate", 2),
    ]
    (clash,) = warnings
    assert "“Two” has the episode number 2" in clash
    seasons = replace(two, content=StoryEpisodes("Two", (replace(EPISODE, season=2),)))
    assert list_items(GUID, [seasons, one])[1] == ()


@pytest.mark.parametrize(
    ("width", "height", "side", "is_changed"),
    [
        (1_400, 1_400, 1_400, False),
        (3_000, 3_000, 3_000, False),
        (300, 300, 1_400, True),
        (2_000, 1_000, 2_000, True),
        (100, 1_600, 1_600, True),
    ],
)
def test_artwork_is_square_and_large_enough(width, height, side, is_changed):
    picture, warnings = fit_artwork(build_picture(width, height, "JPEG"), "cover.jpg")
    with Image.open(BytesIO(picture.content)) as image:
        assert (image.size, image.format, image.mode) == ((side, side), "JPEG", "RGB")
    assert bool(warnings) == is_changed
    if is_changed:
        assert f"{width} × {height}" in warnings[0]


def test_what_is_not_a_picture_is_refused():
    with pytest.raises(UnusablePicture):
        fit_artwork(b"no picture", "cover.jpg")
