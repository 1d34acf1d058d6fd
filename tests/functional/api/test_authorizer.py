"""The authorizer: named callers with their tokens, nobody else, no lock-out while AWS stumbles."""

import json

import boto3
import pytest
from moto import mock_aws

import authorizer
from mixer.api.auth import (
    FRESH_S,
    STALE_S,
    TokenRegistry,
    authorize_request,
    digest_token,
    find_holder,
    parse_bearer,
    parse_callers,
)
from mixer.errors import Misconfigured
from mixer.settings import Auth
from tests.functional.lambdas import FakeContext, event_v2

OLD, NEW, OTHER = "old-token-of-anna", "new-token-of-anna", "token-of-bert"
SECRET = json.dumps({"anna": [digest_token(OLD), digest_token(NEW)], "bert": [digest_token(OTHER)]})
TOKEN = Auth(mode="token", tokens_secret="tokens")  # noqa: S106 - a name


def question(authorization=None):
    headers = {"Authorization": authorization} if authorization is not None else {}
    return {**event_v2(None, headers=headers), "type": "REQUEST"}


@pytest.fixture
def book():
    return TokenRegistry(lambda: SECRET)


@pytest.mark.parametrize(("token", "caller"), [(OLD, "anna"), (NEW, "anna"), (OTHER, "bert")])
def test_each_caller_is_known_by_two_tokens(book, token, caller):
    answer = authorize_request(question(f"Bearer {token}"), TOKEN, book)
    assert answer == {"isAuthorized": True, "context": {"caller": caller}}
    assert authorize_request(question(f"bearer  {token} "), TOKEN, book) == answer


@pytest.mark.parametrize(
    "authorization",
    [
        *(None, "", "Bearer", "Bearer ", OLD, f"Basic {OLD}", "Bearer wrong"),
        *(f"Bearer {OLD}x", f"Bearer {digest_token(OLD)}", "Bearer " + "x" * 100_000),
    ],
)
def test_nobody_else_is_let_in(book, authorization):
    assert authorize_request(question(authorization), TOKEN, book)["isAuthorized"] is False


@pytest.mark.parametrize(
    "path", ["/v1/audio/speech", "/v1/models/{model_id}", "/v2/voices", "/v1/text-to-speech/{id}"]
)
def test_functions_refuse_strangers_on_the_routes_of_other_protocols(book, path):
    event = {**question("Bearer wrong"), "routeKey": f"POST {path}"}
    assert authorize_request(event, TOKEN, book) == {"isAuthorized": True, "context": {}}
    known = {**event, "headers": {"xi-api-key": OTHER}}
    assert authorize_request(known, TOKEN, book)["context"] == {"caller": "bert"}
    named = {**event, "routeKey": f"POST /stories{path}", "rawPath": path}
    assert authorize_request(named, TOKEN, book)["isAuthorized"] is False


def test_an_event_without_headers_is_nobodys(book):
    assert authorize_request({}, TOKEN, book)["isAuthorized"] is False
    assert authorize_request({"headers": None}, TOKEN, book)["isAuthorized"] is False


def test_the_open_mode_lets_everybody_in_without_reading_a_secret():
    answer = authorize_request(question(), Auth(mode="none"), None)
    assert answer == {"isAuthorized": True, "context": {"caller": "anonymous"}}


def test_the_secret_is_read_once_in_some_minutes_and_a_token_taken_back():
    clock, reads, secret = [0.0], [], [SECRET]

    def read():
        reads.append(clock[0])
        return secret[0]

    book = TokenRegistry(read, now=lambda: clock[0])
    for _ in range(5):
        assert find_holder(book.load_callers(), OLD) == "anna"
    secret[0] = json.dumps({"anna": [digest_token(NEW)]})
    clock[0] = FRESH_S - 1
    assert find_holder(book.load_callers(), OLD) == "anna"
    clock[0] = FRESH_S
    assert find_holder(book.load_callers(), OLD) is None
    assert find_holder(book.load_callers(), NEW) == "anna"
    assert len(reads) == 2


def test_while_secrets_are_out_of_reach_the_known_ones_count_for_an_hour():
    clock, is_down = [0.0], [False]

    def read():
        if is_down[0]:
            raise TimeoutError
        return SECRET

    book = TokenRegistry(read, now=lambda: clock[0])
    book.load_callers()
    is_down[0] = True
    clock[0] = FRESH_S + STALE_S - 1
    assert find_holder(book.load_callers(), OLD) == "anna"
    clock[0] = FRESH_S + STALE_S + 1
    with pytest.raises(TimeoutError):
        book.load_callers()


@pytest.mark.parametrize(
    "secret", ["", "[]", "no JSON", '{"anna": "abc"}', '{"anna": ["abc"]}', '{"anna": 7}']
)
def test_a_secret_that_makes_no_sense_lets_nobody_in(secret):
    with pytest.raises(Misconfigured):
        parse_callers(secret)


def test_bearer_reads_the_header_as_rfc_6750_writes_it():
    assert parse_bearer("Bearer abc") == "abc"
    assert parse_bearer("BEARER abc") == "abc"
    assert parse_bearer("abc") == ""


def test_the_handler_reads_its_secret_from_secrets_manager(monkeypatch):
    for name, value in {
        "AUTH_MODE": "token",
        "TOKENS_SECRET": "tokens",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="tokens", SecretString=SECRET)
        answer = authorizer.handler(question(f"Bearer {NEW}"), FakeContext())
    assert answer["context"] == {"caller": "anna"}
