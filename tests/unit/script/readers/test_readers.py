"""Every type of text through the one registry, as text and as bytes."""

import base64

import pytest

from mixer.errors import UnreadableText
from mixer.script.readers import TextType, decode_upload, detect_text_type, read_document
from tests.books import Book, build_page

BOOK = Book({"1.xhtml": build_page("<p>It began.</p>")}).content()
TEXTS = {
    TextType.TEXT: "It began.",
    TextType.MARKDOWN: "It *began*.",
    TextType.HTML: "<!doctype html><p>It began.</p>",
    TextType.SSML: "<speak>It began.</speak>",
}


@pytest.mark.parametrize("text_type", TEXTS)
def test_a_text_and_its_bytes_are_the_same_document(text_type):
    document = read_document(TEXTS[text_type], text_type)
    assert [block.text for block in document.blocks] == ["It began."]
    assert read_document(b"\xef\xbb\xbf" + TEXTS[text_type].encode(), text_type) == document


def test_a_book_is_read_from_its_bytes_and_from_base64():
    document = read_document(BOOK, TextType.EPUB)
    assert [block.text for block in document.blocks] == ["It began."]
    assert read_document(base64.b64encode(BOOK).decode(), TextType.EPUB) == document


def test_an_upload_is_recognised_without_a_detour_over_base64():
    assert decode_upload(BOOK) is BOOK
    assert detect_text_type(BOOK) is TextType.EPUB
    assert decode_upload(b"\xef\xbb\xbfIt began.") == "It began."
    assert detect_text_type(b"<speak>It began.</speak>") is TextType.SSML


@pytest.mark.parametrize("read", [decode_upload, detect_text_type])
def test_bytes_that_are_neither_are_refused(read):
    with pytest.raises(UnreadableText, match="is not a text file"):
        read(b"\xff\xfe\x00")


def test_a_book_read_as_text_is_refused():
    with pytest.raises(UnreadableText, match=r"book\.epub is not a text file"):
        read_document(BOOK + b"\xff", TextType.TEXT, "book.epub")


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# Part One\n\n## Chapter 1\n\n## Two\n\n# Part Two\n\n## Three", [1, 1, 1, 1, 1]),
        ("# Tale\n\n## Book I\n\n### 1\n\n### 2\n\n## Epilogue", [1, 2, 2, 2, 2]),
        ("# Vol. I\n\n## Book I\n\n### A Day\n\n# Vol. II\n\n## Book II", [1, 1, 1, 1, 1]),
        ("# The Sea\n\n## Chapter 1\n\n# The Land\n\n## Chapter 2", [1, 1, 1, 1]),
        ("# Chapter 1\n\n## Dawn\n\n# Chapter 2\n\n## Dusk", [1, 2, 1, 2]),
        ("# The Sea\n\n## Dawn\n\n# The Land\n\n## Dusk", [1, 2, 1, 2]),
    ],
)
def test_the_chapters_of_parts_open_like_the_parts(text, levels):
    document = read_document(f"{text}\n\nIt began.", TextType.MARKDOWN)
    assert [block.level for block in document.blocks if block.level] == levels


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<h1>One</h1>\n<p>It began.</p><p>It ended.</p>\n", TextType.HTML),
        ("<p>It began.</p> and so on</p>, he wrote.", TextType.TEXT),
        ("<div> is a tag", TextType.TEXT),
    ],
)
def test_a_piece_of_a_page_is_a_page(text, kind):
    assert detect_text_type(text) is kind
