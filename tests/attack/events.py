"""Malformed and hostile events of the Lambda handlers: gateways, steps of stories, schedules."""

import base64
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws

import app
import authorizer
import polly_handler
import sanitation
import stories
from mixer.api.auth import digest_token
from mixer.api.client_errors import CLIENT_PATHS
from mixer.api.handlers import HIDDEN_REASON
from mixer.errors import MixerError
from tests.attack.campaign import Row, Tally, describe_exception, draw_attempt
from tests.attack.mutation import TOKENS, mutate_bytes
from tests.attack.requests import BODY, BUSY, ID, ROUTES, VALUES, silence_logs
from tests.emulators.strict_polly import StrictPolly
from tests.functional.clouds import BUCKET, MUSIC_BUCKET, OPEN_ALLOWANCES
from tests.functional.lambdas import FakeContext, event_v1, event_v2

CALLER, TOKEN = "anna", "a token of the attack"
SECRET, STORY_SECRET = "tokens", "story-secret"
DEEP = 10_000
HUGE = "9" * 5_000
ARN = "arn:aws:lambda:us-east-1:123456789012:function:mixer"

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "OUTPUT_BUCKET": BUCKET,
    "MUSIC_BUCKET": MUSIC_BUCKET,
    "TOKENS_SECRET": SECRET,
    "STORY_SECRET": STORY_SECRET,
    "SERVE_FEEDS": "on",
}

HTTP = (app.handler, polly_handler.handler, stories.handler, app.story_task)
TASKS = (app.story_task, polly_handler.story_task, stories.handler)
STEPS = (
    *("plan", "acquire_slot", "synthesize", "release_slot", "lay_out", "render", "join"),
    *("publish", "record", "notify", "listen", "begin", "", "nothing", None, 7, [], {}),
)
ODD: tuple[Any, ...] = (
    *(*VALUES, *TOKENS, HUGE, 10**400, float("nan"), float("inf"), -(2**63), "\ud800", "%00"),
    *("a\r\nb: c", {"\0": "\ud800"}, [None] * 999, "x" * 100_000, b"\xff".decode("latin-1")),
)
RAW_BODIES = (
    *("[" * DEEP + "]" * DEEP, '{"text":' * DEEP + "1" + "}" * DEEP, f'{{"gap_ms":{HUGE}}}'),
    *('{"gap_ms":NaN}', '{"gap_ms":-Infinity}', '{"max_cost_usd":1e999}', f'{{"rate":1e{HUGE}}}'),
    *('{"text":"a","text":{}}', '{"text":"\\ud83d","title":"\\ude00"}', '"' * 99, "\ufeff{}"),
    *('"\\"\\\\\\"{}\\\\\\"\\""', "null", "\0", "{}" * 9, '{"text":"' + "&" * 90_000 + '"}', "-0"),
    f'{{"{"a" * 90_000}":1}}',
)
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "get", "", "CONNECT /", "É")
HEADERS: tuple[dict[str, Any], ...] = (
    *({}, {"Content-Type": "text/xml"}, {"content-type": ["a", "b"]}, {"x": "y" * 60_000}),
    *({f"x-{n}": "y" for n in range(2_000)}, {"If-Match": HUGE, "Idempotency-Key": "\0"}),
    *({"Range": "bytes=9-1", "Origin": "null", "Accept-Encoding": "gzip, br;q=nan"}, {"": ""}),
    *({"Authorization": TOKEN}, {"AUTHORIZATION": f"bearer {TOKEN}", "authorization": "x"}),
    {"x-forwarded-proto": "javascript", "host": "evil.example", "Origin": "https://evil.example"},
)


def attack_handlers(tally: Tally, draw: random.Random, count: int) -> None:
    """Call the handlers as Lambda does, with events that went through JSON."""
    kinds = (*(_attack_http,) * 6, _attack_task, _attack_task, _attack_authorizer)
    with _open_deployment():
        for number in range(count):
            chosen = draw_attempt(draw)
            kind = _attack_cleanup if number % 50 == 0 else chosen.choice(kinds)
            try:
                failure = kind(chosen)
            except Exception as error:  # noqa: BLE001 - what must not be is what is looked for
                failure = describe_exception(error)
            tally.count(f"number {number}, {kind.__name__[1:]}: {failure}" if failure else "")


