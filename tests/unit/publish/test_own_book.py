"""A read-aloud book of a book's own pages, which get elements around sentences, and stay else."""

import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mixer.errors import MixerError
from mixer.publish.epub.book import ACTIVE
from mixer.publish.epub.own_book import OwnBook, SourceBook
from mixer.publish.epub.own_package import keep_order
from mixer.publish.epub.own_pages import state_language, upgrade_page
from mixer.publish.epub.pages import (
    BlockShape,
    BookBlock,
    BookPage,
    BookSentence,
    ReadAloudMetadata,
)
from mixer.script.edits import SentenceEdit, edit_document, locate_origins
from mixer.script.planning import PlanStyle, plan_document
from mixer.script.readers import TextType, read_document
from tests.books import Book, build_page
from tests.epub_rules import SMIL, list_overlays, open_epub, parse_clock_ms

DATA = Path(__file__).parents[1] / "script" / "readers" / "data"
ABOUT = ReadAloudMetadata(
    title="The Book",
    language="en",
    identifier="urn:uuid:0b0f1a52-9a26-5b26-9d0f-2b7e0c4f7c11",
    modified=datetime(2026, 11, 26, 12, 0, 5, tzinfo=UTC),
    narrator="Ada",
    is_synthetic=True,
)
MARK = re.compile(r'<span id="aloud_*[\d-]+">(.*?)</span>', re.DOTALL)
IDENTIFIED = (
    '<dc:identifier id="id">urn:x:1</dc:identifier>'
    '<meta property="dcterms:modified">2020-01-01T00:00:00Z</meta>'
)
PAGE = (
    '<h1 class="t">One &amp; only</h1><p title="a > b">He <em>left. She</em> stayed.'
    '<sup><a href="#n">1</a></sup> Then <b>rain</b>.</p>\n<!-- <p>no. -->'
    '<p>It was 5&nbsp;<i>May</i><br/>and late.</p><p id="n"><a href="#n">1</a> A note.</p>'
    "<p><img src='ship.png' alt='A ship at sea with sails'/></p>"
    "<script>//<![CDATA[\nif (1 < 2) { }\n//]]></script>"
)


def make_book(content: bytes, tmp_path: Path, *, by_word: bool = False, edits=()) -> bytes:
    """The book with one part for each chapter, a sentence a second."""
    document = read_document(content, TextType.EPUB)
    for edit in edits:
        document = edit_document(document, edit, is_markdown=False)
    script = plan_document(document, PlanStyle())
    origins = locate_origins(document, script, PlanStyle(script.language))
    parts = []
    for chapter in script.chapters:
        texts = [each.text for chunk in chapter.chunks for each in chunk.utterances]
        sentences = tuple(
            BookSentence(text, float(n), tuple(time_words(text, n)) if by_word else ())
            for n, text in enumerate(texts)
        )
        block = BookBlock(BlockShape.PARAGRAPH, sentences)
        parts.append(BookPage(chapter.title, (block,), float(len(texts))))
    audio = tmp_path / "part.mp3"
    audio.write_bytes(b"sound")
    file = io.BytesIO()
    OwnBook(SourceBook(content, origins), parts).write(file, ABOUT, [audio] * len(parts))
    return file.getvalue()


def time_words(text: str, at: int):
    words = list(re.finditer(r"\S+", text))
    return [(word.start(), at + n / len(words)) for n, word in enumerate(words)]


def read_highlights(content: bytes) -> list[tuple[str, int, int]]:
    """What is highlighted, with its begin and end in milliseconds, in reading order."""
    book, found = open_epub(content), []
    for page, overlay in list_overlays(book):
        texts = {
            each.attrib["id"]: " ".join("".join(each.itertext()).split())
            for each in book.parse_root(page.path).iter()
            if "id" in each.attrib
        }
        for par in book.parse_root(overlay.path).iter(f"{SMIL}par"):
            text, audio = par
            times = [parse_clock_ms(audio.attrib[name]) for name in ("clipBegin", "clipEnd")]
            found.append((texts[text.attrib["src"].partition("#")[2]], *times))
    return found


LONG = (
    "It was on May 5 that Mr. Brown came down to the harbour, where the boats lay two and two "
    "beside the old well-known wall, and waited for the tide."
)
VERSE = ["It was 5 May", "and late."]


