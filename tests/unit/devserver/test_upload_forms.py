"""Forms that a browser sends files with: what a body holds, and which forms are genuine."""

import asyncio
import io

import pytest

from mixer.devserver.uploads import BadForm, FileTooLarge, FormReader
from mixer.store.links import LinkStatus, SignedLinks

TYPE = "multipart/form-data; boundary=----lines"


def body(*parts: tuple[str, bytes]) -> bytes:
    written = b"".join(
        b'------lines\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="a.mp3"' if name == "file" else b"", content)
        for name, content in parts
    )
    return written + b"------lines--\r\n"


def read_form(content_type: str, sent: bytes, chunk: int = 10_000, max_bytes: int = 100):
    """Fields and content of a form that arrives in chunks of so many bytes."""

    async def stream():
        for at in range(0, len(sent), chunk):
            yield sent[at : at + chunk]

    async def read():
        form, file = FormReader(content_type, stream()), io.BytesIO()
        fields = await form.read_fields()
        await form.copy_file(file, max_bytes)
        return fields, file.getvalue()

    return asyncio.run(read())


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 16, 1_000])
def test_fields_come_before_the_file_and_count(chunk):
    sound = b"ID3\r\n\r\n--\x00\xff\r\n------line\r\n"
    fields, content = read_form(TYPE, body(("key", b"uploads/a.mp3"), ("file", sound)), chunk)
    assert fields == {"key": "uploads/a.mp3"}
    assert content == sound


def test_what_follows_the_file_is_ignored():
    fields, content = read_form(TYPE, body(("file", b"x"), ("key", b"elsewhere")))
    assert (fields, content) == ({}, b"x")


@pytest.mark.parametrize("chunk", [1, 50, 1_000])
@pytest.mark.parametrize("size", [0, 101, 5_000])
def test_file_has_at_least_a_byte_and_no_more_than_allowed(size, chunk):
    with pytest.raises(FileTooLarge):
        read_form(TYPE, body(("file", b"x" * size)), chunk)
    assert len(read_form(TYPE, body(("file", b"x" * 100)), chunk)[1]) == 100


def test_file_that_is_too_large_is_not_read_to_its_end():
    taken = []

    async def endless():
        yield body(("file", b""))[:-14]
        while True:
            taken.append(1)
            yield b"x" * 1_000

    async def read():
        form = FormReader(TYPE, endless())
        await form.read_fields()
        await form.copy_file(io.BytesIO(), 10_000)

    with pytest.raises(FileTooLarge):
        asyncio.run(read())
    assert len(taken) < 15


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("application/json", body(("file", b"x"))),
        ("multipart/form-data", body(("file", b"x"))),
        (TYPE, b""),
        (TYPE, b"------lines"),
        (TYPE, body(("key", b"uploads/a.mp3"))),
        (TYPE, body(("file", b"x"))[:-20]),
        (TYPE, body(("key", b"k" * 5_000), ("file", b"x"))),
        (TYPE, body(*[(f"f{n}", b"") for n in range(30)], ("file", b"x"))),
        (TYPE, b"-" * 100_000),
        (TYPE, b"------lines\r\n" + b"X" * 100_000),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(content_type, sent):
    with pytest.raises(BadForm):
        read_form(content_type, sent)


def test_a_form_is_good_for_what_was_signed_and_not_for_long():
    now_s = 1_000.0
    links = SignedLinks("http://here/objects", b"k" * 32, lambda: now_s)
    form = links.sign_form("uploads/a.mp3", "audio/mpeg", 100, 60)
    assert links.check_form(form.fields) is LinkStatus.VALID
    for name, value in {"key": "mixed/b.mp3", "max_bytes": "101", "Content-Type": "a/b"}.items():
        assert links.check_form({**form.fields, name: value}) is LinkStatus.FORGED
    assert links.check_form({}) is LinkStatus.FORGED
    assert links.check_link("uploads/a.mp3", form.fields) is LinkStatus.FORGED
    now_s += 61
    assert links.check_form(form.fields) is LinkStatus.EXPIRED
