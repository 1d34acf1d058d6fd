"""EPUB: the book's words in its order, chapters where its contents say, and nothing dangerous."""

import io
import random
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import regex
from defusedxml.ElementTree import fromstring

from mixer.errors import MixerError, ObjectTooLarge, UnreadableText
from mixer.script.document import Document
from mixer.script.planning.plan import PlanStyle, plan_document
from mixer.script.readers import TextType, read_document
from mixer.script.readers.epub import read_epub
from mixer.script.script import Script
from tests.books import Book, build_page

LONG_BOOK_CHARS = 500_000
LONG_BOOK_CHAPTERS = 40
LONG_BOOK_S = 5.0
WORDS = "the sea lamp harbour walked slowly never again Dr. Finch said 1,204 – “quiet” & then"
DATA = Path(__file__).parent / "data"
ONE = build_page("<h2>One</h2><p>The lamp went out.</p>")
TWO = build_page("<h2>Two</h2><p id='x'>It went unnoticed.</p>")


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if block.text and not block.is_silent]


def chapters(book: Book) -> list[str]:
    return [chapter.title for chapter in script(book).chapters]


def script(book: Book) -> Script:
    return plan_document(read_epub(book.content()), PlanStyle(language=book.language))


def join_utterances(script: Script) -> str:
    return " ".join(each.text for chunk in script.chunks for each in chunk.utterances)


def letters(text: str) -> str:
    return "".join(regex.findall(r"[\p{L}\p{N}]", text))


def long_book() -> tuple[Book, list[str]]:
    """A book of the size of a novel, and its pages."""
    rng = random.Random(10)
    words = WORDS.split()
    pages = {}
    for number in range(LONG_BOOK_CHAPTERS):
        body = [f"<h2>Chapter {number + 1}</h2>"]
        length = 0
        while length < 1.05 * LONG_BOOK_CHARS / LONG_BOOK_CHAPTERS:
            sentences = [" ".join(rng.choices(words, k=rng.randint(4, 20))) for _ in range(5)]
            text = ". ".join(each.replace("&", "&amp;").capitalize() for each in sentences) + "."
            body.append(f"<p>{text.replace('lamp', '<i>lamp</i>')}</p>")
            length += len(text)
        pages[f"c{number}.xhtml"] = build_page("\n".join(body))
    contents = [(name, f"Chapter {n + 1}", 1) for n, name in enumerate(pages)]
    return Book(pages, contents), list(pages.values())


def test_a_novel_becomes_a_script_in_seconds_and_loses_no_letter():
    book, pages = long_book()
    content = book.content()
    begun_s = time.process_time()
    script_plan = plan_document(read_epub(content))
    took_s = time.process_time() - begun_s
    bodies = [fromstring(each.replace("<!DOCTYPE html>", "")) for each in pages]
    name = "{http://www.w3.org/1999/xhtml}body"
    there = "".join("".join(body.find(name).itertext()) for body in bodies)
    assert len(there) >= LONG_BOOK_CHARS
    assert letters(join_utterances(script_plan)) == letters(there)
    assert len(script_plan.chapters) == LONG_BOOK_CHAPTERS
    assert took_s < LONG_BOOK_S


def test_a_book_made_by_sphinx_is_read_whole_without_its_notes_marks():
    document = read_epub((DATA / "sphinx.epub").read_bytes())
    assert texts(document)[:9] == [
        "The Storm",
        "The lamp was lit. It burned all night. “Who is there?” she asked.",
        "One boat came in.",
        "Two boats stayed out.",
        "Note",
        "The keeper slept.",
        "light = 1",
        "The second watch",
        "It ended at dawn. See The Calm for the rest.",
    ]
    chapters = [each.title for each in plan_document(document).chapters]
    assert chapters == ["The Storm", "The second watch", "The Calm"]


def test_a_book_says_who_wrote_it_and_in_which_language():
    picture = b"\xff\xd8\xff\xe0 not really a picture"
    book = Book(
        {"one.xhtml": ONE},
        language="de",
        metadata='<meta name="cover" content="c"/><dc:description>&lt;p&gt;A '
        "&lt;b&gt;tale&lt;/b&gt;.&lt;/p&gt;</dc:description>",
        manifest='<item id="c" href="img/c.jpg" media-type="image/jpeg"/>',
        files={"OEBPS/img/c.jpg": picture},
    )
    read = read_epub(book.content())
    assert (read.title, read.author, read.language) == ("The Book", "A. Writer", "de")
    assert read.metadata.description == "A tale."
    assert read.cover is not None
    assert (read.cover.media_type, read.cover.content) == ("image/jpeg", picture)


