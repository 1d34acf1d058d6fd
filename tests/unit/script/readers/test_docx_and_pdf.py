"""DOCX and PDF, and books that real tools made of one text: all of it, nothing more, its chapters.

The files in `data` were made of `harbour.md`: with Pandoc 2.17, printed with Chromium, converted by
calibre 6.13 from Pandoc's DOCX by way of Kindle's AZW3 and MOBI, exported by LibreOffice 7.4. The
ODTs are of Pandoc 3.9, and of LibreOffice from the DOCX (only the files that hold text).
"""

import io
import zipfile
import zlib
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
)

from mixer.errors import BadInput, ObjectTooLarge, UnreadableText
from mixer.script.document import BlockKind
from mixer.script.planning import plan_document
from mixer.script.readers import TextType, detect_text_type, is_book, read_document
from mixer.script.readers.docx import read_docx
from mixer.script.readers.pdf import read_pdf
from mixer.script.readers.pdf_layout import build_blocks
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.pdf_pages import drop_running_heads

DATA = Path(__file__).parent / "data"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
STORY = read_document((DATA / "harbour.md").read_text("utf-8"), TextType.MARKDOWN)
TITLE_PAGE = ("The Harbour", "Ann Author", "Bob Writer", "1999-05-03")


def read_words(blocks) -> list[str]:
    """The words of a story, without its title page."""
    return [
        each.text for each in blocks if each.text not in ("", *TITLE_PAGE) and not each.is_silent
    ]


@pytest.mark.parametrize(
    ("file", "text_type", "expected"),
    [
        ("pandoc-2.epub", TextType.EPUB, ["The Storm", "The Boat", "A Letter", "The End of It"]),
        ("pandoc-3.epub", TextType.EPUB, ["The Storm", "The Boat", "A Letter", "The End of It"]),
        ("pandoc.docx", TextType.DOCX, ["The Storm", "The Boat", "The End of It"]),
        ("printed.pdf", TextType.PDF, ["The Storm", "The Boat", "The End of It"]),
        (
            "calibre-azw3.epub",
            TextType.EPUB,
            ["The Storm", "The Boat", "A Letter", "The End of It"],
        ),
        (
            "calibre-mobi.epub",
            TextType.EPUB,
            ["The Storm", "The Boat", "A Letter", "The End of It"],
        ),
        ("libreoffice.docx", TextType.DOCX, ["The Storm", "The Boat", "The End of It"]),
        ("pandoc.odt", TextType.ODT, ["The Storm", "The Boat", "The End of It"]),
        ("libreoffice.odt", TextType.ODT, ["The Storm", "The Boat", "The End of It"]),
    ],
)
def test_a_book_of_a_real_tool_reads_like_its_source(file, text_type, expected):
    content = (DATA / file).read_bytes()
    assert is_book(content)
    assert detect_text_type(content) is text_type
    document = read_document(content, text_type, file)
    assert read_words(document.blocks) == read_words(STORY.blocks)
    assert document.title == "The Harbour"
    assert document.language == ("en" if file.startswith("calibre") else "en-GB")
    assert document.author == ("" if text_type is TextType.PDF else "Ann Author, Bob Writer")
    chapters = [chapter.title for chapter in plan_document(document).chapters]
    assert [title for title in chapters if title not in ("", "The Harbour")] == expected


def test_a_page_that_libreoffice_exported_reads_like_its_source():
    document = read_document((DATA / "libreoffice.html").read_bytes(), TextType.HTML)
    assert read_words(document.blocks) == read_words(STORY.blocks)
    assert (document.author, document.language) == ("Ann Author, Bob Writer", "en-GB")


def build_docx(body: str, **files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>"
        )
        for path, content in files.items():
            archive.writestr(path, content)
    return made.getvalue()


STYLES = (
    f'<w:styles {W}><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Own"><w:name w:val="My Head"/><w:basedOn w:val="H"/></w:style>'
    '<w:style w:styleId="Loop"><w:name w:val="x"/><w:basedOn w:val="Loop"/></w:style>'
    '<w:style w:styleId="C"><w:name w:val="toc 1"/></w:style></w:styles>'
)