def _attack_http(draw: random.Random) -> str:
    handler, event = draw.choice(HTTP), _pass_through_json(_draw_http_event(draw))
    left_s = draw.choice((600.0, 30.0, 0.0))
    answer = handler(event, FakeContext(left_s))
    content = json.dumps(answer, allow_nan=False)
    status = answer.get("statusCode")
    if type(status) is not int or (status > 499 and not _is_due(status, left_s)):
        return f"{handler.__module__} {json.dumps(event)[:300]}: {content[:200]}"
    if not all(_is_header(*each) for each in answer.get("headers", {}).items()):
        return f"headers {answer['headers']}"
    return "a traceback" if "Traceback" in content else ""


def _is_due(status: int, left_s: float) -> bool:
    """Whether a 5xx is what must be: the store is busy, or no time was left."""
    return status == BUSY or (status == 504 and left_s < 600)


def _is_header(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, str) and not {"\r", "\n"} & {*name, *value}


def _attack_task(draw: random.Random) -> str:
    event = {"task": draw.choice(STEPS), "story_id": draw.choice((ID, "../x", "a" * 43, *ODD))}
    event |= {"attempt": draw.choice((0, 1, "1", *ODD)), "batch": draw.choice((0, "x", *ODD))}
    event |= {"group": draw.choice((0, -1, *ODD)), "error": draw.choice(ODD)}
    if draw.random() < 0.2:
        event["order"] = draw.choice((BODY, {"kind": "story", "caller": CALLER, "options": BODY}))
    for name in draw.sample(list(event), draw.choice((0, 0, 1, 2))):
        del event[name]
    try:
        answer = draw.choice(TASKS)(_pass_through_json(event), FakeContext())
    except MixerError as error:
        return "" if str(error) == HIDDEN_REASON else f"in the log: {error}"
    json.dumps(answer, allow_nan=False)
    return ""


def _attack_authorizer(draw: random.Random) -> str:
    event = _draw_http_event(draw)
    if draw.random() < 0.5:
        keys = {"authorization": draw.choice(ODD), "xi-api-key": draw.choice(ODD)}
        event["headers"] = draw.choice((keys, draw.choice(ODD)))
    answer = authorizer.handler(_pass_through_json(event), FakeContext())
    if set(answer) != {"isAuthorized", "context"}:
        return str(answer)
    has_token = TOKEN in json.dumps(event)
    is_client = str(event.get("routeKey")).partition(" ")[2].startswith(CLIENT_PATHS)
    is_admitted = answer["context"] or (answer["isAuthorized"] and not is_client)
    return f"admitted by {event}" if is_admitted and not has_token else ""


def _attack_cleanup(draw: random.Random) -> str:
    names = ("mode", "max_share", "source", "detail-type", "detail", "time")
    event = {name: draw.choice(ODD) for name in names if draw.random() < 0.5}
    context = FakeContext()
    context.invoked_function_arn = ARN  # type: ignore[attr-defined]
    given = _pass_through_json(draw.choice((event, event, draw.choice(ODD))))
    report = sanitation.handler(given, context)  # type: ignore[arg-type]
    json.dumps(report, allow_nan=False)
    return ""


def _draw_http_event(draw: random.Random) -> dict[str, Any]:
    method, path = draw.choice(ROUTES).split()
    path = path.replace("{id}", draw.choice((ID, "..", "%00", "a" * 3_000, "\ud800", "%ff", "é")))
    body, is_encoded = _draw_body(draw)
    build = draw.choice((event_v1, event_v2))
    event = build(body, path, draw.choice((method, method, *METHODS)), caller=CALLER)
    event["isBase64Encoded"] = is_encoded
    event["headers"] = draw.choice(HEADERS)
    if draw.random() < 0.2:  # a function URL
        event["requestContext"] |= {"domainName": "x.lambda-url.us-east-1.on.aws", "timeEpoch": 1}
    draw.choice(BREAKS)(draw, event)
    return event


def _replace_field(draw: random.Random, event: dict[str, Any]) -> None:
    event[draw.choice((*event, "cookies"))] = draw.choice(ODD)


