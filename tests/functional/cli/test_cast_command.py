"""`mixer cast`: a table, JSON, a book to narrate; and what is wrong with a book."""

import json
from pathlib import Path

import pytest

from tests.commands import InProcessCli
from tests.emulators.language_model import run_language_model

BOOK = "“Come in,” said Tom.\r\n\r\n“No,” said Ann. She laughed.\r\n\r\n“Why not?”\r\n"

DOUBTFUL_BOOK = (
    BOOK + "“Good evening, all of you,” said Mr. Quill.\n\nThey sat down in the kitchen.\n\n"
    "“It is raining.”\n\n“So it is.”\n"
)


@pytest.fixture
def mixer(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIXER_STORE", str(tmp_path / "store"))
    (tmp_path / "book.txt").write_bytes(BOOK.encode())
    return InProcessCli(capsys)


def test_the_cast_is_listed_and_written(mixer, tmp_path):
    done = mixer("cast", "book.txt", "--out", "cast.md")
    assert done.code == 0
    assert "Tom" in done.out
    written = (tmp_path / "cast.md").read_bytes().decode()
    assert written.startswith(
        "---\r\ntext-type: text\r\ncast:\r\n  Narrator: Ada\r\n  Tom: Ben\r\n"
    )
    assert written.endswith("[[Ann: “No,”]] said Ann. She laughed.\r\n\r\n[[Tom: “Why not?”]]\r\n")
    planned = json.loads(mixer("plan", "cast.md", "--json").out)
    speakers = [
        chunk["utterances"][0]["speaker"]
        for each in planned["chapters"]
        for chunk in each["chunks"]
    ]
    assert speakers == ["Tom", "", "Ann", "", "Tom"]


def test_model_is_asked_where_an_address_is_given(mixer, monkeypatch):
    for name in ("MODEL_URL", "MODEL_NAME"):
        monkeypatch.delenv(name, raising=False)
    with run_language_model() as server:
        found = json.loads(mixer("cast", "book.txt", "--json", "--model-url", server.url).out)
        assert "named the speakers of" not in " ".join(found["notes"])  # none is in doubt
        assert server.bodies == []
        Path("book.txt").write_text(DOUBTFUL_BOOK, encoding="utf-8")
        found = json.loads(mixer("cast", "book.txt", "--json", "--model-url", server.url).out)
    assert "of its answers could not be used." in " ".join(found["notes"])
    assert len(server.bodies) == 1
    refused = mixer("cast", "book.txt", "--model-url", "file:///etc/passwd")
    assert (refused.code, "MODEL_URL must be the address" in refused.error) == (1, True)


def test_json_has_spans_of_the_text(mixer):
    found = json.loads(mixer("cast", "book.txt", "--json").out)
    first = found["quotations"][0]
    start, end = first["spans"][0]
    assert (BOOK[start:end], first["speaker"], first["method"]) == ("“Come in,”", "Tom", "name")
    assert found["voices"].keys() == {"Narrator", "Tom", "Ann"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Der Regen fiel auf das Meer, und niemand kam an diesem Tag. " * 9, "is not in English"),
        ("<speak>“No,” said Ann.</speak>", "is SSML"),
        ("", "is empty"),
    ],
)
def test_a_book_that_cannot_be_cast_is_named(mixer, tmp_path, text, message):
    (tmp_path / "other.txt").write_text(text)
    done = mixer("cast", "other.txt")
    assert done.code == 1
    assert "other.txt" in done.error
    assert message in done.error


def test_a_file_of_others_is_not_overwritten(mixer, tmp_path):
    (tmp_path / "cast.md").write_text("mine")
    assert mixer("cast", "book.txt", "--out", "cast.md").code != 0
    assert mixer("cast", "book.txt", "--out", "book.txt").code != 0
    assert (tmp_path / "cast.md").read_text() == "mine"
