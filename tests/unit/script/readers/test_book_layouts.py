"""Layouts of books by Asciidoctor, calibre, InDesign, Sphinx, TeX, Typst, WordPress and others."""

import pytest

from mixer.script.readers import TextType, read_document
from mixer.script.readers.epub import read_epub
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


def write_paragraphs(count: int) -> str:
    return "".join(f"<p>{HE} {n}</p>" for n in range(count))


@pytest.mark.parametrize("names", [("The Sea", "Snow"), ("Prologue", "A Visitor"), ("One", "Two")])
def test_titles_in_bold_type_open_chapters_below_the_title_of_the_whole(names):
    first, second = (f"<p><b>{name}</b></p>{write_paragraphs(12)}" for name in names)
    lines = read_site(f"<h1>The Tale</h1>{first}{second}")
    assert [line for line in lines if line.startswith("#2")] == [f"#2 {name}" for name in names]


def read_text(text: str) -> list[str]:
    return show(read_document(text, TextType.TEXT).blocks)


@pytest.mark.parametrize(
    "title",
    [
        "Glossary", "BIBLIOGRAPHY", "About the Author", "Sources", "Author’s Note",
        "A Note on the Tides", "Further Reading", "Danksagung", "Glossaire", "Bibliografía",
    ],
)  # fmt: skip
def test_what_stands_behind_the_last_chapter_opens_one(title):
    text = f"Chapter 1\n\n{HE}\n\nChapter 2\n\n{SHE}\n\n{title}\n\n{HE}"
    assert read_text(text)[-2:] == [f"#2 {title}", HE]
    assert read_text(f"Chapter 1\n\n{HE}\n\n{title} are of no use.\n\n{SHE}")[2].endswith("use.")


@pytest.mark.parametrize("names", [("SNOW", "THE MILL", "HOME"), ("Snow", "ASH", "A Rope")])
def test_titles_of_one_word_apart_from_the_text_open_chapters(names):
    text = "".join(f"\n\n\n{name}\n\n{HE} {SHE}\n\n{SHE}" for name in names)
    lines = read_text(f"{HE}{text}")
    assert [line[3:] for line in lines if line.startswith("#2")] == list(names)


ENTRIES_OF_TEXT = "CONTENTS\n\nPreface    1\nThe Mill    9\nThe Rope   12"


@pytest.mark.parametrize(
    "dedication", ["For Terry", "To the memory\nof the north light", "_For nobody._"]
)
def test_a_dedication_behind_the_contents_is_read(dedication):
    text = f"{ENTRIES_OF_TEXT}\n\n\n\n\n{dedication}\n\n\n\nPreface\n\n{HE}\n\n\nThe Mill\n\n{SHE}"
    lines = read_text(text)
    assert " ".join(dedication.strip("_").split()) in " ".join(lines[0].split())
    assert not any("CONTENTS" in line or "12" in line for line in lines)


def write_named(*names: str, between: str = SHE) -> str:
    return "\n\n".join(f"{name}\n\n{HE}\n{SHE}\n\n{between}\n\n{SHE}\n\n{HE}" for name in names)


@pytest.mark.parametrize(
    "names",
    [
        ("The Ferryman’s Wife", "Snow", "A Clock Without Hands", "Ash Wednesday"),
        ("The Man Who Sold Weather", "An Inventory of Doors", "The Thaw"),
        ("Snow", "The Sea at Night", "Home"),
        ("Die Fähre", "Das Haus am See", "Schnee"),
        ("On the Weights of Salt", "Of Ropes", "To the Quay"),
    ],
)
def test_titles_without_numbers_between_paragraphs_open_chapters(names):
    lines = read_text(f"{HE}\n{SHE}\n\n{write_named(*names)}")
    assert [line for line in lines if line.startswith("#")] == [f"#2 {name}" for name in names]


@pytest.mark.parametrize(
    "text",
    [
        write_named("Edda Halloran", "Tom Perrin", "Ann Gander"),
        write_named("Your Tom", "The Sea", "Your Edda"),
        write_named("Chapter 1", "The Sea", "Chapter 2", "A Mill", "Chapter 3", "The Rope"),
        write_named("The Sea", "The Sea", "The Sea", "The Sea"),
        write_named("Yours truly,", "The Sea of Salt.", "A Mill?"),
    ],
)
def test_lines_that_sign_letters_or_stand_in_chapters_open_none(text):
    lines = read_text(f"{HE}\n{SHE}\n\n{text}")
    assert not any(line.startswith("#") and "Chapter" not in line for line in lines)


@pytest.mark.parametrize(
    "numbers",
    [("~ 1 ~", "~ 2 ~", "~ 3 ~"), ("- 1 -", "- 2 -", "- 3 -"), ("—1—", "—2—", "—3—")],
)
def test_numbers_between_dashes_and_paragraphs_count_chapters(numbers):
    lines = read_text(write_named(*numbers))
    assert sum(line.startswith("#2") for line in lines) + (lines[0][:2] == "#1") == len(numbers)


@pytest.mark.parametrize("step", ["- {} -", "~ {} ~"])
def test_numbers_between_dashes_inside_sentences_count_pages(step):
    pages = "\n\n".join(f"{HE} And so\n\n{step.format(n)}\n\nit went on." for n in range(1, 6))
    assert not any("-" in line or "~" in line for line in read_text(pages))


def test_dates_open_chapters_below_a_preface():
    days = write_named("3 March 1884", "4 March 1884", "9 March 1884")
    lines = read_text(f"Preface\n\n{HE}\n\n{days}")
    assert sum(line.startswith("#") for line in lines) == 4
