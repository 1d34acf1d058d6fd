"""Books and texts made to break a reader: read, or refused in one sentence, and nothing else."""

import io
import zipfile

import pytest

from mixer.errors import BadInput
from mixer.script.readers import TextType, read_document
from mixer.script.readers.epub import read_epub
from tests.books import CONTAINER, Book, build_page

PAGE = build_page("<h2>One</h2><p>It began.</p>")
BAD_ADDRESSES = ("x://[", "http://[", "//[x", "file:///etc/passwd", "\x00", "a" * 5_000)


def read(content: bytes) -> str:
    """The words of a book, or the sentence that refuses it."""
    try:
        return " ".join(block.text for block in read_epub(content, "book.epub").blocks)
    except BadInput as error:
        return describe_refusal(str(error), "book.epub")


def describe_refusal(message: str, name: str) -> str:
    """The word `refused`, if a message is one sentence that names its input."""
    is_sentence = name in message and "\n" not in message and len(message) < 400
    return "refused" if is_sentence else message


def build_odd_book(place: str, address: str) -> bytes:
    """A book with an odd address at one place."""
    written = address.replace("\x00", "%00")
    meta = f'<meta name="cover" content="{written}"/>'
    guide = f'<guide><reference type="cover" href="{written}"/></guide>'
    page = build_page(f'<p>It began.<a href="{written}#n">1</a><img src="{written}"/></p>')
    container = CONTAINER.replace("OEBPS/book.opf", written)
    item = f'<item id="x" href="{written}" media-type="text/css"/>'
    books = {
        "manifest": Book({"1.xhtml": PAGE}, manifest=item),
        "nav": Book({"1.xhtml": PAGE}, [(written, "I", 1)]),
        "ncx": Book({"1.xhtml": PAGE}, [(written, "I", 1)], version=2),
        "guide": Book({"1.xhtml": PAGE}, version=2, guide=guide),
        "cover": Book({"1.xhtml": PAGE}, metadata=meta),
        "container": Book({"1.xhtml": PAGE}, files={"META-INF/container.xml": container}),
        "link": Book({"1.xhtml": page}),
        "member": Book({"1.xhtml": PAGE}, files={address.replace("\x00", "\x01"): "x"}),
    }
    return books[place].content()


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize(
    "place", ["manifest", "nav", "ncx", "guide", "cover", "container", "link", "member"]
)
def test_an_odd_address_is_passed_over_or_refused(place, address):
    assert read(build_odd_book(place, address)) in ("refused", "One It began.", "It began.")


@pytest.mark.parametrize(
    "encoding", ["undefined", "punycode", "idna", "rot13", "hex", "zip", "x" * 50]
)
def test_an_odd_encoding_is_passed_over(encoding):
    page = PAGE.replace('"utf-8"', f'"{encoding}"')
    package = Book({"1.xhtml": PAGE}).package.replace(
        "<package", f'<?xml version="1.0" encoding="{encoding}"?><package', 1
    )
    assert read(Book({"1.xhtml": page}).content()) == "One It began."
    odd = Book({"1.xhtml": PAGE}, files={"OEBPS/book.opf": package})
    assert read(odd.content()) in ("refused", "One It began.")


@pytest.mark.parametrize("depth", [150, 5_000, 100_000])
def test_deep_contents_are_refused_or_passed_over(depth):
    lists = f'{"<ol><li>" * depth}<a href="1.xhtml">I</a>{"</li></ol>" * depth}'
    nav = f'<nav epub:type="toc">{lists}</nav>'
    deep = Book({"1.xhtml": PAGE}, [], files={"OEBPS/nav.xhtml": build_page(nav)})
    assert read(deep.content()) == "One It began."
    assert read(Book({"1.xhtml": build_page("<div>" * depth + "<p>It began.</p>")}).content()) in (
        "refused",
        "It began.",
    )
    metadata = "<a>" * depth + "</a>" * depth
    assert read(Book({"1.xhtml": PAGE}, metadata=metadata).content()) in (
        "refused",
        "One It began.",
    )


@pytest.mark.parametrize(
    ("text", "text_type"),
    [
        ("<html><![x hello", TextType.HTML),
        ("<html><p>Hi <![if x>", TextType.HTML),
        ("<div>" * 5_000 + "a", TextType.HTML),
        (
            "<speak>" + "<prosody rate='90%'>" * 1_500 + "Hi." + "</prosody>" * 1_500 + "</speak>",
            TextType.SSML,
        ),
        ("> " * 5_000 + "a", TextType.MARKDOWN),
        ("hi \ud800", TextType.TEXT),
        ("[[sound \ud800.wav]] hi", TextType.TEXT),
        ("---\ntitle: t\ncast:\n  A: \udfff\n---\nhi", TextType.MARKDOWN),
        ("<p>\ud800</p>", TextType.HTML),
        ("<speak>\ud800</speak>", TextType.SSML),
        ("+++\nx = " + "[" * 5_000 + "\n+++\na", TextType.MARKDOWN),
        ("a\x00b", TextType.HTML),
    ],
)
def test_a_hostile_text_is_read_or_refused_in_a_sentence(text, text_type):
    try:
        outcome = "read" if read_document(text, text_type, "story.txt").blocks is not None else ""
    except BadInput as error:
        outcome = describe_refusal(str(error), "story.txt")
    assert outcome in ("read", "refused")


def test_half_a_character_is_refused_with_its_line():
    with pytest.raises(BadInput, match=r"story\.txt contains half a character in line 2"):
        read_document("It began.\nhi \ud800", TextType.TEXT, "story.txt")


def test_names_that_differ_only_in_form_are_found():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in Book({"Ma mère.xhtml": PAGE}).all_files().items():
            archive.writestr(path.replace("Ma mère", "ma me\u0300re"), content)
    assert read(made.getvalue()) == "One It began."


LONG = "9" * 5_000
DOCX = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def build_docx(properties: str, label: str = "%1.", start: str = "1") -> bytes:
    """A document of 50 headings with numbers."""
    heading = f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>The Sea</w:t></w:r></w:p>"
    level = f'<w:lvl><w:start w:val="{start}"/><w:lvlText w:val="{label}"/></w:lvl>'
    lists = f'<w:abstractNum w:abstractNumId="0">{level}</w:abstractNum>'
    lists += '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inner in (
            ("document", f"<w:body>{heading * 50}</w:body>"),
            ("numbering", lists),
        ):
            archive.writestr(f"word/{name}.xml", f'<w:{name} xmlns:w="{DOCX}">{inner}</w:{name}>')
    return made.getvalue()


NUMBERED = '<w:outlineLvl w:val="0"/><w:numPr><w:numId w:val="1"/></w:numPr>'


@pytest.mark.parametrize(
    "content",
    [
        build_docx(f'<w:outlineLvl w:val="{LONG}"/>'),
        build_docx(NUMBERED.replace("<w:numId", f'<w:ilvl w:val="{LONG}"/><w:numId')),
        build_docx(NUMBERED, start=LONG[:4_400]),
        build_docx(NUMBERED, label="%1." * 1_800),
        build_docx(NUMBERED, label="%1." * 20, start="9" * 9),
    ],
)
def test_numbers_of_any_length_in_a_document_change_no_more_than_a_line(content):
    blocks = read_document(content, TextType.DOCX).blocks
    assert len(blocks) == 50
    assert all(block.text.endswith("The Sea") and len(block.text) < 700 for block in blocks)
