"""Every shape of event reaches its route; every malformed one names what is wrong."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel

from mixer import errors
from mixer.api.events import LAMBDA_MARGIN_S, build_request_context, find_base_url
from mixer.api.responses import (
    MAX_ANSWER_BYTES,
    MAX_LINKS_BYTES,
    OutputLinks,
    http_status,
    json_response,
    limit_answer,
)
from mixer.api.routing import Api, Endpoint
from mixer.settings import Auth, Settings
from tests.functional.lambdas import FakeContext, event_v1, event_v2, parse_body

SITE = "https://page.example"
PRIVATE_TEXT = "only the caller may read this"


class EchoRequest(BaseModel):
    text: str
    number: int = 1
    inner: dict[str, int] = {}


def settings(mode="none") -> Settings:
    return Settings(
        output_bucket="b",
        music_bucket="b",
        allowed_buckets=frozenset("b"),
        allowed_origins=(SITE,),
        auth=Auth(mode=mode),
    )


def endpoint(mode="none") -> Endpoint:
    api = Api((SITE,))

    @api.post("/synthesize")
    def echo(body: Annotated[EchoRequest, Body()]) -> Response[str]:
        if body.text == "break":
            raise RuntimeError(PRIVATE_TEXT)
        if body.text == "cap":
            raise errors.CapReached("Enough for today.", retry_after_s=90)
        time.sleep(0.002 * (len(body.text) % 3))
        return json_response(
            200,
            {
                "text": body.text,
                "by": api.request_context.caller,
                "id": api.request_context.request_id,
            },
        )

    return Endpoint(api, settings(mode), "/synthesize")


FIELDS = {"text": "hello"}
JSON = json.dumps(FIELDS)
ENCODED = base64.b64encode(JSON.encode()).decode()
SHAPES = {
    "payload 2.0": event_v2(FIELDS),
    "payload 2.0, stage in path": event_v2(FIELDS, stage="prod"),
    "payload 1.0, stage in path": event_v1(FIELDS),
    "payload 1.0, REST API": event_v1(FIELDS, stage_in_path=False),
    "bare body": {"body": JSON},
    "bare body, an object": {"body": FIELDS},
    "the body's own fields": FIELDS,
    "byte order mark": event_v2(f"\ufeff{JSON}"),
    "JSON inside a string": event_v2(json.dumps(JSON)),
    "JSON inside a string, bare": {"body": json.dumps(JSON)},
    "base64": {**event_v2(ENCODED), "isBase64Encoded": True},
    "base64, payload 1.0": {**event_v1(ENCODED), "isBase64Encoded": True},
    "base64 of JSON inside a string": {
        **event_v2(base64.b64encode(json.dumps(JSON).encode()).decode()),
        "isBase64Encoded": True,
    },
    "content type of a form": event_v2(
        FIELDS, headers={"content-type": "application/x-www-form-urlencoded"}
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_event_is_understood(name):
    response = endpoint()(SHAPES[name], FakeContext())
    assert response["statusCode"] == 200
    assert parse_body(response)["text"] == "hello"
    assert set(response) == {"statusCode", "headers", "body", "isBase64Encoded"}


GATEWAY = {"domainName": "api.example", "stage": "prod"}


@pytest.mark.parametrize(
    ("event", "url"),
    [
        ({"requestContext": {"domainName": "a.example", "stage": "$default"}, "rawPath": "/x"}, ""),
        ({"requestContext": GATEWAY, "rawPath": "/prod/stories"}, "/prod"),
        ({"requestContext": GATEWAY, "rawPath": "/stories"}, ""),
        ({"requestContext": {**GATEWAY, "path": "/prod/stories"}, "path": "/stories"}, "/prod"),
        ({"requestContext": {**GATEWAY, "path": "/v1/stories"}, "path": "/stories"}, "/v1"),
    ],
)
def test_url_of_the_api_includes_its_stage(event, url):
    host = event["requestContext"]["domainName"]
    assert find_base_url(event) == f"https://{host}{url}"


def test_direct_invocation_has_no_url():
    assert find_base_url({"body": "{}"}) == find_base_url("nonsense") == ""


MALFORMED = {
    "no body": (event_v2(None), "body"),
    "empty body": (event_v2(""), "body"),
    "no JSON": (event_v2("hello"), "body"),
    "a list": (event_v2("[1]"), "body"),
    "a number": (event_v2("7"), "body"),
    "null": (event_v2("null"), "body"),
    "NaN": (event_v2('{"text": "a", "number": NaN}'), "body"),
    "too deep": (event_v2("[" * 100_000), "body"),
    "broken base64": ({**event_v2("?"), "isBase64Encoded": True}, "body"),
    "base64 of no text": ({**event_v2("/w=="), "isBase64Encoded": True}, "body"),
    "a list as event": ([], "body"),
    "nothing as event": (None, "body"),
    "no fields": ({}, "text"),
    "wrong type": (event_v2({"text": 7}), "text"),
    "wrong type of a number": (event_v2({"text": "a", "number": "many"}), "number"),
    "wrong type inside": (event_v2({"text": "a", "inner": {"x": [1]}}), "inner.x"),
    "half a character": (event_v2('{"text": "\\ud800"}'), "body"),
    "half a character, escaped twice": (event_v2(r'"{\"text\": \"hi \u005cud800\"}"'), "body"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_is_a_400_that_names_the_field(name):
    event, field = MALFORMED[name]
    response = endpoint()(event, FakeContext())
    assert response["statusCode"] == 400
    body = parse_body(response)
    assert (body["code"], body["details"]["field"]) == ("bad_input", field)
    assert body["request_id"] in {"gateway-request", "lambda-request"}
    assert body["error"]


def test_unexpected_error_is_reported_without_a_trace_and_logged_without_the_text(caplog):
    response = endpoint()(event_v2({"text": "break"}), FakeContext())
    assert response["statusCode"] == 500
    assert parse_body(response)["code"] == "internal"
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert "RuntimeError" in logged
    assert "gateway-request" in logged
    assert PRIVATE_TEXT not in logged + response["body"]
    assert "Traceback" not in response["body"]


def test_response_says_how_long_to_wait():
    response = endpoint()(event_v2({"text": "cap"}), FakeContext())
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (429, "90")


def test_unknown_routes_are_named():
    response = endpoint()(event_v2(None, "/nothing", "GET"), FakeContext())
    assert response["statusCode"] == 404
    assert "GET /nothing" in parse_body(response)["error"]


@pytest.mark.parametrize("text", ["hello", "break"])
def test_listed_sites_may_read_answers_and_others_may_not(text):
    def find_allowed_origin(origin):
        event = event_v2({"text": text}, headers={"Origin": origin})
        headers = endpoint()(event, FakeContext())["headers"]
        assert headers["Vary"] == "Origin"
        return headers.get("Access-Control-Allow-Origin")

    assert find_allowed_origin(SITE) == SITE
    assert find_allowed_origin("https://other.example") is None


def test_preflight_is_response_without_a_token():
    headers = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    event = event_v2(None, "/synthesize", "OPTIONS", headers=headers)
    response = endpoint("token")(event, FakeContext())
    assert response["statusCode"] == 204
    assert "POST" in response["headers"]["Access-Control-Allow-Methods"]
    assert "Authorization" in response["headers"]["Access-Control-Allow-Headers"]


def test_with_tokens_only_named_callers_pass():
    handler = endpoint("token")
    assert handler(event_v2(FIELDS), FakeContext())["statusCode"] == 401
    assert handler(event_v1(FIELDS), FakeContext())["statusCode"] == 401
    assert parse_body(handler(event_v2(FIELDS, caller="anna"), FakeContext()))["by"] == "anna"
    assert parse_body(handler(event_v1(FIELDS, caller="anna"), FakeContext()))["by"] == "anna"
    assert parse_body(handler(FIELDS, FakeContext()))["by"] == "direct"


def test_without_tokens_every_caller_is_anonymous():
    assert (
        parse_body(endpoint()(event_v2(FIELDS, caller="anna"), FakeContext()))["by"] == "anonymous"
    )


def test_many_threads_share_one_handler():
    handler = endpoint("token")

    def ask(number: int):
        event = event_v2({"text": f"text {number}"}, caller=f"caller {number}")
        return parse_body(handler(event, FakeContext()))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(64)))
    echoes = [(each["text"], each["by"]) for each in answers]
    assert echoes == [(f"text {n}", f"caller {n}") for n in range(64)]


def test_deadline_is_the_gateways_or_lambdas_own():
    def count_seconds(event, lambda_s=600.0):
        call = build_request_context(
            event, FakeContext(lambda_s), settings(), now=lambda: 0.0, wall=lambda: 1_000.0
        )
        return call.deadline_s

    gateway_s = settings().gateway_timeout_s
    waiting = event_v2(FIELDS)
    waiting["requestContext"]["timeEpoch"] = 996_000
    old = event_v2(FIELDS)
    old["requestContext"]["timeEpoch"] = 1
    for odd in (10**400, -(10**400), float("nan"), float("inf"), True, "996000", None):
        event = event_v2(FIELDS)
        event["requestContext"]["timeEpoch"] = odd
        assert count_seconds(event) == gateway_s
    assert count_seconds(event_v2(FIELDS)) == gateway_s
    assert count_seconds(waiting) == gateway_s - 4
    assert count_seconds(old) == gateway_s
    assert count_seconds(event_v2(FIELDS), lambda_s=10) == 10 - LAMBDA_MARGIN_S
    assert count_seconds(FIELDS) == 600 - LAMBDA_MARGIN_S


@pytest.mark.parametrize(("letters", "status"), [(MAX_ANSWER_BYTES - 100, 200), (10**7, 413)])
def test_answer_that_lambda_would_refuse_is_an_error_with_words(letters, status):
    answer = limit_answer({"statusCode": 200, "body": "a" * letters}, "the-request")
    assert answer["statusCode"] == status
    assert status == 200 or json.loads(answer["body"])["code"] == "object_too_large"


def test_links_that_exceed_an_answer_are_left_out():
    links = OutputLinks(lambda _: "l" * 2_000, 60)
    most = MAX_LINKS_BYTES // 2_000
    counts = [len(links.describe_chunks(["k"] * n)["chunk_urls"]) for n in (most, most + 1)]
    assert counts == [most, 0]


def test_every_error_has_a_status_of_the_contract():
    def kinds(kind):
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)

    statuses = {kind: http_status(kind.__new__(kind)) for kind in kinds(errors.MixerError)}
    assert statuses[errors.TextTooLong] == 413
    assert statuses[errors.UnplayableAudio] == 422
    assert statuses[errors.BadOption] == 400
    assert statuses[errors.SpeechFailed] == 502
    assert set(statuses.values()) <= {
        400,
        401,
        403,
        404,
        409,
        412,
        413,
        422,
        429,
        500,
        502,
        503,
        504,
    }