def own_book(**more) -> Book:
    return Book(
        {"1.xhtml": build_page(PAGE)},
        [("1.xhtml", "One & only", 1)],
        files={"OEBPS/ship.png": b"\x89PNG", "OEBPS/f.otf": b"\0font", "META-INF/encryption.xml": (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
            'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
            '<enc:EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/>'
            '<enc:CipherData><enc:CipherReference URI="OEBPS/f.otf"/></enc:CipherData>'
            "</enc:EncryptedData></encryption>"
        )},
        manifest='<item id="s" href="ship.png" media-type="image/png"/>'
        '<item id="f" href="f.otf" media-type="application/vnd.ms-opentype"/>'
        '<item id="r" href="https://example.org/a.mp3" media-type="audio/mpeg"/>',
        metadata=IDENTIFIED,
        **more,
    )  # fmt: skip


def test_pages_stay_as_they_are_but_for_elements_around_sentences(tmp_path):
    made = make_book(own_book().content(), tmp_path)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        page = archive.read("OEBPS/1.xhtml").decode()
        assert [archive.read(f"OEBPS/{name}") for name in ("ship.png", "f.otf")] == [
            b"\x89PNG",
            b"\0font",
        ]
        assert b"2008/embedding" in archive.read("META-INF/encryption.xml")
        package = archive.read("OEBPS/book.opf").decode()
        assert ACTIVE in archive.read("OEBPS/read-aloud/style.css").decode()
    link = '<link rel="stylesheet" type="text/css" href="read-aloud/style.css"/>'
    source = build_page(PAGE).replace("&nbsp;", "&#160;")
    source = source.replace("<html", '<html lang="en" xml:lang="en"')
    source = source.replace("<![CDATA[\nif (1 < 2) { }\n//]]>", "\nif (1 &lt; 2) { }\n//")
    assert MARK.sub(r"\1", page).replace(link, "") == source
    assert package.count("urn:x:1") == package.count("dcterms:modified") == 1
    assert "https://example.org/a.mp3" in package
    assert "2026-11-26T12:00:05Z" in package
    assert '"schema:accessibilityHazard">unknown<' in package
    assert ' xml:lang="en"' in package
    assert f">{ACTIVE}</meta>" in package


def test_each_sentence_is_highlighted_while_it_plays(tmp_path):
    made = make_book(own_book().content(), tmp_path)
    assert read_highlights(made) == [
        ("One & only", 0, 1_000),
        ("He", 1_000, 1_285),
        ("left.", 1_285, 2_000),
        ("She", 2_000, 2_300),
        ("stayed.", 2_300, 3_000),
        ("Then rain.", 3_000, 4_000),
        ("It was 5 May", 4_000, 5_000),
        ("and late.", 5_000, 7_000),  # and the words of the picture behind it
    ]


def test_words_are_highlighted_too(tmp_path):
    words = [
        each
        for each, _, _ in read_highlights(make_book(own_book().content(), tmp_path, by_word=True))
    ]
    assert words[:8] == ["One", "&", "only", "He", "left.", "She", "stayed.", "Then"]
    assert words[-3:] == ["May", "and", "late."]


def test_changed_words_highlight_their_paragraph(tmp_path):
    edit = SentenceEdit(block=1, start=0, end=8, text="He went away.")
    shown = [
        each
        for each, _, _ in read_highlights(make_book(own_book().content(), tmp_path, edits=[edit]))
    ]
    assert shown == ["One & only", "He left. She stayed.1 Then rain.", *VERSE]


@pytest.mark.parametrize("name", ["pandoc-2.epub", "pandoc-3.epub"])
def test_books_of_tools_keep_their_files_and_get_overlays(tmp_path, name):
    content = (DATA / name).read_bytes()
    made = make_book(content, tmp_path)
    book = open_epub(made)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [each for each in archive.namelist() if not each.endswith(("/", ".opf", ".xhtml"))]
        assert [book.archive.read(each) for each in names] == [archive.read(each) for each in names]
    assert book.package.get("version") == "3.0"
    assert [i.path for i in book.items.values() if "nav" in i.properties]
    assert len(list(list_overlays(book))) == 4
    shown = [each for each, _, _ in read_highlights(made)]
    assert shown[4:7] == [
        "The Storm",
        LONG,
        "“Don’t go,” she said.",
    ]


ODD_PAGES = {
    "not XML": "<p>One <br>two.<p>Three <b>four.",
    "character names": "<p>Caf&eacute;&nbsp;one. A&shy;way &amp; out.</p>",
    "ruby": "<p><ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby> is it. Yes.</p>",
    "drop cap": '<p class="dropcap">“I</p><p>t was late. So.</p>',
    "hyphen over pages": '<p>The mat-</p><div class="pagebreak">12</div><p>ter is so. End.</p>',
    "powers and notes": '<p>x<sup>2</sup> so<a href="#n"><sup>3</sup></a>. CO<sub>2</sub> too.</p>',
    "own ids": '<p id="aloud0">One.</p><p>Two.</p>',
    "section": "<p>One <![CDATA[< two.]]> Three.</p>",
    "upper case": "<P>One. <EM>Two.</EM></P>",
}