def write_paragraph(runs: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}{runs}</w:p>"


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        (write_paragraph("<w:r><w:t>One</w:t></w:r>", "H"), ["#2 One"]),
        (write_paragraph("<w:r><w:t>One</w:t></w:r>", "Own"), ["#2 One"]),
        (write_paragraph("<w:r><w:t>One</w:t></w:r>", "Loop"), ["One"]),
        (
            write_paragraph("<w:r><w:t>One 7</w:t></w:r>", "C")
            + write_paragraph("<w:r><w:t>A</w:t></w:r>"),
            ["A"],
        ),
        ("<w:p><w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r></w:p>", ["a", "b"]),
        (
            "<w:p><w:r><w:t>a</w:t></w:r><w:del><w:r><w:delText>no</w:delText></w:r></w:del></w:p>",
            ["a"],
        ),
        (
            "<w:p><w:ins><w:r><w:t>a</w:t></w:r></w:ins><w:r><w:footnoteReference/></w:r></w:p>",
            ["a"],
        ),
        (
            "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>no</w:t></w:r><w:r><w:t>a</w:t></w:r></w:p>",
            ["a"],
        ),
        ("<w:p><w:r><w:instrText>PAGE</w:instrText><w:t>a</w:t></w:r></w:p>", ["a"]),
        ("<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>", ["a"]),
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>a</w:t></w:r></w:p></w:sdtContent></w:sdt>", ["a"]),
        ("<w:p><w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t></w:r></w:p>", ["a-b"]),
        ("<w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>* * *</w:t></w:r></w:p>", ["a", ""]),
    ],
)
def test_paragraphs_of_a_docx_are_read(body, blocks):
    read = read_docx(build_docx(body, **{"word/styles.xml": STYLES})).blocks
    texts = [f"#{b.level} {b.text}" if b.kind is BlockKind.HEADING else b.text for b in read]
    assert texts == blocks


EXTERNAL = '<Relationships><Relationship Type="x/{}" TargetMode="External" Target="http://x"/></Relationships>'
ONE = write_paragraph("<w:r><w:t>One.</w:t></w:r>")
RELATIONS = "word/_rels/document.xml.rels"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (build_docx(ONE, **{"word/vbaProject.bin": "x"}), "contains macros"),
        (build_docx(ONE, **{RELATIONS: EXTERNAL.format("attachedTemplate")}), "a file outside"),
        (build_docx(ONE, **{RELATIONS: EXTERNAL.format("image")}), "a file outside"),
        (build_docx(""), "no words"),
        (build_docx("<w:x>" * 300 + "</w:x>" * 300), "more than 200 deep"),
        (build_docx(ONE + " " * 40_000_000), "unpacks to more"),
        (build_docx(ONE)[:-30], "archive is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Word document"),
    ],
)
def test_a_docx_that_cannot_be_read_is_refused_in_a_sentence(content, reason):
    with pytest.raises((UnreadableText, ObjectTooLarge), match=reason) as refused:
        read_document(content, TextType.DOCX, "story.docx")
    assert "story.docx" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_links_of_a_docx_to_the_web_are_no_danger():
    content = build_docx(ONE, **{RELATIONS: EXTERNAL.format("hyperlink")})
    assert [block.text for block in read_docx(content).blocks] == ["One."]


def write_pdf(writer: PdfWriter) -> bytes:
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def lock_pdf(password: str, algorithm: str = "AES-256") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(DATA / "printed.pdf"))
    writer.encrypt(password, "owner", algorithm=algorithm)
    return write_pdf(writer)


def strip_unicode_tables() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(DATA / "printed.pdf"))
    for page in writer.pages:
        for font in page["/Resources"]["/Font"].values():
            font.get_object().pop(NameObject("/ToUnicode"), None)
    return write_pdf(writer)


def build_blank_pdf(pages: int) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(300, 400)
    return write_pdf(writer)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lock_pdf("secret"), "protected by a password"),
        (strip_unicode_tables(), "would be noise"),
        (build_blank_pdf(3), "a scan without text"),
        (b"%PDF-1.7 nothing", "is damaged"),
        ((DATA / "printed.pdf").read_bytes()[:5_000], "is damaged|scan"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_refused_in_a_sentence(content, reason):
    with pytest.raises(UnreadableText, match=reason) as refused:
        read_document(content, TextType.PDF, "story.pdf")
    assert "story.pdf" in str(refused.value)
    assert "\n" not in str(refused.value)


def fill_page(levels: int) -> bytes:
    """A page of text and spaces, packed so many times."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(build_blank_pdf(1))))
    content = b"BT (He left.) Tj ET".ljust(40 << 20)
    for _ in range(levels):
        content = zlib.compress(content, 9)
    stream = EncodedStreamObject()
    stream[NameObject("/Filter")] = ArrayObject([NameObject("/FlateDecode")] * levels)
    stream._data = content
    writer.pages[0][NameObject("/Contents")] = writer._add_object(stream)
    return write_pdf(writer)


@pytest.mark.parametrize("levels", [1, 2])
def test_a_pdf_that_unpacks_to_more_than_a_page_is_refused(levels):
    with pytest.raises(ObjectTooLarge, match=r"story\.pdf cannot be used: .* than a page holds"):
        read_pdf(fill_page(levels), "story.pdf")


def nest_forms(levels: int) -> bytes:
    """A page of forms in each other, each of which draws the next ten times."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(build_blank_pdf(1))))
    drawn = DictionaryObject()
    for _ in range(levels):
        form = DecodedStreamObject()
        form.set_data(b"/X Do " * 10 if drawn else b"BT (He left.) Tj ET")
        form[NameObject("/Subtype")] = NameObject("/Form")
        form[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): drawn})
        drawn = DictionaryObject({NameObject("/X"): writer._add_object(form)})
    writer.pages[0][NameObject("/Resources")][NameObject("/XObject")] = drawn
    return write_pdf(writer)


