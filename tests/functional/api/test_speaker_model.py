"""A language model names speakers in doubt: by numbers only, within limits, from the store."""

import json
import re
from dataclasses import replace

import pytest

from mixer.api.routes import SpeechServices, add_cast_route
from mixer.api.routing import Api, Endpoint
from mixer.script.speakers import MODEL_CONFIDENCE, Method, read_cast
from mixer.services import CastBook, SpeakerModel
from mixer.speech.remote import load_model
from mixer.store import FolderStore
from tests.emulators.language_model import run_language_model
from tests.functional.api.test_cast import SmallService
from tests.functional.clouds import build_settings
from tests.functional.lambdas import FakeContext, event_v2, expect_ok

KEY = "sk-the-secret-of-the-tests"
BOOK = (
    "“Come in,” said Tom.\n\n“No,” said Ann. She laughed.\n\n“Why not?” asked Tom.\n\n"
    "“Good evening, all of you,” said Mr. Quill.\n\nThey sat down in the kitchen, and it was quiet "
    "for a long while.\n\n“It is raining.”\n\n“So it is.”\n\n“I never saw such rain.”\n"
)
DOUBTFUL = 6


@pytest.fixture
def server():
    with run_language_model() as running:
        yield running


def build_book(text=BOOK):
    cast = read_cast(text)
    confidences = (0.3 if each.number == DOUBTFUL else 0.7 for each in cast.quotations)
    pairs = zip(cast.quotations, confidences, strict=True)
    cast = replace(cast, quotations=tuple(replace(each, confidence=c) for each, c in pairs))
    voices = {each.name: "Ada" for each in cast.characters}
    return CastBook(text, cast, {**voices, "Narrator": "Ada"}, is_plain=True)


@pytest.fixture
def ask(server, tmp_path):
    def ask_model(book=None, **environ):
        settings = load_model({"MODEL_URL": server.url, "MODEL_KEY": KEY} | environ)
        return SpeakerModel(settings, FolderStore(tmp_path)).label(book or build_book())

    return ask_model


def find_number(question, name):
    return int(re.search(rf"^(\d+)\. {name}", question, re.MULTILINE)[1])


def test_labels_are_taken_and_kept(server, ask):
    server.answer = lambda question: f'Sure! {{"{DOUBTFUL}": {find_number(question, "Ann")}}} Bye.'
    book = ask()
    assert [each.number for each in build_book().cast.find_doubtful()] == [DOUBTFUL]
    changed = book.cast.quotations[DOUBTFUL - 1]
    assert (changed.speaker, changed.method, changed.confidence) == (
        "Ann",
        Method.MODEL,
        MODEL_CONFIDENCE,
    )
    others = [each for each in book.cast.quotations if each.number != DOUBTFUL]
    assert others == [each for each in build_book().cast.quotations if each.number != DOUBTFUL]
    assert (book.text, server.keys) == (BOOK, [f"Bearer {KEY}"])
    body = server.bodies[0]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("default", 0, 52)
    assert f"⟦{DOUBTFUL}⟧“So it is.”" in body["messages"][1]["content"]
    assert ask().cast == book.cast
    assert len(server.bodies) == 1
    ask(MODEL_NAME="another")
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "I think that Ann says it.",
        '{"6": 99, "1": 1, "six": 1, "9999999999": 1}',
        '{"6": "Ann"}',
        '{"6": true}',
        '{"6": [1]}',
        "[6, 1]",
        "{" * 50_000 + "}" * 50_000,
        "\ud83d\x00 {}",
    ],
)
def test_nonsense_is_ignored_and_reported(server, ask, answer):
    server.answer = lambda _question: answer
    book = ask()
    assert book.cast.quotations == build_book().cast.quotations
    assert "1 of its answers could not be used." in book.cast.notes
    ask()
    assert len(server.bodies) == 2  # it was not kept


@pytest.mark.parametrize(
    ("raw", "status", "words"),
    [
        (b"<html>", 200, "no JSON"),
        (b"[" * 200_000, 200, "no JSON"),
        (b"{}", 302, "redirects elsewhere, which is not followed"),
        (b"{}", 401, "check MODEL_KEY"),
        (KEY.encode(), 500, "status 500"),
        (bytes(2_000_000), 200, "more than 1 MB"),
    ],
)
def test_server_that_fails_leaves_the_cast_as_it_was(server, ask, raw, status, words):
    server.raw, server.status = raw, status
    book = ask()
    assert book.cast.quotations == build_book().cast.quotations
    assert words in book.cast.notes[-1]
    assert KEY not in " ".join(book.cast.notes)


def test_what_is_sent_is_limited(server, ask):
    cast = build_book().cast
    far = "They waited. " * 400
    text = BOOK + far + "“Yes.”\n\n“No.”\n\n" + far + "“Yes.”\n\n“No.”\n"
    quotations = tuple(replace(each, confidence=0.1) for each in read_cast(text).quotations)
    book = CastBook(text, replace(cast, quotations=quotations), {}, is_plain=True)
    labelled = ask(book, MODEL_MAX_CHARS="3000")
    sent = [each["content"] for body in server.bodies for each in body["messages"]]
    assert 0 < sum(map(len, sent)) <= 3_000
    assert "MODEL_MAX_CHARS" in labelled.cast.notes[-1]
    assert json.dumps(labelled.cast.notes).count("was not asked about") == 1


def test_callers_ask_for_the_model_of_the_server(server, tmp_path):
    def call(model, body):
        api = Api()
        services = SpeechServices(SmallService(), SmallService(), None)
        add_cast_route(api, lambda: services, 10_000, lambda: model)
        return Endpoint(api, build_settings(), "/cast")(event_v2(body, "/cast"), FakeContext())

    server.answer = lambda question: f'{{"{DOUBTFUL}": {find_number(question, "Ann")}}}'
    settings = load_model({"MODEL_URL": server.url, "MODEL_TIMEOUT_S": "1"})
    model = SpeakerModel(settings, FolderStore(tmp_path))
    answer = expect_ok(call(model, {"text": BOOK, "model": True}))
    assert answer["quotations"][DOUBTFUL - 1]["method"] == "model"
    assert "[[Ann: “So it is.”]]" in answer["marked_text"]
    assert expect_ok(call(model, {"text": BOOK}))["quotations"][DOUBTFUL - 1]["method"] == "turn"
    assert len(server.bodies) == 1
    refused = call(None, {"text": BOOK, "model": True})
    assert (refused["statusCode"], "MODEL_URL" in refused["body"]) == (400, True)
