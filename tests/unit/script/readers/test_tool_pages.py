"""Pages that tools converted: what they leave behind is not read, and no word is lost."""

import pytest

from mixer.script.document import Document, heading, paragraph
from mixer.script.planning.chapters import split_chapters
from mixer.script.readers.epub import read_epub
from mixer.script.readers.web_page import read_html
from tests.books import Book, build_page
from tests.unit.script.readers.test_tool_books import show

BOTH = "<p>He left.</p><p>She stayed.</p>"
MARK = "<!--[if !supportLists]-->"


def read_page(body: str) -> list[str]:
    return show(read_epub(Book({"1.xhtml": build_page(body)}).content()).blocks)


@pytest.mark.parametrize(
    "items",
    [
        f"<p>{MARK}<b>1.<i> </i></b>He left.</p><p>{MARK}<span>2. </span>She stayed.</p>",
        f"<p>{MARK}<span>·</span><!--[endif]-->He left.</p><p>{MARK}<b>a)</b>She stayed.</p>",
        f"<p><b>{MARK}<span>1.</span></b>He left.</p><p>She stayed.</p>",
        f"<p>{MARK}1.</p><p>He left.</p><p>She stayed.</p>",
        f"<ul><li>{MARK}<span>§</span>He left.</li><li>She {MARK}<i>-</i>stayed.</li></ul>",
    ],
)
def test_only_the_mark_of_an_item_is_left_out_where_nothing_ends_it(items):
    assert read_page(items) == ["He left.", "She stayed."]


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ('<div><img alt="The sea" src="a.png"/><span>The sea</span></div>', "The sea"),
        ('<p><img alt="The sea." src="a.png"/> The sea</p>', "The sea"),
        ('<p><img alt="The Sea" src="a.png"/>The sea, from afar</p>', "The sea, from afar"),
        ('<p>The sea<br/><img alt="The sea" src="a.png"/></p>', "The sea"),
        ('<p><img alt="A boat" src="a.png"/> The sea</p>', "A boat The sea"),
        ('<p><img alt="A boat" src="a.png"/></p>', "A boat"),
    ],
)
def test_a_picture_is_described_once(figure, words):
    assert read_page(f"{figure}{BOTH}") == [words, "He left.", "She stayed."]


@pytest.mark.parametrize(
    "title",
    ['<p class="rubric">Footnotes</p>', "<h2>Notes</h2>", "<p>Anmerkungen</p>", "<p>References</p>",
     "<h3>Endnotes</h3>"],
)  # fmt: skip
def test_the_title_of_notes_that_stand_elsewhere_is_left_out(title):
    assert read_page(f"{BOTH}{title}") == ["He left.", "She stayed."]
    assert show(read_html(f"{BOTH}{title}").blocks) == ["He left.", "She stayed."]


@pytest.mark.parametrize(
    "part",
    [
        '<div class="ws-noexport">Exported</div>',
        '<div class="noprint">Print this</div>',
        '<span class="mw-editsection">[edit]</span>',
        '<div class="search-results"><h1>Results</h1></div>',
        '<p class="big noprint">Print this</p>',
    ],
)
def test_what_belongs_to_a_tool_is_left_out(part):
    assert read_page(f"{part}{BOTH}") == ["He left.", "She stayed."]


@pytest.mark.parametrize(
    ("above", "title", "stated", "names"),
    [
        (["Ann Gander"], "The Lamp", "The Lamp", ["The Lamp", "I", "II"]),
        (["Ann Gander", "1884"], "THE LAMP", "The Lamp", ["THE LAMP", "I", "II"]),
        ([], "The Lamp", "", ["The Lamp", "I", "II"]),
        (["Ann Gander"], "The Lamp", "", ["", "The Lamp"]),
        (["Ann Gander"], "The Lamp", "The Rope", ["", "The Lamp"]),
        (["It was late. " * 20], "The Lamp", "The Lamp", ["", "The Lamp"]),
        (["A line"] * 7, "The Lamp", "The Lamp", ["", "The Lamp"]),
    ],
)
def test_a_title_that_is_stated_may_have_lines_above_it(above, title, stated, names):
    chapters = [block for name in ("I", "II") for block in (heading(name, 2), paragraph("Yes."))]
    blocks = (*map(paragraph, above), heading(title, 1), paragraph("A novel"), *chapters)
    parts = split_chapters(Document(blocks, title=stated), "en")[1]
    assert [name for name, _ in parts][: len(names)] == names