@pytest.mark.parametrize("version", [2, 3])
def test_chapters_open_where_the_contents_point(version):
    book = Book(
        {"1.xhtml": ONE, "2.xhtml": TWO}, [("1.xhtml", "I", 1), ("2.xhtml", "II", 1)], version
    )
    assert chapters(book) == ["I", "II"]
    assert texts(read_epub(book.content())) == [
        "One",
        "The lamp went out.",
        "Two",
        "It went unnoticed.",
    ]


def test_nested_contents_open_parts_and_their_chapters():
    part = build_page("<h1>Part the First</h1><p>A motto.</p>")
    book = Book(
        {"p.xhtml": part, "1.xhtml": ONE, "2.xhtml": TWO},
        [
            ("p.xhtml", "Part", 1),
            ("1.xhtml", "One", 2),
            ("2.xhtml", "Two", 2),
            ("2.xhtml#x", "x", 3),
        ],
    )
    assert chapters(book) == ["Part", "One", "Two", "x"]


def test_a_missing_table_leaves_it_to_the_headings():
    assert chapters(Book({"1.xhtml": ONE, "2.xhtml": TWO})) == ["One", "Two"]


def test_a_table_that_is_no_xml_leaves_it_to_the_headings():
    book = Book({"1.xhtml": ONE, "2.xhtml": TWO}, [("1.xhtml", "I", 1)])
    book.files = {"OEBPS/nav.xhtml": "<html><nav>broken"}
    assert chapters(book) == ["One", "Two"]


