"""Chapters as the contents of a book name and place them."""

import pytest

from mixer.script.planning import plan_document
from mixer.script.readers.epub import read_epub
from tests.books import Book, build_page


def read_chapters(book: Book) -> list[str]:
    return [chapter.title for chapter in plan_document(read_epub(book.content())).chapters]


def build_pages(*bodies: str) -> dict[str, str | bytes]:
    return {f"{number}.xhtml": build_page(body) for number, body in enumerate(bodies, 1)}


@pytest.mark.parametrize(
    ("bodies", "contents", "chapters"),
    [
        (
            ('<h1 id="v">Volume</h1><h2 id="p">Part</h2><h3 id="c">I</h3><p>A.</p>',),
            [("1.xhtml#v", "Volume", 1), ("1.xhtml#p", "Part", 2), ("1.xhtml#c", "I", 3)],
            ["Volume", "Part", "I"],
        ),
        (
            ('<h2>Part</h2><a id="c"></a>', "<h3>I</h3><p>A.</p>"),
            [("1.xhtml", "Part", 1), ("1.xhtml#c", "I", 2)],
            ["Part", "I"],
        ),
        (
            ('<h2>One</h2><p>A. <a id="b"></a></p><h2>Two</h2><p>B.</p>',),
            [("1.xhtml", "One", 1), ("1.xhtml#b", "Two", 1)],
            ["One", "Two"],
        ),
        (
            ("<h1>I</h1><p>A.</p>", "<h1>II</h1><p>B.</p>"),
            [("1.xhtml", "I", 1), ("2.xhtml", "Chapter II: The Sea", 1)],
            ["I", "Chapter II: The Sea"],
        ),
        (("<p>A.</p>", "<p>B.</p>"), [("1.xhtml", "I", 1), ("2.xhtml#gone", "II", 1)], ["I", "II"]),
        (
            ("<h2>Part</h2><h3>I</h3><p>A.</p>", "<h2>End</h2><p>B.</p>"),
            [("1.xhtml", "Part", 1), ("2.xhtml", "End", 1)],
            ["Part", "End"],
        ),
        (
            ("<p>Chapter 1</p><p>A.</p>", "<p>Chapter 2</p><p>B.</p>"),
            None,
            ["Chapter 1", "Chapter 2"],
        ),
        (("<p>A.</p>",), [("1.xhtml", "↩︎", 1), ("1.xhtml", "I", 1)], ["I"]),
    ],
)
@pytest.mark.parametrize("version", [2, 3])
def test_chapters_are_those_of_the_contents(bodies, contents, chapters, version):
    assert read_chapters(Book(build_pages(*bodies), contents, version)) == chapters


LINES = '<p><a href="2.xhtml">I</a></p><p><a href="3.xhtml">II</a></p>'
TABLE = '<table><tr><td><a href="2.xhtml">I</a></td><td>7</td></tr><tr><td><a href="3.xhtml">II</a>'


@pytest.mark.parametrize(
    "page",
    [
        f"<h1>Contents</h1>{LINES}",
        f"<h1>The Book</h1>{LINES}",
        f"<p>Text.</p><h2>Table of Contents</h2>{LINES}",
        f"<h2>CONTENTS</h2>{TABLE}</td><td>9</td></tr></table>",
        f'<nav epub:type="toc"><ol>{LINES}</ol></nav>',
        f"<h3>Inhalt</h3>{LINES}",
    ],
)
def test_a_page_of_contents_is_not_read(page):
    pages = build_pages(page, "<h2>I</h2><p>A.</p>", "<h2>II</h2><p>B.</p>")
    document = read_epub(Book(pages, [("2.xhtml", "I", 1), ("3.xhtml", "II", 1)]).content())
    words = [block.text for block in document.blocks if block.text not in ("", "Text.")]
    assert words == ["I", "A.", "II", "B."]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<p>{'It was late. ' * 200}</p>{LINES}", ["It was late."]),
        (f"<p>In this book</p>{LINES}", []),
    ],
)
def test_a_page_that_is_named_as_the_contents_is_read_where_it_holds_the_text(body, words):
    guide = '<guide><reference type="toc" href="1.xhtml#toc"/></guide>'
    pages = build_pages(body, "<h2>I</h2><p>A.</p>", "<h2>II</h2><p>B.</p>")
    blocks = read_epub(Book(pages, version=2, guide=guide).content()).blocks
    assert [block.text[:12] for block in blocks if block.text.startswith(("It", "In"))] == words