def _replace_context(draw: random.Random, event: dict[str, Any]) -> None:
    context = event["requestContext"]
    context[draw.choice((*context, "domainName", "timeEpoch"))] = draw.choice(ODD)


def _replace_route(draw: random.Random, event: dict[str, Any]) -> None:
    event["requestContext"]["http"] = draw.choice((*ODD, {"method": draw.choice(ODD)}))


def _drop_fields(draw: random.Random, event: dict[str, Any]) -> None:
    for name in draw.sample(list(event), draw.randint(1, 4)):
        del event[name]


def _add_values(draw: random.Random, event: dict[str, Any]) -> None:
    event["multiValueHeaders"] = {"Content-Type": ["a", None, 7], "x": draw.choice(ODD)}
    event["multiValueQueryStringParameters"] = {"limit": ["1", "2"], "": draw.choice(ODD)}


def _replace_query(draw: random.Random, event: dict[str, Any]) -> None:
    names = ("limit", "cursor", "at_s", "")
    event["queryStringParameters"] = {name: draw.choice(ODD) for name in names}
    event["rawQueryString"] = draw.choice(("limit=1&limit=2", "a=%ff&%00", *ODD))


def _keep_event(_draw: random.Random, _event: dict[str, Any]) -> None:
    """The body and the headers are odd enough."""


BREAKS = (
    *(_replace_field, _replace_context, _replace_route, _drop_fields, _add_values),
    *(_replace_query, _keep_event, _keep_event),
)


def _draw_body(draw: random.Random) -> tuple[Any, object]:
    fields = {name: value for name, value in BODY.items() if draw.random() < 0.5}
    for name in draw.sample(list(BODY), draw.randint(0, 3)):
        fields[name] = draw.choice(ODD)
    content = json.dumps(fields)
    encoded = base64.b64encode(content.encode()).decode()
    return draw.choice(
        (
            *((content, False), (content, False), (content, True), (encoded, True)),
            *((encoded, False), (encoded, "false"), (encoded[:-1], True), (content, "no")),
            *((json.dumps(content), False), (draw.choice(RAW_BODIES), False), (fields, False)),
            *((draw.choice(RAW_BODIES), False), (draw.choice(ODD), draw.choice(ODD))),
            (base64.b64encode(draw.choice(RAW_BODIES).encode()).decode(), True),
            (base64.b64encode(mutate_bytes(draw, content.encode())).decode(), True),
        )
    )


def _pass_through_json(event: object) -> Any:
    """An event as the runtime hands it over: NaN and halves of characters stay what they are."""
    return json.loads(json.dumps(event))


@contextmanager
def _open_deployment() -> Iterator[None]:
    with StrictPolly(allowances=OPEN_ALLOWANCES) as polly:
        environ = {**ENVIRONMENT, "AWS_ENDPOINT_URL_POLLY": polly.endpoint_url}
        with (
            silence_logs(),
            _set_environment(environ),
            mock_aws(),
            _set_environment({"STORY_STATE_MACHINE": _create_parts()}),
        ):
            _forget_services()
            yield
            _forget_services()


@contextmanager
def _set_environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _create_parts() -> str:
    """Buckets, secrets and a state machine; returns its ARN."""
    s3, secrets = boto3.client("s3"), boto3.client("secretsmanager")
    for name in (BUCKET, MUSIC_BUCKET):
        s3.create_bucket(Bucket=name)
    digests = json.dumps({CALLER: [digest_token(TOKEN)]})
    secrets.create_secret(Name=SECRET, SecretString=digests)
    secrets.create_secret(Name=STORY_SECRET, SecretString="a secret of the attack")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/mixer"
    made = boto3.client("stepfunctions").create_state_machine(
        name="mixer", definition=definition, roleArn=role
    )
    return made["stateMachineArn"]


def _forget_services() -> None:
    """Handlers keep what they opened; the next deployment is another."""
    from mixer.api import auth, handlers

    for module in (auth, handlers):
        for each in vars(module).values():
            clear: Callable[[], None] | None = getattr(each, "cache_clear", None)
            if clear and each.__module__ == module.__name__:
                clear()


ROW = Row(
    "hostile events, all handlers",
    "no exception outside the error tree, no 5xx but 503 and, without time, 504",
    short=150,
    full=10_000,
    attack=attack_handlers,
)
