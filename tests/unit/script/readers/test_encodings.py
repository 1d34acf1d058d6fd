"""Bytes of many encodings, as text."""

import pytest

from mixer.errors import UnreadableText
from mixer.script.readers.encodings import decode_page, decode_text

WORDS = "Café – “quoted”."


@pytest.mark.parametrize(
    ("stated", "actual"),
    [
        ("utf-8", "utf-8"), ("utf-8", "utf-8-sig"), ("iso-8859-1", "utf-8"), ("utf-8", "cp1252"),
        ("iso-8859-1", "cp1252"), ("windows-1252", "cp1252"), ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"), ("utf-16be", "utf-16-be"), ("utf-8", "utf-16"),
        ("no-such", "utf-8"), ("punycode", "cp1252"), ("undefined", "cp1252"), ("idna", "utf-8"),
        ("rot13", "cp1252"), ("macintosh", "mac-roman"), ("utf-32", "utf-32"),
    ],
)  # fmt: skip
def test_a_page_is_decoded_whatever_it_states(stated, actual):
    page = f'<?xml version="1.0" encoding="{stated}"?><html><p>{WORDS}</p></html>'
    assert WORDS in decode_page(page.encode(actual))


@pytest.mark.parametrize(
    ("language", "encoding", "words"),
    [
        ("ja", "iso-2022-jp", "吾輩は猫"), ("ja", "shift_jis", "吾輩は猫"),
        ("ru", "koi8-r", "Привет"), ("ru", "windows-1251", "Привет"), ("zh", "gb18030", "你好"),
        ("ko", "euc-kr", "안녕"),
    ],
)  # fmt: skip
def test_a_page_of_another_script_is_decoded_as_it_states(language, encoding, words):
    page = f'<html lang="{language}"><meta charset="{encoding}"><p>{words}</p>'
    assert words in decode_page(page.encode(encoding))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_a_text_file_is_decoded(encoding):
    assert decode_text(f"It was late. {WORDS}\v\x1a".encode(encoding), "a.txt").startswith("It was")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Hello\x00 world.", "not a text file"),
        (b"\xff\xfe\x00\xd8", "not a text file"),
        ("Café is fine – “so”.\n".encode() + b"Bad \xe9 byte", "line 2 is not valid UTF-8"),
        (b"GIF89a\x01\x00", "not a text file"),
        (b"\x7fELF", "not a text file"),
    ],
)
def test_what_is_not_a_text_is_refused(content, reason):
    with pytest.raises(UnreadableText, match=reason):
        decode_text(content, "a.txt")
