"""Layouts that Project Gutenberg, word processors, calibre and TeX really produce."""

import io
import zipfile

import pytest

from mixer.script.planning import plan_document
from mixer.script.readers import TextType, read_document
from mixer.script.readers.docx import read_docx
from mixer.script.readers.epub import read_epub
from mixer.script.readers.pdf_layout import build_blocks
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.pdf_pages import drop_running_heads
from mixer.script.readers.plain_text import read_plain_text
from tests.books import Book, build_page
from tests.unit.script.readers.test_docx_and_pdf import (
    W,
    build_docx,
    find_right,
    write_paragraph,
)
from tests.unit.script.readers.test_tool_books import show

FIRST, SECOND = "The ferry left the pier a little after six.", "Old Henrik walked around it."
BODY = f"CHAPTER I\n\n{FIRST}\n\n\n\n\nCHAPTER II\n\n{SECOND}\n"
CHAPTERS = ["#2 CHAPTER I", FIRST, "#2 CHAPTER II", SECOND]
GUTENBERG = """Title: The Seven Notes

Author: Ann Gander
        Terry Rivers

*** START OF THE PROJECT GUTENBERG EBOOK THE SEVEN NOTES ***

{}

*** END OF THE PROJECT GUTENBERG EBOOK THE SEVEN NOTES ***
"""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            (
                "CONTENTS\n\n                       PAGE\n\nTHE FERRY               7\n"
                f"THE KEY                19\n\n\n\n\nTHE FERRY\n\n{FIRST}\n\n\nTHE KEY\n\n{SECOND}"
            ),
            ["#1 THE FERRY", FIRST, "#2 THE KEY", SECOND],
        ),
        (
            f"Contents\n\n The Ferry\n The Key\n\n\n\nThe Ferry\n\n{FIRST}\n\nThe Key\n\n{SECOND}",
            ["#1 The Ferry", FIRST, "#2 The Key", SECOND],
        ),
        (
            "LIST OF ILLUSTRATIONS\n\n The pier    _Frontispiece_\n\n The dock    12\n\n\n\n"
            + BODY,
            CHAPTERS,
        ),
        (BODY + "\n\n\n\nINDEX\n\n\nBaker, 44;\n  denies it, 45\n\nFerry, 7, 9\n", CHAPTERS),
        (f"CHAPTER I\n\n{FIRST}\n\n[Sidenote: It leaves.]\n\n{SECOND}", [*CHAPTERS[:2], SECOND]),
        (f"CHAPTER I\n\n{FIRST}\n\n[* * *]\n\n{SECOND}", [*CHAPTERS[:2], "-", SECOND]),
        (
            f"CHAPTER I\n\nIt left.[A]\n\n[Footnote A: Late.\n\nVery late.]\n\n{SECOND}",
            [CHAPTERS[0], "It left.", SECOND],
        ),
        (
            f"CHAPTER I\n\n{FIRST}[1]\n\nNOTES\n\n[1] Late.\n\n    Very late.\n",
            [CHAPTERS[0], f"{FIRST}[1]"],
        ),
        (f"CHAPTER I\n\n{FIRST} =No= and +No=+\n", [CHAPTERS[0], f"{FIRST} No and +No=+"]),
        (
            f"CHAPTER I\n\n{{7}}\n\n{FIRST} {{8}}\n\n{{9}}\n\n{SECOND}",
            [CHAPTERS[0], FIRST, SECOND],
        ),
        (
            f"CHAPTER THE FIRST\n\nIN WHICH A FERRY LEAVES THE\nPIER\n\n{FIRST}",
            ["#2 CHAPTER THE FIRST: IN WHICH A FERRY LEAVES THE PIER", FIRST],
        ),
        (
            f"CHAPTER I\n\n{FIRST}\n\nTHE END\n\n\n\nAPPENDIX A\n\n{SECOND}",
            [*CHAPTERS[:2], "THE END", "#2 APPENDIX A", SECOND],
        ),
        (
            f"PART ONE\n\n\n1. The Ferry\n\n{FIRST}\n\n\n2. The Key\n\n{SECOND}",
            ["#2 PART ONE", "#2 1. The Ferry", FIRST, "#2 2. The Key", SECOND],
        ),
        (
            "CONTENTS\n\n CHAPTER   PAGE\n\n  I. THE ICE   1\n\n II. IN WHICH HE COUNTS, AND\n"
            "      COUNTS AGAIN   8\n\nIII. THE BANK   15\n\n\n\n" + BODY,
            CHAPTERS,
        ),
        (
            f"CHAPTER I\n\n{FIRST}\n\n+------+-----+\n| hens | six |\n+------+-----+\n\n{SECOND}",
            [*CHAPTERS[:2], "hens six", SECOND],
        ),
        (GUTENBERG.format(BODY), CHAPTERS),
        (
            GUTENBERG.format(f"_By the same Author_\n\n\n\nTHE SEVEN NOTES\n\n\n\n{BODY}"),
            ["By the same Author", "#1 THE SEVEN NOTES", *CHAPTERS],
        ),
        (
            f"CONTENTS\n\nPREFACE     1\nNOTE     9\n\n\n\nPREFACE\n\n{FIRST}\n\n\n\nNOTE\n\n"
            + SECOND,
            ["#2 PREFACE", FIRST, "#2 NOTE", SECOND],
        ),
        (GUTENBERG.format(f"Transcriber's Note:\n\nDots were added.\n\n\n\n\n{BODY}"), CHAPTERS),
        (
            GUTENBERG.format(f"+---+\n|   |\n| TRANSCRIBER'S NOTE: |\n+---+\n\n{BODY}"),
            CHAPTERS,
        ),
        (GUTENBERG.format(f"{BODY}\n\n\n\nTranscriber’s Notes\n\n\n Page 1: a dot.\n"), CHAPTERS),
    ],
)
def test_what_surrounds_a_printed_text_is_not_read(text, lines):
    assert show(read_plain_text(text).blocks) == lines


