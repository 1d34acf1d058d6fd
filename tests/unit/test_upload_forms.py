"""Forms that a browser sends files with: what a body holds, and which forms are genuine."""

import pytest

from mixer.devserver.uploads import BadForm, parse_form
from mixer.store.links import LinkStatus, SignedLinks

TYPE = "multipart/form-data; boundary=----lines"


def body(*parts: tuple[str, bytes]) -> bytes:
    written = b"".join(
        b'------lines\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="a.mp3"' if name == "file" else b"", content)
        for name, content in parts
    )
    return written + b"------lines--\r\n"


def test_fields_come_before_the_file_and_count():
    sound = b"ID3\r\n\r\n--\x00\xff\r\n"
    fields, content = parse_form(TYPE, body(("key", b"uploads/a.mp3"), ("file", sound)))
    assert fields == {"key": "uploads/a.mp3"}
    assert bytes(content) == sound


def test_what_follows_the_file_is_ignored():
    fields, content = parse_form(TYPE, body(("file", b"x"), ("key", b"elsewhere")))
    assert (fields, bytes(content)) == ({}, b"x")


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
    ],
)
def test_what_is_no_form_with_a_file_is_refused(content_type, sent):
    with pytest.raises(BadForm):
        parse_form(content_type, sent)


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
