"""A chapter's number and its name, apart in all ways that tools write them, are one title."""

import pytest

from mixer.script.document import BlockKind, heading, paragraph
from mixer.script.readers import TextType, read_document
from mixer.script.readers.chapter_levels import open_parts
from mixer.script.readers.docx import read_docx
from mixer.script.readers.epub import read_epub
from mixer.script.readers.web_page import read_html
from tests.books import Book, build_page
from tests.unit.script.readers.test_docx_and_pdf import build_docx, write_paragraph
from tests.unit.script.readers.test_tool_books import show

LEFT, STAYED = "He left for the mill, and it rained.", "She stayed at home all day."


def write_words(text: str) -> str:
    return write_paragraph(f"<w:r><w:t>{text}</w:t></w:r>")


def write_centred(text: str) -> str:
    return write_words(text).replace("<w:p>", '<w:p><w:pPr><w:jc w:val="center"/></w:pPr>', 1)


@pytest.mark.parametrize("number", ["Chapter 1", "CHAPTER ONE", "Kapitel 1", "Chapitre I"])
def test_a_number_in_a_paragraph_above_a_heading_begins_the_title(number):
    page = f"<p class='num'>{number}</p><h2>The Mill</h2><p>{LEFT}</p><h2>End</h2><p>{STAYED}</p>"
    assert show(read_html(page).blocks)[0] == f"#2 {number}: The Mill"


@pytest.mark.parametrize("line", ["PART ONE", "He read Chapter 1", "1884", LEFT])
def test_any_other_line_above_a_heading_stays_a_paragraph(line):
    page = f"<p>{STAYED}</p><p>{line}</p><h2>The Mill</h2><p>{LEFT}</p>"
    assert show(read_html(page).blocks)[1:3] == [line, "#2 The Mill"]


def test_names_in_lines_of_their_own_below_numbers_are_titles_beside_lines_in_capitals():
    lines = ["PART ONE: THE QUAY", "Chapter One", "The Mill", "Chapter Two", "The Rope"]
    body = "".join(
        write_centred(line) + write_words(LEFT) * (line.startswith("The")) for line in lines
    )
    blocks = read_docx(build_docx(body + write_centred("END"))).blocks
    titles = [line for line in show(blocks) if line.startswith("#")]
    assert titles == ["#2 PART ONE: THE QUAY", "#2 Chapter One: The Mill",
                      "#2 Chapter Two: The Rope"]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "title"), [("Chapter 1", "Chapter 1: The Mill"), ("1", "1. The Mill")]
)
def test_a_chapter_opens_at_its_number_where_the_contents_lead_to_the_name_below(number, title):
    page = build_page(f'<p>{number}</p><h1 id="a">The Mill</h1><p>{LEFT}</p>')
    files = {"1.xhtml": build_page(f"<h1>Front</h1><p>{STAYED}</p>"), "2.xhtml": page}
    contents = [("1.xhtml", "Front", 1), ("2.xhtml#a", title, 1)]
    assert show(read_epub(Book(files, contents).content()).blocks)[2:] == [
        f"({title})", number, "#3 The Mill", LEFT,
    ]  # fmt: skip


def test_a_heading_that_names_the_author_opens_no_chapter():
    parts = [heading("Part One", 1), heading("Prologue", 2), paragraph(LEFT)]
    front = [heading("The Mill", 1), heading("Ann Gander", 2), heading("Preface", 1)]
    blocks = open_parts([*front, paragraph(STAYED), *parts], "Ann Gander")
    assert [block.text for block in blocks if block.level == 1] == [
        "The Mill", "Preface", "Part One", "Prologue",
    ]  # fmt: skip


ENTRIES = ["Preface", "The Mill", "The Rope", "The Sea"]


@pytest.mark.parametrize("page", ["", " 12", "\t7"])
def test_contents_without_a_title_and_links_are_known_by_the_titles_in_their_order(page):
    lines = "".join(f"<p>{each}{page}</p>" for each in ENTRIES)
    chapters = "".join(f"<h2>{each}</h2><p>{LEFT}</p>" for each in ENTRIES)
    assert show(read_html(f"{lines}{chapters}").blocks)[0] == "#2 Preface"


@pytest.mark.parametrize("lines", [ENTRIES[:3], ENTRIES[::-1], ["The Mill"] * 5])
def test_lines_that_only_repeat_titles_are_read(lines):
    written = "".join(f"<p>{each}</p>" for each in lines)
    chapters = "".join(f"<h2>{each}</h2><p>{LEFT}</p>" for each in ENTRIES)
    assert show(read_html(f"{written}{chapters}").blocks)[: len(lines)] == lines


BARE = "## Low Tide\n\n### {a}\n\nHe left.\n\n### {b}\n\nHe slept.\n\n## Flood\n\n"
REST = "### Rope\n\nShe stayed.\n\n### Salt\n\nShe read.\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("# The Sea\n\n" + BARE + REST, 6),
        (BARE + REST, 6),
        ("## Preface\n\nShe wrote.\n\n" + BARE + REST, 7),
        (BARE + REST + "\n## Afterword\n\nShe wrote.\n", 7),
        (BARE + "She wrote.\n\n" + REST, 2),
        (BARE.replace("## Low Tide", "## Chapter 1") + REST, 2),
        (BARE.replace("## Low Tide", "## 1. Low Tide") + REST, 2),
        (BARE + "### Rope\n\nShe stayed.\n", 2),
        ("### Rope\n\nShe stayed.\n\n" + BARE + REST, 2),
    ],
)
def test_chapters_below_titles_without_text_open_as_those_below_parts(text, count):
    blocks = read_document(text.format(a="Rain", b="Wind"), TextType.MARKDOWN).blocks
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    top = min(block.level for block in headings if block.text != "The Sea")
    assert sum(block.level == top for block in headings) == count