def test_several_authors_are_named_below_each_other():
    document = read_plain_text(GUTENBERG.format(BODY))
    assert (document.title, document.author) == ("The Seven Notes", "Ann Gander, Terry Rivers")


CENTRED = "<w:r><w:t>{}</w:t></w:r>"
DOCX_STYLES = (
    f'<w:styles {W}><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="S"><w:name w:val="Subtitle"/><w:basedOn w:val="T"/></w:style>'
    '<w:style w:styleId="A"><w:name w:val="Author"/><w:basedOn w:val="T"/></w:style>'
    '<w:style w:styleId="C"><w:name w:val="CSP - Chapter Title"/></w:style>'
    '<w:style w:styleId="V"><w:name w:val="Mine"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
)


def write(text: str, style: str = "") -> str:
    return write_paragraph(CENTRED.format(text), style)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            write("CHAPTER ONE") + write("The Ferry") + write(FIRST) + write("CHAPTER TWO")
            + write(SECOND),
            ["#2 CHAPTER ONE: The Ferry", FIRST, "#2 CHAPTER TWO", SECOND],
        ),
        (write("The Ferry", "C") + write(FIRST), ["#2 The Ferry", FIRST]),
        (write("Notes", "T") + write("A Tale", "S"), ["#1 Notes", "A Tale"]),
        (write("Notes", "T") + write("A. Gander", "A") + write("So.", "H"),
         ["#1 Notes", "A. Gander", "#2 So."]),
        (
            "".join(
                f'<w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:t>{title}</w:t></w:r></w:p>'
                + write(words)
                for title, words in (("THE FERRY", FIRST), ("THE KEY", SECOND), ("By hand", FIRST))
            ),
            ["#2 THE FERRY", FIRST, "#2 THE KEY", SECOND, "By hand", FIRST],
        ),
        (
            ("<w:p><w:r><w:t>It left</w:t></w:r><w:hyperlink w:anchor='n'><w:r><w:rPr>"
             "<w:vertAlign w:val='superscript'/></w:rPr><w:t>1</w:t></w:r></w:hyperlink></w:p>"
             "<w:p><w:bookmarkStart w:name='n'/></w:p>") + write("At dawn.") + write(SECOND),
            ["It left", SECOND],
        ),
        (write("Not shown.", "V") + write(FIRST), [FIRST]),
        (
            '<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>'
            + write("[Date]") + "</w:sdtContent></w:sdt>" + write(FIRST),
            [FIRST],
        ),
        (
            "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>It </w:t></w:r></w:p>"
            + write("left."),
            ["It left."],
        ),
        (
            write(FIRST) + '<w:p><w:pPr><w:pBdr><w:bottom w:val="single"/></w:pBdr></w:pPr></w:p>'
            + write(SECOND),
            [FIRST, "-", SECOND],
        ),
        (
            write("Contents") + "".join(
                f"<w:p><w:r><w:t>{title}</w:t><w:tab/><w:t>{page}</w:t></w:r></w:p>"
                for title, page in (("One", 3), ("Two", 9))
            ) + write("One", "H") + write(FIRST) + write("Two", "H") + write(SECOND),
            ["#2 One", FIRST, "#2 Two", SECOND],
        ),
        (
            ("<w:p><w:r><w:t>She said</w:t></w:r><w:r><w:rPr><w:position w:val='8'/></w:rPr>"
            "<w:t>2</w:t></w:r><w:r><w:t> so.</w:t></w:r></w:p>"),
            ["She said so."],
        ),
        (
            "<w:p><w:r><w:t>It rose</w:t><w:sym/></w:r><w:r><w:t>twice.</w:t></w:r></w:p>",
            ["It rose twice."],
        ),
        (write("•") [:-6] + "<w:r><w:tab/><w:t>an oar</w:t></w:r></w:p>", ["an oar"]),
    ],
)  # fmt: skip
def test_documents_of_word_processors_are_read(body, lines):
    content = build_docx(body, **{"word/styles.xml": DOCX_STYLES})
    assert show(read_docx(content).blocks) == lines