@pytest.mark.parametrize("body", ODD_PAGES.values(), ids=ODD_PAGES)
def test_odd_pages_are_read_aloud_whole(tmp_path, body):
    content = Book({"1.xhtml": build_page(body)}, [("1.xhtml", "One", 1)]).content()
    made = make_book(content, tmp_path)
    document = read_document(content, TextType.EPUB)
    script = plan_document(document, PlanStyle())
    story_words = "".join(u.text for c in script.chunks for u in c.utterances).replace("²", "2")
    shown = "".join(text for text, _, _ in read_highlights(made))
    letters = str.maketrans("₂", "2", " -\xad\xa03")
    assert re.sub("kan|ji", "", shown.translate(letters)) == story_words.translate(letters)
    ends = [end for _, _, end in read_highlights(made)]
    assert ends == sorted(ends)


def replace_file(content: bytes, path: str, text: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w") as archive:
        for name in before.namelist():
            archive.writestr(name, text if name == path else before.read(name))
    return made.getvalue()


HOSTILE = {
    "entities": (
        "OEBPS/1.xhtml",
        b'<!DOCTYPE x [<!ENTITY a "b">]><html><body><p>One.</p></body></html>',
    ),
    "depth": ("OEBPS/1.xhtml", b"<html><body>" + b"<i>" * 100_000 + b"One.</body></html>"),
    "package": ("OEBPS/book.opf", b'<!DOCTYPE x [<!ENTITY a "b">]><package>&a;</package>'),
    "old package": ("OEBPS/book.opf", b"<package><metadata/><manifest/><spine/></package>"),
    "no archive": ("", b""),
}


@pytest.mark.parametrize(("path", "text"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_books_are_refused_with_a_sentence(path, text):
    content = replace_file(own_book().content(), path, text) if path else b"PK"
    document = read_document(own_book().content(), TextType.EPUB)
    script = plan_document(document, PlanStyle())
    origins = locate_origins(document, script, PlanStyle(script.language))
    blocks = tuple(BookSentence(u.text, 0.0) for c in script.chunks for u in c.utterances)
    page = BookPage("One", (BookBlock(BlockShape.PARAGRAPH, blocks),), 9.0)
    with pytest.raises(MixerError):
        OwnBook(SourceBook(content, origins), [page])


def test_overlays_that_a_book_has_make_room(tmp_path):
    first = make_book(own_book().content(), tmp_path)
    again = make_book(first, tmp_path)
    assert len(list(list_overlays(open_epub(again)))) == 1
    assert read_highlights(again)[0] == ("One & only", 0, 1_000)


def test_pages_of_paragraphs_are_marked_in_linear_work(tmp_path):
    body = "<p>" + "One <i>two. Three</i> four. " * 800 + "</p>"
    made = make_book(Book({"1.xhtml": build_page(body)}).content(), tmp_path)
    assert len(read_highlights(made)) == 4 * 800


@pytest.mark.parametrize(
    ("written", "today"),
    [
        ('<p align="center">a</p>', '<p style="text-align: center">a</p>'),
        ('<tr valign="top" class="x">', '<tr class="x" style="vertical-align: top">'),
        ('<td width="80" style="x: y;">', '<td style="x: y; width: 80px">'),
        ('<font size="2" color="red">a</font>', '<span style="color: red">a</span>'),
        ("<center>a</center>", '<div style="text-align: center">a</div>'),
        ('<br clear="all"/>', "<br/>"),
        ('<img width="9" alt="a > b"/>', '<img width="9" alt="a > b"/>'),
        (
            '<!-- <p align="x"> --><a href="?a=1&amp;b">',
            '<!-- <p align="x"> --><a href="?a=1&amp;b">',
        ),
    ],
)
def test_what_older_html_states_of_looks_becomes_styles(written, today):
    assert upgrade_page(written) == today


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("<html>", '<html lang="de" xml:lang="de">'),
        ('<html xml:lang="fr">', '<html xml:lang="fr">'),
        ('<html\n lang="fr">', '<html\n lang="fr">'),
        ("<htmls><html id='x'>", '<htmls><html lang="de" xml:lang="de" id=\'x\'>'),
    ],
)
def test_a_page_without_a_language_gets_that_of_its_book(written, stated):
    assert state_language(written, "de") == stated


def test_contents_that_lead_back_are_left_out_of_a_navigation_document():
    lines = [("1", "", "One", 1), ("2", "n", "1", 1), ("1", "r", "←1", 1), ("2", "", "Two", 1)]
    assert [line[2] for line in keep_order(lines, ["1", "2"])] == ["One", "1", "Two"]