@pytest.mark.parametrize(
    ("above", "is_read"),
    [
        ("<p>Contents</p>", False),
        ("<p>Table of Contents</p>", False),
        ("<p>Contents</p><p>Contents i</p><p>I 3</p><p>II 9</p>", False),
        ("<p>Contents</p><p>A box of chalk.</p>", True),
    ],
)
def test_a_title_of_contents_is_not_read_without_lines_or_with_itself_among_them(above, is_read):
    page = f"<p>Text.</p>{above}<h2 id='a'>I</h2><p>A.</p><h2 id='b'>II</h2><p>B.</p>"
    lines = [("1.xhtml#a", "I", 1), ("1.xhtml#b", "II", 1)]
    words = [block.text for block in read_epub(Book(build_pages(page), lines).content()).blocks]
    assert any(word.startswith("Contents") for word in words) == is_read


def test_links_in_a_text_are_read():
    page = '<p>See <a href="2.xhtml">I</a> and <a href="3.xhtml">II</a>.</p>'
    document = read_epub(Book(build_pages(page)).content())
    assert [block.text for block in document.blocks] == ["See I and II."]


def test_a_damaged_navigation_leaves_it_to_the_ncx():
    book = Book(
        build_pages("<p>A.</p>", "<p>B.</p>"), [("1.xhtml", "I", 1), ("2.xhtml", "II", 1)], 2
    )
    book.manifest = (
        '<item id="n" href="n.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    )
    book.files = {"OEBPS/n.xhtml": "<html><nav epub:type='toc'><ol><li><a href='1.xhtml'>I</li>"}
    assert read_chapters(book) == ["I", "II"]


def test_pages_outside_the_reading_order_are_not_read():
    book = Book(build_pages("<p>A.</p>", "<p>B.</p>"))
    package = book.package.replace('idref="i1"', 'idref="i1" linear="no"')
    book.files = {"OEBPS/book.opf": package}
    assert [block.text for block in read_epub(book.content()).blocks] == ["A."]


@pytest.mark.parametrize(
    ("run", "is_read"),
    [
        ("ONE 1 TWO 10 THREE 19 FOUR 28", False),
        ("One . . . 1 Two . . . 10 Chapter 3: The Sea . . . 19 Four . . . 28", False),
        ("One 1 Two 2", True),
        ("He had 4 boats and 3 ropes and 2 sails and 1 oar", True),
        ("He had 1 boat and 2 ropes and 3 sails, which was a lot.", True),
    ],
)
def test_contents_that_a_tool_made_one_paragraph_of_are_not_read(run, is_read):
    pages = build_pages(f"<p>CONTENTS</p><p>{run}</p><p>A.</p>", "<p>B.</p>")
    document = read_epub(Book(pages, contents=[("2.xhtml", "B", 1)]).content())
    assert (run in [block.text for block in document.blocks]) is is_read


@pytest.mark.parametrize("title", ["Notes", "FOOTNOTES"])
def test_typed_notes_in_the_last_file_are_left_out_with_their_title(title):
    notes = f"<p>{title}</p><p>[1] A note.</p><p>[2] Another.</p>"
    pages = build_pages("<p>It lay there.[1]</p>", f"<p>[1] is no note.[2]</p><p>A.</p>{notes}")
    document = read_epub(Book(pages, contents=[("1.xhtml", "B", 1)]).content())
    texts = [block.text for block in document.blocks if block.text and not block.level]
    assert texts == ["It lay there.[1]", "[1] is no note.[2]", "A."]


@pytest.mark.parametrize(
    "tags",
    [
        "<dl><dt>Rating:</dt><dd>Teen</dd><dt>Fandom:</dt><dd>Own</dd><dt>Stats:</dt><dd>9</dd></dl>",
        "<p><b>Genre:</b> Drama<br/><b>Words:</b> 40,321<br/><b>Rating:</b> T<br/>Of salt.</p>",
        f"<p>Status: Completed Chapters: 8 Rating: T {'and salt ' * 20}</p>",
    ],
)
def test_the_tags_of_an_archive_in_front_of_a_story_are_not_read(tags):
    pages = build_pages(f"<p>Salt</p>{tags}", "<p>He wrote: Rating: T.</p><p>Words: none.</p>")
    blocks = read_epub(Book(pages, [("2.xhtml", "I", 1)]).content()).blocks
    texts = [block.text for block in blocks if block.text and not block.level]
    assert texts[0] == "Salt"
    assert "He wrote: Rating: T." in texts
    assert not any(
        block.text.startswith(("Teen", "Drama", "Status", "Of salt")) for block in blocks
    )


def test_two_labels_in_front_of_a_story_are_text():
    pages = build_pages("<p>Language: German</p><p>Words: none</p>", "<p>A.</p>")
    texts = [block.text for block in read_epub(Book(pages).content()).blocks if block.text]
    assert texts == ["Language: German", "Words: none", "A."]