def test_a_document_of_word_on_the_web_is_one():
    made, source = io.BytesIO(), zipfile.ZipFile(io.BytesIO(build_docx(write(FIRST))))
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document2.xml", source.read("word/document.xml"))
    document = read_document(made.getvalue(), TextType.DOCX)
    assert [block.text for block in document.blocks] == [FIRST]


def test_names_that_tools_invent_are_none():
    core = "<c><title>Microsoft Word - notes.docx</title><creator>python-docx</creator></c>"
    document = read_docx(build_docx(write(FIRST), **{"docProps/core.xml": core}))
    assert (document.title, document.author) == ("", "")


NOTE = '<p>She signed.<a href="n.xhtml#n1"><sup>1</sup></a></p>'


@pytest.mark.parametrize(
    ("pages", "contents", "chapters", "words"),
    [
        (
            {"1.xhtml": "<p>CHAPTER ONE</p><p>A.</p>", "2.xhtml": "<p>CHAPTER TWO</p><p>B.</p>"},
            [("1.xhtml", "Start", 1)],
            ["CHAPTER ONE", "CHAPTER TWO"],
            "CHAPTER ONE A. CHAPTER TWO B.",
        ),
        (
            {
                "1.xhtml": f"<h1>One</h1>{NOTE}",
                "2.xhtml": "<h1>Two</h1><p>B.</p>",
                "n.xhtml": '<h1>Notes</h1><p id="n1">1. Twice.</p>',
            },
            [("1.xhtml", "One", 1), ("2.xhtml", "Two", 1), ("n.xhtml", "Notes", 1)],
            ["One", "Two"],
            "One She signed. Two B.",
        ),
        (
            {
                "1.xhtml": "<h1>One</h1><p>A.</p><div class='sidenote'>Aside.</div>",
                "2.xhtml": "<h1>Two</h1><p>B.</p><div class='transnote'><p>Dots.</p></div>",
            },
            [("1.xhtml", "One", 1), ("2.xhtml", "Two", 1)],
            ["One", "Two"],
            "One A. Two B.",
        ),
        (
            {
                "0.xhtml": '<h2>Contents</h2><table><tr><td>PAGE</td></tr><tr><td>'
                '<a href="1.xhtml">One</a></td><td>7</td></tr></table>',
                "1.xhtml": "<h1>One</h1><p>A.</p>",
                "2.xhtml": "<h1>Two</h1><p>B.</p>",
            },
            [("1.xhtml", "One", 1), ("2.xhtml", "Two", 1)],
            ["One", "Two"],
            "One A. Two B.",
        ),
        (
            {
                "1.xhtml": '<h1>One</h1><p>A<a href="#f" id="r">1</a>.</p><ol><li id="f">'
                '<p>A note.</p><p>More of it.</p><a href="#r">↩</a></li></ol>',
                "2.xhtml": "<h1>Two</h1><p>B.</p>",
            },
            [("1.xhtml", "One", 1), ("2.xhtml", "Two", 1)],
            ["One", "Two"],
            "One A. Two B.",
        ),
        (
            {"1.xhtml": '<h1>One</h1><p>A<a class="footnote-link" id="r" href="#f">*</a>.</p>'
             '<p id="f"><a href="#r">*</a> A note.</p>', "2.xhtml": "<h1>Two</h1><p>B.</p>"},
            [("1.xhtml", "One", 1), ("2.xhtml", "Two", 1)],
            ["One", "Two"],
            "One A. Two B.",
        ),
    ],
)  # fmt: skip
def test_books_of_tools_are_read(pages, contents, chapters, words):
    book = Book({name: build_page(body) for name, body in pages.items()}, contents, 2)
    document = read_epub(book.content())
    assert [chapter.title for chapter in plan_document(document).chapters] == chapters
    assert " ".join(b.text for b in document.blocks if not b.is_silent) == words


