"""Every shape of event reaches its route; every malformed one is told what is wrong with it."""

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
from mixer.http.answers import answer, status_of
from mixer.http.calls import LAMBDA_MARGIN_S, call_of
from mixer.http.routing import Api, Endpoint
from mixer.settings import Auth, Settings
from tests.functional.lambdas import Context, told, version_1, version_2

SITE = "https://page.example"
PRIVATE_TEXT = "nobody else may read this"


class Asked(BaseModel):
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
    def say(body: Annotated[Asked, Body()]) -> Response[str]:
        if body.text == "break":
            raise RuntimeError(PRIVATE_TEXT)
        if body.text == "cap":
            raise errors.CapReached("Enough for today.", retry_after_s=90)
        time.sleep(0.002 * (len(body.text) % 3))
        return answer(200, {"said": body.text, "by": api.call.caller, "id": api.call.request_id})

    return Endpoint(api, settings(mode), "/synthesize")


FIELDS = {"text": "hello"}
JSON = json.dumps(FIELDS)
ENCODED = base64.b64encode(JSON.encode()).decode()
SHAPES = {
    "payload 2.0": version_2(FIELDS),
    "payload 2.0, stage in path": version_2(FIELDS, stage="prod"),
    "payload 1.0, stage in path": version_1(FIELDS),
    "payload 1.0, REST API": version_1(FIELDS, stage_in_path=False),
    "bare body": {"body": JSON},
    "bare body, an object": {"body": FIELDS},
    "the body's own fields": FIELDS,
    "JSON inside a string": version_2(json.dumps(JSON)),
    "JSON inside a string, bare": {"body": json.dumps(JSON)},
    "base64": {**version_2(ENCODED), "isBase64Encoded": True},
    "base64, payload 1.0": {**version_1(ENCODED), "isBase64Encoded": True},
    "base64 of JSON inside a string": {
        **version_2(base64.b64encode(json.dumps(JSON).encode()).decode()),
        "isBase64Encoded": True,
    },
    "content type of a form": version_2(
        FIELDS, headers={"content-type": "application/x-www-form-urlencoded"}
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_event_is_understood(name):
    answered = endpoint()(SHAPES[name], Context())
    assert answered["statusCode"] == 200
    assert told(answered)["said"] == "hello"
    assert set(answered) == {"statusCode", "headers", "body", "isBase64Encoded"}


MALFORMED = {
    "no body": (version_2(None), "body"),
    "empty body": (version_2(""), "body"),
    "no JSON": (version_2("hello"), "body"),
    "a list": (version_2("[1]"), "body"),
    "a number": (version_2("7"), "body"),
    "null": (version_2("null"), "body"),
    "NaN": (version_2('{"text": "a", "number": NaN}'), "body"),
    "too deep": (version_2("[" * 100_000), "body"),
    "broken base64": ({**version_2("?"), "isBase64Encoded": True}, "body"),
    "base64 of no text": ({**version_2("/w=="), "isBase64Encoded": True}, "body"),
    "a list as event": ([], "body"),
    "nothing as event": (None, "body"),
    "no fields": ({}, "text"),
    "wrong type": (version_2({"text": 7}), "text"),
    "wrong type of a number": (version_2({"text": "a", "number": "many"}), "number"),
    "wrong type inside": (version_2({"text": "a", "inner": {"x": [1]}}), "inner.x"),
    "half a character": (version_2('{"text": "\\ud800"}'), "body"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_is_a_400_that_names_the_field(name):
    event, field = MALFORMED[name]
    answered = endpoint()(event, Context())
    assert answered["statusCode"] == 400
    body = told(answered)
    assert (body["code"], body["details"]["field"]) == ("bad_input", field)
    assert body["request_id"] in {"gateway-request", "lambda-request"}
    assert body["error"]


def test_what_nobody_foresaw_is_told_without_a_trace_and_logged_without_the_text(caplog):
    answered = endpoint()(version_2({"text": "break"}), Context())
    assert answered["statusCode"] == 500
    assert told(answered)["code"] == "internal"
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert "RuntimeError" in logged
    assert "gateway-request" in logged
    assert PRIVATE_TEXT not in logged + answered["body"]
    assert "Traceback" not in answered["body"]


def test_who_must_wait_is_told_how_long():
    answered = endpoint()(version_2({"text": "cap"}), Context())
    assert (answered["statusCode"], answered["headers"]["Retry-After"]) == (429, "90")


def test_unknown_routes_are_named():
    answered = endpoint()(version_2(None, "/nothing", "GET"), Context())
    assert answered["statusCode"] == 404
    assert "GET /nothing" in told(answered)["error"]


@pytest.mark.parametrize("text", ["hello", "break"])
def test_listed_sites_may_read_answers_and_others_may_not(text):
    def allowed(origin):
        event = version_2({"text": text}, headers={"Origin": origin})
        headers = endpoint()(event, Context())["headers"]
        assert headers["Vary"] == "Origin"
        return headers.get("Access-Control-Allow-Origin")

    assert allowed(SITE) == SITE
    assert allowed("https://other.example") is None


def test_preflight_is_answered_without_a_token():
    headers = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    event = version_2(None, "/synthesize", "OPTIONS", headers=headers)
    answered = endpoint("token")(event, Context())
    assert answered["statusCode"] == 204
    assert "POST" in answered["headers"]["Access-Control-Allow-Methods"]
    assert "Authorization" in answered["headers"]["Access-Control-Allow-Headers"]


def test_with_tokens_only_named_callers_pass():
    handler = endpoint("token")
    assert handler(version_2(FIELDS), Context())["statusCode"] == 401
    assert handler(version_1(FIELDS), Context())["statusCode"] == 401
    assert told(handler(version_2(FIELDS, caller="anna"), Context()))["by"] == "anna"
    assert told(handler(version_1(FIELDS, caller="anna"), Context()))["by"] == "anna"
    assert told(handler(FIELDS, Context()))["by"] == "direct"


def test_without_tokens_everybody_is_anonymous():
    assert told(endpoint()(version_2(FIELDS, caller="anna"), Context()))["by"] == "anonymous"


def test_many_threads_share_one_handler():
    handler = endpoint("token")

    def ask(number: int):
        event = version_2({"text": f"text {number}"}, caller=f"caller {number}")
        return told(handler(event, Context()))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(64)))
    said = [(each["said"], each["by"]) for each in answers]
    assert said == [(f"text {n}", f"caller {n}") for n in range(64)]


def test_deadline_is_the_gateways_or_lambdas_own():
    def left_s(event, lambda_s=600.0):
        call = call_of(event, Context(lambda_s), settings(), now=lambda: 0.0, wall=lambda: 1_000.0)
        return call.deadline_s

    gateway_s = settings().gateway_timeout_s
    waiting = version_2(FIELDS)
    waiting["requestContext"]["timeEpoch"] = 996_000
    old = version_2(FIELDS)
    old["requestContext"]["timeEpoch"] = 1
    assert left_s(version_2(FIELDS)) == gateway_s
    assert left_s(waiting) == gateway_s - 4
    assert left_s(old) == gateway_s
    assert left_s(version_2(FIELDS), lambda_s=10) == 10 - LAMBDA_MARGIN_S
    assert left_s(FIELDS) == 600 - LAMBDA_MARGIN_S


def test_every_error_has_a_status_of_the_contract():
    def kinds(kind):
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)

    statuses = {kind: status_of(kind.__new__(kind)) for kind in kinds(errors.MixerError)}
    assert statuses[errors.TextTooLong] == 413
    assert statuses[errors.UnplayableAudio] == 422
    assert statuses[errors.BadOption] == 400
    assert statuses[errors.SpeechFailed] == 502
    assert set(statuses.values()) <= {400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504}
