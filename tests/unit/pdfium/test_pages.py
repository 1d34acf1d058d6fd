"""What PDFium's process answers is checked like the file itself: any of it may be forged."""

import base64
import json
import struct

import pytest

from mixer.errors import MixerError, ObjectTooLarge, UnreadableText
from mixer.isolation import Call, ProcessStopped
from mixer.pdfium.pages import _build_page, _build_statements, _describe_stop, _parse_line

LENGTHS = base64.b64encode(struct.pack("4d", 72, 700, 12, 99.5)).decode()
PAGE = [5, 0, ["words"], [False], LENGTHS]


def write(values: object) -> bytes:
    return json.dumps(values).encode()


def test_a_page_is_read_as_it_was_written():
    page = _parse_line(write(PAGE), "It", _build_page)
    assert page.pieces == [("words", 72.0, 700.0, 12.0, 99.5, False)]
    assert (page.chars, page.unreadable) == (5, 0)


def test_lengths_that_are_none_are_zero():
    lengths = base64.b64encode(struct.pack("4d", float("nan"), float("inf"), -1e300, 0)).decode()
    page = _parse_line(write([5, 0, ["words"], [True], lengths]), "It", _build_page)
    assert page.pieces == [("words", 0.0, 0.0, -1e300, 0.0, True)]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[" + b"9" * 10_000 + b"]",
        b"{}",
        b"7",
        b"null",
        write({"refusal": "unknown"}),
        write({"refusal": ["pages"]}),
        write({"refusal": "pages", "number": "many"}),
        write({"refusal": "pages", "number": True}),
        write([*PAGE, 1]),
        write(["5", *PAGE[1:]]),
        write([5.0, *PAGE[1:]]),
        write([5, 0, [7], [False], LENGTHS]),
        write([5, 0, ["words"], [0], LENGTHS]),
        write([5, 0, ["words", "more"], [False], LENGTHS]),
        write([5, 0, ["words"], [False], LENGTHS[:20]]),
        write([5, 0, ["words"], [False], "é"]),
        write([5, 0, ["words"], [False], 7]),
        write([5, 0, "w", "x", LENGTHS]),
        write([5, 0, {"words": 1}, [False], LENGTHS]),
    ],
    ids=lambda line: repr(line[:60]),
)
def test_a_malformed_page_counts_as_a_stop_of_the_process(line):
    with pytest.raises(ProcessStopped):
        _parse_line(line, "It", _build_page)


@pytest.mark.parametrize("line", [write(["", "", ""]), write([1, "", "", 2]), write("abcd")])
def test_malformed_statements_count_as_a_stop_of_the_process(line):
    with pytest.raises(ProcessStopped):
        _parse_line(line, "It", _build_statements)


@pytest.mark.parametrize(
    ("line", "kind", "sentence"),
    [
        ({"refusal": "lock"}, UnreadableText, "It is protected by a password: remove it first."),
        (
            {"refusal": "pages", "number": 12_345},
            ObjectTooLarge,
            "It has 12,345 pages, too many for a book.",
        ),
    ],
)
def test_a_refusal_is_a_sentence_of_this_side(line, kind, sentence):
    with pytest.raises(MixerError) as refused:
        _parse_line(write(line), "It", _build_page)
    assert (type(refused.value), str(refused.value)) == (kind, sentence)


@pytest.mark.parametrize(
    ("was_slow", "kind", "sentence"),
    [
        (True, ObjectTooLarge, "It cannot be used: reading it takes more than 60 s of computing"),
        (False, UnreadableText, "It cannot be read: the library that reads PDFs stopped, because"),
    ],
)
def test_a_process_that_stopped_is_one_sentence(was_slow, kind, sentence):
    call = Call("mixer.pdfium.letters", "1", 60, 1 << 29, 1)
    error = _describe_stop(call, "It", ProcessStopped("", was_slow=was_slow))
    assert isinstance(error, kind)
    assert str(error).startswith(sentence)