LONG = "It was late in the year when the boats came in, and little was said of it."


def lay_lines(*lines: tuple[str, float, float], strong: str = "", size: float = 12) -> list[Line]:
    return [
        Line(text, x, y, size, find_right(text, x, y, size), is_strong=text == strong)
        for text, x, y in lines
    ]


@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        # Where the next word had room, a paragraph ended.
        ([(LONG, 70, 400), ("It ended.", 70, 386), (LONG, 70, 372)], [f"{LONG} It ended.", LONG]),
        # Lines of the contents are apart, and their dots are no text.
        ([("The Ferry . . . . . 3", 70, 400), ("The Key . . . . . 9", 70, 386)],
         ["The Ferry . . . . . 3", "The Key . . . . . 9"]),
        # A title of two lines is one.
        ([("The Long Ferry", 70, 400, 24), ("Home", 70, 372, 24)], ["The Long Ferry Home"]),
        ([("Chapter 1", 70, 400, 24), ("Home", 70, 372, 24)], ["Chapter 1", "Home"]),
        # Each dot or number begins an item, whatever the one before ends with.
        ([("So:", 70, 400), ("• an oar,", 70, 386), ("• a key", 70, 372), (LONG, 70, 340)],
         ["So:", "an oar,", "a key", LONG]),
        ([("So:", 70, 400), ("\uf0b7 an oar,", 80, 386), ("\uf0b7 a key", 80, 372)],
         ["So:", "an oar,", "a key"]),
        ([("So:", 70, 400), ("1. an oar,", 70, 386), ("2. a key", 70, 372), (LONG, 70, 340)],
         ["So:", "1. an oar,", "2. a key", LONG]),
    ],
)  # fmt: skip
def test_paragraphs_of_a_pdf_end_where_a_word_had_room(lines, texts):
    body = lay_lines(*((LONG, 70, 300 - 14 * n) for n in range(6)))
    pieces = ((line[:3], (*line, 12)[3]) for line in lines)
    page = [each for place, size in pieces for each in lay_lines(place, size=size)]
    assert list_texts([page, body])[: len(texts)] == texts


def test_a_paragraph_goes_on_at_the_next_page_which_may_have_another_margin():
    def lay_page(left: float, *indented: int) -> list[Line]:
        return [
            Line(f"{k} {LONG}", left + 20 * (k in indented), 400 - 14 * k, 12, left + 300)
            for k in range(9)
        ]

    whole = list_texts([lay_page(70, 0, 3, 6), lay_page(90, 2, 6)])
    assert [each[0] for each in whole] == ["0", "3", "6", "2", "6"]
    apart = list_texts([lay_page(70, 0, 3, 6), lay_page(90, 0, 2, 6)])
    assert [each[0] for each in apart] == ["0", "3", "6", "0", "2", "6"]


