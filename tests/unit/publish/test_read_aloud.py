"""A read-aloud book: whole and valid by the rules of EPUB, each sentence where it is heard."""

import io
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from mixer.publish.epub.book import write_book
from mixer.publish.epub.pages import (
    BlockShape,
    BookBlock,
    BookPage,
    BookSentence,
    ReadAloudMetadata,
    build_clips,
)
from mixer.script.readers.epub import read_epub
from tests.epub_rules import XHTML, find_broken_rules, open_epub, parse_clock_ms
from tests.pictures import build_picture

ABOUT = ReadAloudMetadata(
    title="The Gate & <other> tales",
    language="en-GB",
    identifier="urn:uuid:0b0f1a52-9a26-5b26-9d0f-2b7e0c4f7c11",
    modified=datetime(2026, 11, 26, 12, 0, 5, tzinfo=UTC),
    author="A. Writer, Örjan Åberg",
    narrator="Ada “Voice”",
    publisher="Quay <Press>",
    isbn="978-3-16-148410-0",
    year="2024",
    genre="Tales",
    series="The Harbour",
    series_part="2",
    description="A gate; “opened”.",
    cover=build_picture(100, 160, "JPEG"),
)

DC_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"


def paragraph(
    *sentences: tuple[str, float | None], shape: BlockShape = BlockShape.PARAGRAPH
) -> BookBlock:
    return BookBlock(shape, tuple(BookSentence(text, at) for text, at in sentences))


PAGES = (
    BookPage(
        "One & only",
        (
            paragraph(("One & only", 0.3), shape=BlockShape.HEADING),
            paragraph(("He <left>.", 1.0), ("It was “late”.", 2.5)),
            BookBlock(BlockShape.SCENE_BREAK),
            paragraph(("☃☃☃", None)),
            paragraph(("She came.", 4.25)),
        ),
        6.4,
    ),
    BookPage("Unsaid", (paragraph(("They talked.", 0.0)),), 3.2),
    BookPage("Pictures", (paragraph(("♫", None)),), 1.0),
)


def book(
    tmp_path: Path, pages: tuple[BookPage, ...] = PAGES, about: ReadAloudMetadata = ABOUT
) -> bytes:
    audio = tmp_path / "part.mp3"
    audio.write_bytes(b"sound " * 1_000)
    file = io.BytesIO()
    write_book(file, about, ((page, audio) for page in pages))
    return file.getvalue()


def test_it_keeps_the_rules(tmp_path: Path):
    assert find_broken_rules(book(tmp_path)) == []


def test_every_sentence_stands_on_its_page_and_in_its_place(tmp_path: Path):
    made = open_epub(book(tmp_path))
    first = made.parse_root("EPUB/chapter-0001.xhtml")
    spans = {e.attrib["id"]: e.text for e in first.iter(f"{XHTML}span")}
    assert list(spans.values()) == [sentence.text for sentence in PAGES[0].sentences]
    overlay = made.archive.read("EPUB/chapter-0001.smil").decode()
    assert '#s1"/><audio src="audio/chapter-0001.mp3" clipBegin="0:00:01.000"' in overlay
    assert '"0:00:04.250" clipEnd="0:00:06.400"' in overlay
    assert "#s3" not in overlay  # nobody can say it
    assert len(list(first.iter(f"{XHTML}hr"))) == 1


def test_a_title_that_is_not_said_is_there_to_be_read(tmp_path: Path):
    second = open_epub(book(tmp_path)).parse_root("EPUB/chapter-0002.xhtml")
    (title,) = second.iter(f"{XHTML}h1")
    assert (title.text, title.get("id")) == ("Unsaid", None)


def test_clips_leave_nothing_of_the_sound_out():
    for page in PAGES[:2]:
        found = build_clips(page)
        assert (found[0].begin_ms, found[-1].end_ms) == (0, round(page.duration_s * 1000))
        assert all(a.end_ms == b.begin_ms for a, b in pairwise(found))


def test_sentences_at_one_moment_or_behind_the_end_have_no_clip_of_no_length():
    page = BookPage(
        "x", (paragraph(("a", 0.5), ("b", 0.9), ("c", 0.9), ("d", 0.8), ("e", 9.0)),), 2.0
    )
    assert [(c.number, c.begin_ms, c.end_ms) for c in build_clips(page)] == [
        (0, 0, 900),
        (1, 900, 2000),
    ]