def test_a_pdf_that_draws_its_parts_again_and_again_is_refused():
    with pytest.raises(ObjectTooLarge, match=r"story\.pdf cannot be used: it draws the same"):
        read_pdf(nest_forms(9), "story.pdf")
    with pytest.raises(UnreadableText, match="a scan without text"):
        read_pdf(nest_forms(3), "story.pdf")


def test_a_pdf_of_more_pages_than_a_book_is_refused():
    with pytest.raises(ObjectTooLarge, match=r"story\.pdf has 10,001 pages, too many for a book"):
        read_pdf(build_blank_pdf(10_001), "story.pdf")


def turn_pages(angle: int) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(DATA / "printed.pdf"))
    for page in writer.pages:
        page.rotate(angle)
    return write_pdf(writer)


@pytest.mark.parametrize("content", [lock_pdf(""), lock_pdf("", "RC4-128"), turn_pages(90)])
def test_a_pdf_that_forbids_changes_or_lies_on_its_side_is_read(content):
    document = read_pdf(content, "story.pdf")
    assert read_words(document.blocks) == read_words(STORY.blocks)


@pytest.mark.parametrize("text_type", [TextType.EPUB, TextType.DOCX, TextType.ODT, TextType.PDF])
def test_what_is_no_book_is_refused(text_type):
    with pytest.raises(
        BadInput, match=r"story is not an EPUB, a DOCX, an OpenDocument text or a PDF\."
    ):
        read_document(b"It began.", text_type, "story")


LONG = "It was late in the year when the boats came in, and nothing was said of it."


def find_right(text: str, x: float, _: float, size: float) -> float:
    """Where a text of usual letters ends."""
    return x + len(text) * size * 0.4


def lay_out(*lines: tuple[str, float, float, float]) -> list[str]:
    """What is read of a page with these pieces of text: x, y, size."""
    pages = [build_lines([Fragment(*each, find_right(*each)) for each in lines])]
    return [each.block.text for each in build_blocks(pages)]


BODY = [(LONG, 70, 400 - 14 * n, 12) for n in range(4)]


@pytest.mark.parametrize(
    ("fragments", "text"),
    [
        ([("He left.", 70, 500, 12), ("1", 120, 505, 7), (" No.", 125, 500, 12)], "He left. No."),
        ([("It rose by 5 m", 70, 500, 12), ("2", 120, 504, 12)], "It rose by 5 m²"),
        ([("H", 70, 500, 12), ("2", 75, 499, 7), ("O", 80, 500, 12)], "H₂O"),
        ([("Mr.", 70, 500, 12), ("\xa0", 90, 500, 12), ("Brown", 94, 500, 12)], "Mr. Brown"),
        ([("•", 70, 500, 12), (" ", 80, 500, 12), ("an oar", 84, 500, 12)], "an oar"),
        ([("T", 70, 490, 34), ("he lamp burned.", 95, 508, 12)], "The lamp burned."),
    ],
)  # fmt: skip
def test_letters_of_a_pdf_are_known_by_their_places(fragments, text):
    assert lay_out(*fragments, *BODY)[0] == text


def test_notes_of_a_pdf_in_letters_of_any_size_are_left_out():
    referred = [(LONG, 70, 500, 12), ("7", 300, 505, 7), *BODY]
    note = [("7", 70, 104, 7), (" A note.", 75, 100, 12), ("More of it.", 70, 80, 12)]
    assert lay_out(*referred, *note) == lay_out(*referred)
    assert len(lay_out(*BODY, *note)) > len(lay_out(*BODY))
    arrow = [("1. A note of it.", 70, 100, 12), ("And more.↩", 70, 60, 12)]
    assert lay_out(*BODY, *arrow) == lay_out(*BODY)


def test_the_number_of_a_chapter_above_a_page_is_no_page_number():
    body = [Line(*each, find_right(*each)) for each in BODY]
    texts = [
        [Line("abcdef"[n] + each.text, each.x, each.y, each.size, each.right) for each in body]
        for n in range(4)
    ]
    pages = [
        [Line(str(n), 200, 450, 12, 205), *texts[n - 1], Line(str(n + 4), 200, 20, 9, 205)]
        for n in range(1, 5)
    ]
    assert [page[0].text for page in drop_running_heads(pages)] == ["1", "2", "3", "4"]
    assert all(len(page) == 1 + len(BODY) for page in drop_running_heads(pages))