NESTED = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Nested</dc:title></metadata><manifest>
<item id="a" href="text/part%20one/1.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="./text/../text/part%20one/deeper/2.xhtml" media-type="application/xhtml+xml"/>
</manifest><spine page-progression-direction="rtl"><itemref idref="b"/><itemref idref="a"/></spine>
</package>"""


def test_pages_deep_in_folders_are_read_in_the_order_of_the_spine():
    files = {
        "OEBPS/book.opf": NESTED,
        "OEBPS/text/part one/1.xhtml": ONE,
        "OEBPS/text/part one/deeper/2.xhtml": TWO,
    }
    document = read_epub(Book({}, files=files).content())
    assert document.title == "Nested"
    assert texts(document) == ["Two", "It went unnoticed.", "One", "The lamp went out."]


def test_one_huge_page_without_contents_is_parted_at_its_headings_in_seconds():
    sentence = "They knew &amp; they asked, again and again, what the lamp was for."
    body = "".join(
        f"<h2>Chapter {n}</h2>" + f"<p>{sentence}</p>" * 180 for n in range(LONG_BOOK_CHAPTERS)
    )
    begun_s = time.process_time()
    script_plan = script(Book({"all.xhtml": build_page(body)}))
    assert time.process_time() - begun_s < LONG_BOOK_S
    assert len(script_plan.chapters) == LONG_BOOK_CHAPTERS
    assert (
        letters(join_utterances(script_plan)).count("Theyknewtheyasked") == 180 * LONG_BOOK_CHAPTERS
    )


def test_one_huge_page_is_parted_at_the_anchors_of_its_contents():
    body = "".join(f'<h3 id="c{n}">Title {n}</h3><p>Text of {n}.</p>' for n in range(3))
    contents = [(f"all.xhtml#c{n}", f"Chapter {n}", 1) for n in range(3)]
    assert chapters(Book({"all.xhtml": build_page(body)}, contents)) == [
        "Chapter 0",
        "Chapter 1",
        "Chapter 2",
    ]


def test_a_chapter_without_a_heading_is_named_and_nothing_is_added_to_what_is_said():
    pages = {"1.xhtml": build_page("<p>It began.</p>"), "2.xhtml": build_page("<p>It ended.</p>")}
    book = Book(pages, [("1.xhtml", "Dawn", 1), ("2.xhtml", "Dusk", 1)])
    assert chapters(book) == ["Dawn", "Dusk"]
    assert join_utterances(script(book)) == "It began. It ended."


def test_notes_and_page_numbers_are_not_read():
    body = (
        '<p>Before<a epub:type="noteref" href="#n">1</a> the <span epub:type="pagebreak" title="7">'
        '7</span>storm<sup><a href="#m">[2]</a></sup>, all<a href="n.xhtml#x">*</a> slept.</p>'
        '<aside epub:type="footnote" id="n"><p>Aside.</p></aside><p role="doc-footnote">Role.</p>'
        '<section epub:type="endnotes"><ol><li>End.</li></ol></section>'
        '<p class="footnote">Class.</p><p>In 1984 <a href="#y">he</a> left.</p>'
    )
    assert texts(read_epub(Book({"1.xhtml": build_page(body)}).content())) == [
        "Before the storm, all slept.",
        "In 1984 he left.",
    ]


def test_chapters_keep_the_names_of_the_contents_in_a_book_without_other_pages():
    names = ["Chapter 1: The Harbour", "Chapter 2: The Marsh"]
    pages, contents = {}, []
    for number, name in enumerate(names, start=1):
        first, second = name.split(": ")
        pages[f"{number}.xhtml"] = build_page(f"<h2>{first}</h2><h3>{second}</h3><p>It rained.</p>")
        contents.append((f"{number}.xhtml", name, 1))
    document = read_document(Book(pages, contents).content(), TextType.EPUB)
    script = plan_document(document, PlanStyle(language="en"))
    assert [chapter.title for chapter in script.chapters] == names


def test_front_matter_that_only_the_contents_name_is_skipped():
    pages = {
        "t.xhtml": build_page("<h1>Tides</h1><p>A. Writer</p>"),
        "c.xhtml": build_page("<p>All rights reserved.</p>"),
        "1.xhtml": ONE,
    }
    contents = [("t.xhtml", "Title Page", 1), ("c.xhtml", "COPYRIGHT", 1), ("1.xhtml", "One", 1)]
    content = Book(pages, contents).content()
    assert "All rights reserved." in texts(read_epub(content))
    assert texts(read_epub(content, front_matter=False)) == ["One", "The lamp went out."]


def test_front_matter_is_skipped_on_request():
    pages = {
        "cover.xhtml": build_page("<p>Cover words</p>"),
        "imprint.xhtml": build_page("<p>Copyright words</p>", 'epub:type="copyright-page"'),
        "1.xhtml": ONE,
    }
    guide = '<guide><reference type="cover" href="cover.xhtml"/></guide>'
    content = Book(pages, version=2, guide=guide).content()
    assert texts(read_epub(content))[:2] == ["Cover words", "Copyright words"]
    assert texts(read_epub(content, front_matter=False)) == ["One", "The lamp went out."]


def test_a_picture_is_described_except_on_the_cover():
    picture = build_page('<div><img src="a.png" alt="A lamp"/></div>')
    book = Book({"cover.xhtml": picture, "1.xhtml": ONE, "2.xhtml": picture})
    assert texts(read_epub(book.content())) == ["One", "The lamp went out.", "A lamp"]


def test_a_fixed_layout_with_words_is_read():
    spread = build_page('<div style="position:absolute"><span>Once</span> <span>upon.</span></div>')
    book = Book(
        {"1.xhtml": spread}, metadata='<meta property="rendition:layout">pre-paginated</meta>'
    )
    assert texts(read_epub(book.content())) == ["Once upon."]


@pytest.mark.parametrize(
    ("stated", "actual"),
    [("utf-8", "cp1252"), ("iso-8859-1", "cp1252"), ("utf-16", "utf-16"), ("no-such", "utf-8")],
)
def test_a_page_in_another_encoding_than_it_says_is_read(stated, actual):
    text = build_page("<p>Über die Brücke</p>").replace('"utf-8"', f'"{stated}"')
    assert texts(read_epub(Book({"1.xhtml": text.encode(actual)}).content())) == ["Über die Brücke"]


@pytest.mark.parametrize(
    ("language", "body", "words"),
    [
        ("ar", '<p dir="rtl">كان يا ما كان.</p>', ["كان يا ما كان."]),
        (
            "ja",
            "<p><ruby>吾輩<rp>（</rp><rt>わがはい</rt><rp>）</rp></ruby>は猫\nである。</p>",
            ["吾輩は猫である。"],
        ),
        (
            "ja",
            '<p style="writing-mode: vertical-rl">第<span class="tcy">12</span>夜。</p>',
            ["第12夜。"],
        ),
        ("he", '<section dir="rtl"><p>היה <bdi>1904</bdi> היה.</p></section>', ["היה 1904 היה."]),
    ],
)
def test_scripts_of_other_directions_are_read(language, body, words):
    book = Book({"1.xhtml": build_page(body)}, language=language)
    assert texts(read_epub(book.content())) == words
    assert script(book).chapters


LOCK = (
    '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
    '<e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>'
)
AES = LOCK.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
BOMB = '<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


def test_hidden_fonts_are_no_lock():
    lock = LOCK.format("http://www.idpf.org/2008/embedding")
    book = Book({"1.xhtml": ONE}, files={"META-INF/encryption.xml": lock})
    assert texts(read_epub(book.content())) == ["One", "The lamp went out."]


def archive(**files: bytes | str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, content in files.items():
            zipped.writestr(path, content)
    return made.getvalue()


def understate_size(content: bytes) -> bytes:
    """An archive whose files say that they are small."""
    made = bytearray(content)
    for marker, offset in ((b"PK\x01\x02", 24),):
        at = made.rfind(marker)
        made[at + offset : at + offset + 4] = (100).to_bytes(4, "little")
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (Book({"1.xhtml": ONE}).content()[:-60], "archive is damaged"),
        (archive(**{"word/document.xml": "<w/>"}), "not an EPUB"),
        (Book({"1.xhtml": build_page('<img src="1.png"/>')}).content(), "pictures"),
        (
            Book(
                {"1.xhtml": build_page('<svg><image href="1.jpg"/></svg>')},
                metadata='<meta property="rendition:layout">pre-paginated</meta>',
            ).content(),
            "pictures",
        ),
        (
            Book({"1.xhtml": ONE}, files={"META-INF/encryption.xml": AES}).content(),
            "protected by copy protection",
        ),
        (
            Book(
                {"1.xhtml": ONE},
                files={"META-INF/encryption.xml": AES, "META-INF/rights.xml": "<r/>"},
            ).content(),
            "Adobe ADEPT",
        ),
        (Book({"1.xhtml": ONE}, files={"META-INF/license.lcpl": "{}"}).content(), "Readium LCP"),
        (Book({"../../1.xhtml": ONE}).content(), "leads out of it"),
        (Book({"1.xhtml": ONE}, files={"../../etc/passwd": "x"}).content(), "leads out of it"),
        (
            Book({"1.xhtml": build_page("<p>&b;</p>").replace("<!DOCTYPE html>", BOMB)}).content(),
            "entities",
        ),
        (Book({"1.xhtml": ONE}, files={"OEBPS/book.opf": BOMB + "<p/>"}).content(), "entities"),
        (Book({"1.xhtml": ONE}, files={"OEBPS/book.opf": "<package>"}).content(), "is not XML"),
        (Book({"1.xhtml": ONE}, files={"OEBPS/book.opf": "<package/>"}).content(), "order"),
        (Book({"1.xhtml": b" " * 40_000_000}).content(), "unpacks to more"),
        (
            understate_size(archive(**{"META-INF/container.xml": b" " * 3_000_000})),
            "cannot be unpacked",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_that_names_it(content, reason):
    with pytest.raises((UnreadableText, ObjectTooLarge), match=reason) as refused:
        read_epub(content, "book.epub")
    assert "book.epub" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_at_random_are_refused_or_read_and_nothing_else():
    content = Book({"1.xhtml": ONE}, [("1.xhtml", "I", 1)]).content()
    rng = random.Random(3)
    for _ in range(150):
        broken = bytearray(content)
        for _ in range(rng.randint(1, 12)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        with suppress(MixerError):
            read_epub(bytes(broken))


def test_a_file_without_a_name_is_not_missed():
    archive = io.BytesIO(Book({"1.xhtml": ONE}).content())
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr("zero", "")
    content = archive.getvalue().replace(b"zero", b"\0ero")  # a name ends at this
    assert read_epub(content).blocks == read_epub(Book({"1.xhtml": ONE}).content()).blocks