def test_a_head_that_stands_where_others_do_is_not_read():
    heads = ("Ann Gander", "The Ferry", "Ann Gander")
    pages = [
        lay_lines((head, 70, 500), size=8)
        + lay_lines(*((f"{head[k:]} {LONG}"[n:], 70, 450 - 14 * k) for k in range(5)))
        for n, head in enumerate(heads)
    ]
    assert all(len(page) == 5 for page in drop_running_heads(pages))


def list_texts(pages: list[list[Line]]) -> list[str]:
    return [each.block.text for each in build_blocks(pages)]


def test_heads_that_count_with_the_pages_are_not_read():
    heads = ("The Ferry 1", "2 Ann Gander", "The Key 3", "4 Ann Gander")
    pages = [
        lay_lines(
            (head, 70, 500), *(("abcd"[n] + "vwxyz"[k] + LONG, 70, 450 - 14 * k) for k in range(5))
        )
        for n, head in enumerate(heads)
    ]
    kept = drop_running_heads(pages)
    assert [line.text for page in kept for line in page if line.text in heads] == []
    assert sum(map(len, kept)) == 20


def test_titles_of_a_pdf_are_known_by_their_weight_and_place():
    text = [(LONG, 70, 400 - 14 * n) for n in range(4)]
    centred = lay_lines(("The Ferry", 200, 414), *text)
    assert list_texts([centred])[0] == "The Ferry"
    strong = lay_lines(("The Ferry", 70, 414), *text, strong="The Ferry")
    assert [each.is_strong for each in build_blocks([strong])][:2] == [True, False]


def test_indented_lines_of_short_paragraphs_begin_them():
    lines = [
        line
        for n in range(4)
        for line in (
            (f"{n} {LONG}", 90, 400 - 28 * n),
            ("Then it ended and they left.", 70, 386 - 28 * n),
        )
    ]
    assert len(list_texts([lay_lines(*lines)])) == 4


def test_marks_of_notes_in_letters_of_their_own_are_left_out():
    page = [
        *lay_lines(
            ("A letter of1 four lines.", 70, 400), *((LONG, 70, 386 - 14 * n) for n in range(3))
        ),
        *lay_lines(("1It is lost.", 70, 100), size=9),
    ]
    assert list_texts([page])[0].startswith("A letter of four lines.")


def test_a_sentence_goes_on_at_the_next_page_with_a_name():
    pages = [lay_lines((LONG[:-1] + ", by", 70, 90)), lay_lines(("Henrik alone.", 70, 400))]
    body = [lay_lines(*((LONG, 70, 300 - 14 * n) for n in range(6)))]
    assert list_texts([*pages, *body])[0] == f"{LONG[:-1]}, by Henrik alone."


def test_marks_of_a_list_that_are_drawn_behind_it_belong_to_its_lines():
    items = [Fragment(f"item {n}", 90, 400 - 14 * n, 12, 140) for n in range(3)]
    marks = [Fragment(f"{n + 1}. ", 70, 400 - 14 * n, 12, 82) for n in range(3)]
    texts = [line.text for line in build_lines([*items, *marks])]
    assert texts == ["1. item 0", "2. item 1", "3. item 2"]


def test_a_large_letter_above_a_page_begins_it_though_it_could_be_a_number():
    pages = [
        [
            *lay_lines(("I", 70, 400), size=30),
            *lay_lines((" left the boat.", 84, 398), (LONG, 70, 384)),
        ]
        for _ in range(2)
    ]
    assert list_texts(pages)[0].startswith("I left the boat.")


def test_notes_of_raised_numbers_are_left_out_in_another_file_of_a_book():
    pages = {
        "1.xhtml": build_page("<h1>One</h1><p>It left.<sup>1</sup></p>"),
        "2.xhtml": build_page("<h1>Two</h1><p>So.</p><hr/><p><sup>1</sup> Late.</p>"),
    }
    lines = show(read_epub(Book(pages).content()).blocks)
    assert [each for each in lines if each != "-"] == ["#1 One", "It left.", "#1 Two", "So."]


def test_lines_next_to_a_large_letter_are_of_one_paragraph():
    cap = Fragment("N", 70, 400, 30, 92)
    beside = [Fragment("obody came to", 92.2, y, 10, 300) for y in (420, 398)]
    below = Fragment("the mill.", 70, 384, 10, 300)
    assert [line.x for line in build_lines([cap, *beside, below])] == [70, 70, 70, 70]
