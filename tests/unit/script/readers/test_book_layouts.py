"""Layouts of books by Asciidoctor, calibre, InDesign, Sphinx, TeX, Typst, WordPress and others."""

import pytest

from mixer.script.readers import TextType, read_document
from mixer.script.readers.epub import read_epub
from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.pdf_layout import build_blocks
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.web_page import read_html
from tests.books import Book, build_page
from tests.unit.script.readers.test_tool_books import show

HE, SHE = "He left the house before the rain.", "She stayed until the lamp was out."
LEFT, STAYED = f"<p>{HE}</p>", f"<p>{SHE}</p>"


@pytest.mark.parametrize(
    ("titles", "levels"),
    [
        ("# Part One\n## Prologue\n## One\n# Glossary", [1, 1, 1, 1]),
        ("# Preface\n# Part One\n## The Sea\n# About the Author", [1, 1, 1, 1]),
        ("# Foreword\n# Book One\n## Snow\n# Book Two\n## Ash\n# A Note", [1] * 6),
        ("## Tale\n# Preface\n# Part One\n## The Sea\n# Sources", [1, 1, 1, 1, 1]),
        ("# Part One\n## The Sea\n### At Dawn\n# Appendix A", [1, 1, 3, 1]),
        ("# Part One\n## The Sea\n# Appendix A\n## Weights", [1, 2, 1, 2]),
        ("# Notes on Rope\n## Hemp\n# Part of the Truth\n## Tar", [1, 2, 1, 2]),
    ],
)
def test_chapters_of_parts_open_whatever_surrounds_the_parts(titles, levels):
    text = titles.replace("\n", f"\n\n{HE}\n\n")
    document = read_document(f"{text}\n\n{SHE}", TextType.MARKDOWN)
    assert [block.level for block in document.blocks if block.level][-len(levels) :] == levels


def read_site(body: str, title: str = "") -> list[str]:
    return show(read_html(f"<title>{title}</title><body>{body}</body>").blocks)


@pytest.mark.parametrize(
    "page",
    [
        f'<section class="wy-nav-content-wrap"><div role="main">{LEFT}</div></section>',
        f'<div class="site-nav-grid"><main>{LEFT}</main></div>',
        f'<div class="sidebar-layout"><div role=main>{LEFT}</div></div>',
        f'<div class="nav-content-wrapper">{LEFT}</div>',
        f'<main><div class="menu-main-container">{LEFT}</div></main>',
        f'<main>{LEFT}<div class="nav-links">Next</div></main><div class="content">Ad</div>',
        f'{LEFT}<div class="sphinxsidebar"><div class="sphinxsidebarwrapper">Tale</div></div>',
        f'<div class="post-meta"><time>January 2, 2024</time></div>{LEFT}',
        f'<span class="posted-on">Posted on Monday</span>{LEFT}',
        f'<label class="hide-text">Text keeps its spacing</label>{LEFT}',
    ],
)
def test_boxes_of_a_site_are_known_by_what_they_hold(page):
    assert read_site(page) == [HE]


@pytest.mark.parametrize(
    "figure",
    [
        '<img alt="Tom at the mill"/><p>Tom at the mill, from the north</p>',
        '<p><img alt="Tom at the mill"/></p><p>Figure 1. Tom at the mill, from the north</p>',
        '<figure><img alt="A mill"/><figcaption>A mill, and Tom</figcaption></figure>',
        '<div><img alt="A MILL"/></div><div class="c">Plate II: a mill.</div>',
        '<figure><img alt="A mill."/><figcaption>A mill.</figcaption></figure>',
    ],
)
def test_a_caption_that_repeats_what_describes_its_picture_is_read_once(figure):
    lines = read_site(f"{LEFT}{figure}{STAYED}")
    assert len(lines) == 3
    assert "mill" in lines[1].lower()


