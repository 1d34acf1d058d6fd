"""Targets by name: their defaults, their rules one by one, and the folders of libraries."""

from pathlib import Path

import pytest
from mutagen.mp4 import MP4

from mixer.narration.output_files import place_in_library
from mixer.requests import Options
from mixer.script import Document
from mixer.script.script import Metadata
from mixer.services.inspection import read_tags
from mixer.sound import PRESETS, ProcessGroup, ffmpeg
from mixer.sound.formats import FORMATS
from mixer.targets import load_targets
from tests.commands import InProcessCli
from tests.pictures import build_picture

HEAD = (
    "---\ntitle: The Gate\nauthor: Ann Example\nnarrator: Ben Reader\nseries: The Harbour, Book 2\n"
    "publisher: Quay Press\nlanguage: en-GB\n"
    "cover: cover.png\n---\n\n# One\n\nThe lamp went out.\n\n# Two\n\nIt was late.\n"
)

NAMED_IN_MP4 = {
    "SERIES": "The Harbour",
    "SERIES-PART": "2",
    "PUBLISHER": "Quay Press",
    "LANGUAGE": "eng",
}


@pytest.fixture
def mixer(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return InProcessCli(capsys)


@pytest.mark.parametrize("name", load_targets())
def test_target_sets_what_is_not_given(name):
    target = load_targets()[name]
    chosen = Options(target=name)
    assert (chosen.preset, chosen.format) == (target.preset, target.format)
    assert chosen.bitrate_kbps == target.bitrate_kbps
    given = Options(target=name, preset="broadcast", format="flac", bitrate_kbps=64)
    assert (given.preset, given.format, given.bitrate_kbps) == ("broadcast", "flac", 64)
    assert target.preset in PRESETS
    assert target.format in FORMATS
    assert target.source.startswith("https://")


def test_book_in_a_library_is_read_back_as_audiobookshelf_reads_it(mixer):
    """Fields as Audiobookshelf maps them (its book scanner): album, artist, composer, series."""
    Path("cover.png").write_bytes(build_picture(600, 900))
    Path("story.md").write_text(HEAD)
    done = mixer("narrate", "story.md", "--library", "Books", "--target", "audiobookshelf")
    assert done.code == 0, done.err
    assert "is broken" not in done.err
    path = Path("Books/Ann Example/The Harbour/Vol 2 - The Gate/The Gate.m4b")
    tags = MP4(path)
    assert (tags["\xa9alb"], tags["\xa9ART"], tags["\xa9wrt"]) == (
        ["The Gate"],
        ["Ann Example"],
        ["Ben Reader (synthetic voice)"],
    )
    named = {name: tags[f"----:com.apple.iTunes:{name}"] for name in NAMED_IN_MP4}
    assert named == {name: [value.encode()] for name, value in NAMED_IN_MP4.items()}
    assert [each.title for each in tags.chapters] == ["One", "Two"]
    assert len(tags["covr"]) == 1
    checked = mixer("inspect", str(path), "--target", "audiobookshelf")
    assert checked.code == 0, checked.err
    assert "kept    artwork: 600 × 900 (sides of 200 to 3,000 pixels)" in checked.out
    broken = mixer("inspect", str(path), "--target", "acx")
    assert broken.code
    for rule in ("bitrate_kbps", "artwork", "room_tone_before_s"):
        assert rule in broken.error
    assert "BROKEN  artwork: 600 × 900 (a square of 2,400 to 3,000 pixels)" in broken.out
    assert "without its permission" in broken.out


def test_broken_rules_of_a_target_are_warnings(mixer):
    Path("cover.png").write_bytes(build_picture(600, 900))
    Path("story.md").write_text(HEAD)
    again = mixer("narrate", "story.md", "--out", "video.m4a", "--target", "youtube")
    assert again.code == 0, again.err
    for rule in ("Chapters: 2, but at least 3 is required.", "Shortest chapter: "):
        assert f"A rule of YouTube is broken. {rule}" in again.err
    podcast = mixer("narrate", "story.md", "--out", "episode.mp3", "--target", "apple-podcasts")
    artwork = "The artwork is 600 × 900, but a square of 1,400 to 3,000 pixels is required."
    assert f"A rule of Apple Podcasts is broken. {artwork}" in podcast.err


@pytest.mark.parametrize(
    ("title", "author", "series", "place"),
    [
        ("A", "B", "C 3", "B/C/Vol 3 - A/A.m4b"),
        ("A", "B", "", "B/A/A.m4b"),
        ("A", "", "C", "Unknown/C/A/A.m4b"),
        ("", "", "", "Unknown/draft/draft.m4b"),
        ("../../etc", "..", "/", "Unknown/etc/etc.m4b"),
        ("A/B: C?", "D\x00E", "", "D E/A B C/A B C.m4b"),
    ],
)
def test_place_in_a_library_stays_inside_it(title, author, series, place):
    document = Document((), title=title, author=author, metadata=Metadata(series=series))
    assert place_in_library(Path("L"), document, Options(), "draft") == Path("L", place)


def test_long_names_fit_into_folders():
    document = Document((), title="é" * 10_000, author="👩‍👩‍👧" * 500)
    place = place_in_library(Path("L"), document, Options(), "draft")
    assert all(len(part.encode()) < 200 for part in place.parts)


def test_library_and_file_are_not_chosen_together(mixer):
    Path("story.md").write_text("Words.")
    done = mixer("narrate", "story.md", "--library", "Books", "--out", "a.mp3")
    assert done.code == 2
    assert "--library" in done.error


@pytest.mark.parametrize(
    "tag", ["START=abc", "START=7", "TIMEBASE=1/0", "TIMEBASE=x", "END=7", "[CHAPTER]\\=1"]
)
def test_tags_of_a_chapter_that_look_like_its_times_are_not_read_as_them(tmp_path, tag):
    times = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={}\ntitle=A\n"
    text = f";FFMETADATA1\n{times.format(0, 500)}{tag}\n{times.format(500, 1_000)}"
    path, listed = tmp_path / "story.mka", tmp_path / "tags.txt"
    listed.write_text(text)
    tone = ["-f", "lavfi", "-i", "sine=duration=1", "-i", str(listed), "-map_chapters", "1"]
    ffmpeg.run([*tone, str(path)], timeout_s=60)
    tags = read_tags(path, 1.0, ProcessGroup())
    assert [start_s for start_s, _ in tags.chapters] == [0.0, 0.5]