def test_what_nobody_reads_aloud_has_neither_overlay_nor_sound(tmp_path: Path):
    made = open_epub(book(tmp_path))
    assert made.items["chapter-0003"].overlay is None
    assert not [name for name in made.archive.namelist() if "0003." in name and "xhtml" not in name]


@pytest.mark.parametrize(("language", "runs"), [("ar", "rtl"), ("he-IL", "rtl"), ("de-DE", "ltr")])
def test_it_runs_as_its_language_does(tmp_path: Path, language: str, runs: str):
    about = ReadAloudMetadata("Buch", language, "urn:x:1", ABOUT.modified)
    made = book(tmp_path, PAGES, about)
    assert find_broken_rules(made) == []
    page = open_epub(made).parse_root("EPUB/chapter-0001.xhtml")
    assert (page.get("dir"), page.get("lang")) == (runs, language)
    assert (
        f'page-progression-direction="{runs}"'
        in open_epub(made).archive.read("EPUB/package.opf").decode()
    )


def test_chinese_sentences_stand_without_spaces(tmp_path: Path):
    page = BookPage("一", (paragraph(("他走了。", 0.0), ("她来了。", 1.0)),), 2.0)
    made = open_epub(book(tmp_path, (page,)))
    text = "".join(made.parse_root("EPUB/chapter-0001.xhtml").itertext())
    assert "他走了。她来了。" in text


def test_the_same_book_is_the_same_file(tmp_path: Path):
    assert book(tmp_path) == book(tmp_path)


def test_mixer_reads_its_own_book(tmp_path: Path):
    document = read_epub(book(tmp_path))
    assert (document.title, document.author, document.language) == (
        ABOUT.title,
        ABOUT.author,
        "en-GB",
    )
    found = document.metadata
    assert (found.publisher, found.isbn, found.year, found.genre, found.series) == (
        ABOUT.publisher,
        "9783161484100",
        ABOUT.year,
        ABOUT.genre,
        "The Harbour 2",
    )
    assert document.cover is not None
    words = [block.text for block in document.blocks if block.text]
    assert words[:2] == ["One & only", "He <left>. It was “late”."]


@pytest.mark.parametrize(
    ("author", "creators"),
    [
        ("Ann Example, Ben Sample", ["Ann Example", "Ben Sample"]),
        ("Example, Ann", ["Example, Ann"]),
        ("Ben Sample, Jr.", ["Ben Sample, Jr."]),
        ("", []),
    ],
)
def test_each_author_is_a_creator(tmp_path: Path, author: str, creators: list[str]):
    about = replace(ABOUT, author=author)
    package = open_epub(book(tmp_path, about=about)).parse_root("EPUB/package.opf")
    assert [each.text for each in package.iter(DC_CREATOR)] == creators


def test_total_is_what_is_heard(tmp_path: Path):
    made = open_epub(book(tmp_path))
    total = next(m for m in made.metas("media:duration") if not m.get("refines"))
    assert parse_clock_ms(total.text or "") == 6_400 + 3_200


@pytest.mark.parametrize(
    ("member", "before", "after"),
    [
        ("EPUB/package.opf", "dcterms:modified", "dcterms:created"),
        ("EPUB/package.opf", 'properties="nav"', ""),
        ("EPUB/package.opf", ">0:00:09.600<", ">0:00:09.601<"),
        ("EPUB/package.opf", 'media-overlay="chapter-0001-overlay"', ""),
        ("EPUB/chapter-0001.smil", "#s2", "#s99"),
        ("EPUB/chapter-0001.smil", "#s1", "#s4"),
        ("EPUB/chapter-0001.xhtml", 'id="s2"', 'id="s1"'),
        ("EPUB/nav.xhtml", "chapter-0002.xhtml", "chapter-0009.xhtml"),
        ("mimetype", "epub", "apub"),
    ],
)
def test_the_rules_see_what_is_broken(tmp_path: Path, member: str, before: str, after: str):
    whole = zipfile.ZipFile(io.BytesIO(book(tmp_path)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for info in whole.infolist():
            content = whole.read(info)
            if info.filename == member:
                assert before.encode() in content
                content = content.replace(before.encode(), after.encode(), 1)
            archive.writestr(info, content)
    with suppress(ValueError):  # one nav is taken for granted where there is none
        assert find_broken_rules(file.getvalue()) != []
