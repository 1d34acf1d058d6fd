"""Pages of PDFs: letters that are set apart, tables that pages divide, numbers above titles."""

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from mixer.script.readers import TextType, read_document
from mixer.script.readers.pdf_lines import Line
from mixer.script.readers.pdf_pages import drop_running_heads
from tests.unit.script.readers.test_docx_and_pdf import build_blank_pdf, write_pdf
from tests.unit.script.readers.test_pdf_layouts import BODY, set_lines, show_pages
from tests.unit.script.readers.test_tool_books import show


def draw_page(drawing: str) -> bytes:
    """A page with one font; `drawing` is its content."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(build_blank_pdf(1))))
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): font})
    writer.pages[0][NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(drawing.encode())
    writer.pages[0][NameObject("/Contents")] = writer._add_object(stream)
    return write_pdf(writer)


@pytest.mark.parametrize("space", [3, 4, 6])
@pytest.mark.parametrize("title", ["CHAPTER 2", "PART ONE", "THE SALT PAN", "INTERLUDE"])
def test_a_title_whose_letters_are_set_apart_is_read_as_words(space, title):
    body = "He went down to the water, and the tide was out."
    drawing = (
        f"BT /F1 18 Tf {space} Tc 20 350 Td ({title}) Tj 0 Tc /F1 9 Tf 0 -60 Td ({body}) Tj ET"
    )
    document = read_document(draw_page(drawing), TextType.PDF)
    assert [line.removeprefix("#1 ").removeprefix("#2 ") for line in show(document.blocks)] == [
        title,
        body,
    ]


def test_letters_in_a_sentence_stay_apart():
    body = "He wrote A B C D E on the door, and left."
    drawing = f"BT /F1 9 Tf 20 350 Td ({body}) Tj 0 -12 Td (It rained.) Tj ET"
    assert body in " ".join(show(read_document(draw_page(drawing), TextType.PDF).blocks))


@pytest.mark.parametrize(
    ("number", "is_read"), [("CHAPTER {}", True), ("Chapter {}", True), ("Page {}", False)]
)
def test_the_number_of_a_chapter_above_its_title_is_no_running_head(number, is_read):
    pages = [
        [
            Line(number.format(n), 150, 740, 10, 220),
            Line(name, 150, 720, 16, 220),
            *set_lines([f"{n} {line}" for line in BODY], 690),
        ]
        for n, name in enumerate(("The Mill", "The Rope", "The Sea", "The End"), 1)
    ]
    lines = show_pages(*drop_running_heads(pages))
    assert (number.format(3) in lines) is is_read


@pytest.mark.parametrize("cell", ["January", "shillings", "two"])
@pytest.mark.parametrize("is_last", [True, False])
def test_cells_that_recur_at_the_edge_of_pages_are_read(cell, is_last):
    pages = []
    for n in range(4):
        texts = [f"{n} {line}" for line in BODY]
        rows = [*texts, cell] if is_last else [cell, *texts]
        pages.append([*set_lines(rows), Line(str(n + 1), 200, 560, 10, 210)])
    assert " ".join(show_pages(*drop_running_heads(pages))).split().count(cell) == len(pages)


def test_a_table_head_that_recurs_on_each_page_is_left_out():
    head = [Line("Month Barrels", 72, 712, 10, 200, is_strong=True)]
    pages = [[*head, *set_lines([f"{n} {line}" for line in BODY])] for n in range(4)]
    assert "Month" not in " ".join(show_pages(*drop_running_heads(pages)))


@pytest.mark.parametrize("caption", ["Figure 2: The mill.", "Fig. 3. The mill", "Table 1: Prices"])
def test_a_caption_that_stands_inside_a_sentence_is_read_behind_it(caption):
    first = [*set_lines(BODY), Line("He left for the", 72, 604, 10, 302)]
    after = set_lines(["mill, and it rained.", "So they stayed."], 640)
    lines = show_pages(first, [Line(caption, 72, 700, 10, 220), *after])
    assert "left for the mill, and it rained." in " ".join(lines)
    assert caption in lines


def test_a_word_that_is_divided_in_a_hanging_paragraph_is_whole():
    item = [Line("Brine Water in which salt has been dis-", 72, 600, 10, 302)]
    item.append(Line("solved until it will hold no more.", 92, 588, 10, 250))
    assert "has been dissolved until" in " ".join(show_pages([*set_lines(BODY, 740), *item]))