LINK = '<p><a href="#c{0}">{1}</a></p>'
CONTENTS = "<p>Table of Contents</p>" + "".join(
    LINK.format(n, title) for n, title in enumerate(("Foreword", "One", "Two"))
)
PAGES = "".join(
    f'<p><a href="#c{n}">{title}</a> <a href="#c{n}">{n + 3}</a></p>'
    for n, title in enumerate(("Foreword", "One", "Two"))
)
TEXT = f'<p id="c0">Foreword</p>{LEFT}<p id="c1">One</p>{STAYED}<p id="c2">Two</p>{LEFT}'
ENTRIES = [("1.xhtml#c0", "Foreword", 1), ("1.xhtml#c1", "One", 1), ("1.xhtml#c2", "Two", 1)]
CHAPTERS = ["(Foreword)", "Foreword", HE, "(One)", "One", SHE, "(Two)", "Two", HE]


@pytest.mark.parametrize("contents", [CONTENTS, PAGES, CONTENTS.replace("p>", "li>")])
def test_contents_end_where_the_chapters_begin_that_they_lead_to(contents):
    book = Book({"1.xhtml": build_page(contents + TEXT)}, ENTRIES)
    assert show(read_epub(book.content()).blocks) == CHAPTERS


def test_contents_whose_links_lead_to_other_places_in_the_files_are_not_read():
    names = ("The Sea", "The Mill", "The Rope")
    links = "".join(f'<li><a href="{n}.xhtml#x{n}">{n}</a></li>' for n in names)
    pages = {f"{n}.xhtml": build_page(f'<h1>{n}</h1><p id="x{n}">{HE}</p>') for n in names}
    book = Book(
        {"0.xhtml": build_page(f"<ul>{links}</ul>"), **pages},
        [(f"{n}.xhtml", n, 1) for n in names],
    )
    lines = show(read_epub(book.content()).blocks)
    assert lines == [line for name in names for line in (f"#2 {name}", HE)]


def test_a_number_above_a_title_that_the_contents_name_together_opens_one_chapter():
    pages = {
        f"{n}.xhtml": build_page(f'<p id="a">CHAPTER {n}</p><h1>{name}</h1>{LEFT}')
        for n, name in ((1, "The Sea"), (2, "The Mill"))
    }
    pages = {"0.xhtml": build_page(f"<h1>Preface</h1>{LEFT}"), **pages}
    entries = [("1.xhtml#a", "Chapter 1: The Sea", 1), ("2.xhtml#a", "Chapter 2: The Mill", 1)]
    book = Book(pages, [("0.xhtml", "Preface", 1), *entries])
    lines = show(read_epub(book.content()).blocks)
    assert [line for line in lines if line.startswith(("(", "#2"))] == [
        "#2 Preface",
        "(Chapter 1: The Sea)",
        "(Chapter 2: The Mill)",
    ]


def test_a_heading_before_the_first_that_the_contents_name_opens_a_chapter_too():
    names = ("Preface", "Part One", "Part Two")
    pages = {f"{n}.xhtml": build_page(f"<h1>{name}</h1>{LEFT}") for n, name in enumerate(names)}
    book = Book(pages, [("1.xhtml", "Part One", 1), ("2.xhtml", "Part Two", 1)])
    lines = show(read_epub(book.content()).blocks)
    assert lines == [line for name in names for line in (f"#2 {name}", HE)]


def test_notes_whose_titles_are_their_numbers_are_left_out_with_the_title_of_all():
    text = f'<h1>Tale</h1><p>He left.<a href="2.xhtml#n1"><sup>[1]</sup></a></p>{STAYED}'
    note = '<h1 id="n1">1</h1><p>In the rain.</p>'
    pages = {"1.xhtml": build_page(f"{text}<h4>notes</h4>"), "2.xhtml": build_page(note)}
    entries = [("1.xhtml", "Tale", 1), ("2.xhtml#n1", "1", 1)]
    lines = show(read_epub(Book(pages, entries).content()).blocks)
    assert lines[-2:] == ["He left.", SHE]


@pytest.mark.parametrize(
    ("text", "lines", "joined"),
    [
        ("A half-finished wall.", ["half-fin-", "ished"], "half-finished"),
        ("It was finished.", ["half-fin-", "ished"], "half-finished"),
        ("My mother-in-law came.", ["mother-in-", "law"], "mother-in-law"),
        ("", ["mother-in-", "law"], "mother-in-law"),
        ("The gardener left.", ["sub-gar-", "dener"], "sub-gardener"),
        ("A well-to-do man.", ["well-to-", "do"], "well-to-do"),
    ],
)
def test_the_last_part_of_a_compound_is_divided_like_a_word(text, lines, joined):
    assert LineJoiner("\n".join([text, *lines])).join(lines) == joined


