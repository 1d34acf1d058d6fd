"""POST /cast: the characters of a book, what its author changes, the book with marks."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mixer.api.routes import SpeechServices, add_cast_route
from mixer.api.routing import Api, Endpoint
from mixer.errors import NotFound
from mixer.speech import Voice
from tests.functional.clouds import build_settings
from tests.functional.lambdas import FakeContext, event_v2, expect_ok

PDF = Path(__file__).parents[2] / "unit/script/readers/data/printed.pdf"
BOOK = "“Come in,” said Tom.\n\n“No,” said Ann. She laughed.\n\n“Why not?”\n"
VOICES = [
    Voice("Joanna", "en-US", ("neural",), "Female"),
    Voice("Matthew", "en-US", ("neural",), "Male"),
]


@dataclass
class SmallService:
    """Speech of a service with two voices, and a store of one upload."""

    uploads: dict[str, bytes] = field(default_factory=dict)

    @property
    def store(self):
        return self

    def get(self, key):
        if key not in self.uploads:
            raise NotFound(key)
        return self.uploads[key]

    def list_voices(self, _deadline_s):
        return VOICES


@pytest.fixture
def ask():
    api = Api()
    speech = SmallService({"uploads/abc.md": BOOK.encode()})
    add_cast_route(api, lambda: SpeechServices(speech, speech, None), 1_000)
    endpoint = Endpoint(api, build_settings(), "/cast")
    return lambda body: endpoint(event_v2(body, "/cast"), FakeContext())


def test_a_book_comes_back_with_its_cast(ask):
    answer = expect_ok(ask({"text": BOOK}))
    assert [each["speaker"] for each in answer["quotations"]] == ["Tom", "Ann", "Tom"]
    assert answer["voices"] == {"Narrator": "Joanna", "Tom": "Matthew", "Ann": "Joanna"}
    assert "[[Tom: “Come in,”]] said Tom." in answer["marked_text"]


def test_the_author_changes_voices_and_speakers(ask):
    change = {"voices": {"Tom": "Joanna"}, "speakers": {"3": "Ann"}, "narrator": "Matthew"}
    answer = expect_ok(ask({"source": "uploads/abc.md", **change}))
    assert answer["quotations"][2] | {"text": ""} == {
        "number": 3,
        "spans": [[52, 62]],
        "speaker": "Ann",
        "method": "author",
        "confidence": 1.0,
        "candidates": answer["quotations"][2]["candidates"],
        "text": "",
    }
    assert answer["voices"]["Tom"] == "Joanna"
    assert "  Narrator: Matthew\n" in answer["marked_text"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": BOOK, "speakers": {"9": "Ann"}}, "no quotation 9"),
        ({"text": BOOK, "speakers": {"x": "Ann"}}, "not the number"),
        ({"text": BOOK, "voices": {"Bob": "Joanna"}}, "no Bob"),
        ({"text": "Der Regen fiel auf das Meer, und niemand kam an diesem Tag. " * 9}, "English"),
        ({"text": "“No,” said Ann. " * 90}, "1,000"),
        ({}, "text"),
    ],
)
def test_what_is_wrong_is_named(ask, body, words):
    answer = ask(body)
    assert answer["statusCode"] in (400, 413)
    assert words in answer["body"]


def test_a_book_that_takes_too_long_to_read_ends_at_the_deadline():
    api = Api()
    speech = SmallService({"uploads/abc.pdf": PDF.read_bytes()})
    add_cast_route(api, lambda: SpeechServices(speech, speech, None), 100_000)
    endpoint = Endpoint(api, build_settings(), "/cast")
    event = event_v2({"source": "uploads/abc.pdf"}, "/cast")
    assert "takes too long to read" in endpoint(event, FakeContext(left_s=0.0))["body"]
    assert expect_ok(endpoint(event, FakeContext()))["marked_text"]