def show_pages(*pages: list[Line]) -> list[str]:
    return show([each.block for each in build_blocks(pages)])


def set_lines(texts: list[str], top: float = 700, x: float = 72, size: float = 10) -> list[Line]:
    return [Line(text, x, top - 12 * n, size, x + 230) for n, text in enumerate(texts)]


BODY = [f"Line {n} of the story goes on to the edge of its column and" for n in range(8)]


@pytest.mark.parametrize("mark", ["2", "12", "[2]"])
def test_notes_at_the_foot_of_a_column_do_not_end_the_page(mark):
    left, right = set_lines(BODY), set_lines(BODY, x=320)
    notes = set_lines([f"{mark} A note on rope."], 500, size=8)
    lines = " ".join(show_pages([*left, *notes, *right]))
    assert lines.count("Line 7") == 2
    assert "note on rope" not in lines


def test_notes_of_letters_of_the_same_size_at_the_foot_of_a_column_are_left_out():
    left, right = set_lines(BODY), set_lines(BODY, x=320)
    left[0].references.add("1")
    note = Line("A note on rope.", 72, 500, 10, 200, note_mark="1")
    lines = " ".join(show_pages([*left, note, *right]))
    assert lines.count("Line 7") == 2
    assert "note on rope" not in lines


@pytest.mark.parametrize("numeral", ["I", "V", "X", "C"])
def test_a_large_numeral_above_the_text_is_a_title_and_no_letter_of_it(numeral):
    title = Line(numeral, 72, 730, 24, 90)
    assert show_pages([title, *set_lines(BODY)])[0] == f"#1 {numeral}"


def test_notes_at_the_end_of_a_pdf_are_left_out_if_none_is_at_a_foot():
    text, notes = set_lines(BODY), set_lines(["1 On rope.", "2 On tar.", "and more"], 500)
    text[0].references.add("1")
    text[1].references.add("2")
    assert "On rope" not in " ".join(show_pages([*text, *notes]))
    text[0].references.clear()
    assert "On rope" in " ".join(show_pages([*text, *notes]))


def test_titles_a_little_larger_than_the_text_in_bold_type_are_titles():
    book = Line("Rope", 250, 760, 12, 280, is_strong=True)
    title = Line("The Mill", 72, 730, 11, 120, is_strong=True)
    plain = Line("The mill stood.", 72, 715, 11, 150)
    assert show_pages([book, title, *set_lines(BODY)])[1] == "#2 The Mill"
    assert "#2 The Mill" not in show_pages([book, title, plain, *set_lines(BODY, 690)])


def test_lines_drawn_after_those_below_them_are_read_in_their_place():
    texts = [("Below.", 400), ("Last.", 388), ("Above.", 700), ("Next.", 688), ("9", 30)]
    fragments = [Fragment(text, 72, y, 10, 200) for text, y in texts]
    assert [line.text for line in build_lines(fragments)] == [
        "Above.", "Next.", "Below.", "Last.", "9",
    ]  # fmt: skip


def test_columns_are_read_one_after_the_other():
    left = [Fragment(f"left {y}", 72, y, 10, 200) for y in (400, 388, 376)]
    right = [Fragment(f"right {y}", 300, y, 10, 430) for y in (400, 388, 376)]
    lines = [line.text for line in build_lines([*left, *right])]
    assert [line.split()[0] for line in lines] == ["left"] * 3 + ["right"] * 3


@pytest.mark.parametrize("note", ["2“There is salt.”", "2 There is salt.", "2. (So he wrote.)"])
def test_the_mark_behind_a_word_is_known_by_any_note_that_begins_with_it(note):
    text = [*set_lines(BODY[:-1]), Line("as if it mattered.2 Who left?", 72, 616, 10, 300)]
    notes = set_lines([note], 500, size=8)
    assert "mattered. Who left?" in " ".join(show_pages([*text, *notes]))
