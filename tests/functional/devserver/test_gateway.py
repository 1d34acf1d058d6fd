"""Handlers behind the local server meet what they would meet behind API Gateway."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers import echo, send_request, start_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_server(tmp_path_factory.mktemp("server"), memory_mb=512, timeout_s=30) as running:
        yield running


def event_of(server, *args, **kwargs):
    return server.send(*args, **kwargs).json["event"]


def test_event_has_the_shape_of_payload_format_2(server):
    headers = {"Content-Type": "application/json", "User-Agent": "tests", "X-Two": "b"}
    event = event_of(server, "POST", "/echo?a=1&b=%C3%BC&a=2&c=", '{"text": "hi"}', headers)
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /echo"
    assert event["rawPath"] == "/echo"
    assert event["rawQueryString"] == "a=1&b=%C3%BC&a=2&c="
    assert event["queryStringParameters"] == {"a": "1,2", "b": "ü", "c": ""}
    assert event["headers"]["x-two"] == "b"
    assert event["headers"]["content-length"] == "14"
    assert event["body"] == '{"text": "hi"}'
    assert event["isBase64Encoded"] is False
    assert "cookies" not in event
    context = event["requestContext"]
    assert context["http"] == {
        "method": "POST",
        "path": "/echo",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tests",
    }
    assert context["stage"] == "$default"
    sent = datetime.strptime(context["time"], "%d/%b/%Y:%H:%M:%S %z")
    assert abs(datetime.now(UTC) - sent) < timedelta(seconds=30)
    assert abs(context["timeEpoch"] / 1000 - sent.timestamp()) < 1


def test_headers_of_the_same_name_are_joined_and_cookies_stand_apart(server):
    with server.connect() as connection:
        connection.putrequest("GET", "/echo")
        for name, value in [("X-Many", "a"), ("x-many", "b"), ("Cookie", "k=1; l=2")]:
            connection.putheader(name, value)
        connection.endheaders()
        event = json.loads(connection.getresponse().read())["event"]
    assert event["headers"]["x-many"] == "a,b"
    assert event["cookies"] == ["k=1", "l=2"]
    assert "cookie" not in event["headers"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/octet-stream", b"\x00\x01"),
        ("audio/mpeg", b"plain"),
        ("application/json", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"a=1"),
    ],
)
def test_bodies_that_are_no_text_come_in_base64(server, content_type, body):
    event = event_of(server, "POST", "/echo", body, {"Content-Type": content_type})
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def test_path_is_decoded_and_its_parts_are_named(server):
    event = event_of(server, "GET", "/stories/a%20b?x=1")
    assert event["routeKey"] == "GET /stories/{story_id}"
    assert event["rawPath"] == "/stories/a b"
    assert event["pathParameters"] == {"story_id": "a b"}


def test_context_tells_the_function_and_a_time_that_runs_down(tmp_path):
    def slow(_event, context):
        before_ms = context.get_remaining_time_in_millis()
        threading.Event().wait(0.05)
        after_ms = context.get_remaining_time_in_millis()
        return {"before_ms": before_ms, "after_ms": after_ms}

    with start_server(tmp_path, slow, timeout_s=30) as server:
        left = server.send("GET", "/echo").json
    assert 29_000 < left["after_ms"] <= left["before_ms"] - 50 < 30_000


def test_context_names_function_memory_and_request(server):
    call = server.send("GET", "/echo").json
    assert call["function"] == "echo"
    assert call["memory"] == "512"
    assert call["arn"].endswith(":function:echo")
    assert call["request_id"] == call["event"]["requestContext"]["requestId"]


def test_remaining_time_is_never_below_zero(tmp_path):
    with start_server(tmp_path, timeout_s=0) as server:
        assert server.send("GET", "/echo").json["remaining_ms"] == 0


@pytest.mark.parametrize(
    ("answer", "status", "content_type", "body"),
    [
        ({"free": "form"}, 200, "application/json", b'{"free": "form"}'),
        ("text", 200, "application/json", b'"text"'),
        ({"statusCode": 204}, 204, "text/plain; charset=utf-8", b""),
        ({"statusCode": "202", "body": "ü"}, 202, "text/plain; charset=utf-8", "ü".encode()),
        (
            {
                "statusCode": 200,
                "headers": {"content-type": "audio/mpeg"},
                "body": base64.b64encode(b"\xff\xfb").decode(),
                "isBase64Encoded": True,
            },
            200,
            "audio/mpeg",
            b"\xff\xfb",
        ),
    ],
)
def test_answers_become_replies(tmp_path, answer, status, content_type, body):
    with start_server(tmp_path, lambda _event, _context: answer) as server:
        got = server.send("GET", "/echo")
    assert (got.status, got.headers["Content-Type"], got.body) == (status, content_type, body)


def test_cookies_and_headers_of_several_values_are_sent_one_by_one(tmp_path):
    answer = {
        "statusCode": 200,
        "cookies": ["a=1; HttpOnly", "b=2"],
        "headers": {"X-Flag": True},
        "multiValueHeaders": {"X-Many": ["1", "2"]},
        "body": "",
    }
    with start_server(tmp_path, lambda _event, _context: answer) as server:
        got = server.send("GET", "/echo")
    assert got.headers.get_all("Set-Cookie") == ["a=1; HttpOnly", "b=2"]
    assert got.headers.get_all("X-Many") == ["1", "2"]
    assert got.headers["X-Flag"] == "true"


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "ok"},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X-Split": "a\r\nSet-Cookie: b"}},
        {"statusCode": 200, "headers": {"X-Split\r\n": "a"}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 99},
        {"statusCode": 200, "headers": {"": "a"}},
        {"statusCode": 200, "body": {"no json": {1, 2}}},
        {"no json": {1, 2}},
    ],
)
def test_answer_that_cannot_be_sent_is_an_error_of_the_server(tmp_path, answer):
    with start_server(tmp_path, lambda _event, _context: answer) as server:
        got = server.send("GET", "/echo")
        assert got.status == 500
        assert got.json["code"] == "internal"
        assert "Set-Cookie" not in got.headers


def test_length_is_counted_and_not_believed(tmp_path):
    answer = {"statusCode": 200, "headers": {"Content-Length": "99", "Date": "now"}, "body": "abc"}
    with start_server(tmp_path, lambda _event, _context: answer) as server:
        got = server.send("GET", "/echo")
    assert got.headers.get_all("Content-Length") == ["3"]
    assert got.body == b"abc"


def test_handler_that_raises_is_answered_without_its_reasons(tmp_path, caplog):
    def broken(_event, _context):
        raise RuntimeError("a secret reason")

    with start_server(tmp_path, broken) as server:
        got = server.send("GET", "/echo")
        again = server.send("GET", "/nothing")
    assert got.status == 500
    assert set(got.json) == {"error", "code", "request_id", "details"}
    assert b"secret reason" not in got.body
    assert got.json["request_id"] in caplog.text
    assert again.status == 404


def test_wrong_method_names_the_right_ones(server):
    got = server.send("DELETE", "/echo")
    assert got.status == 405
    assert got.headers["Allow"] == "GET, OPTIONS, POST"
    assert got.json["code"] == "method_not_allowed"


@pytest.mark.parametrize("target", ["/nothing", "/echo/", "/stories/", "/stories/a/b", "/Echo"])
def test_unknown_path_is_a_json_error(server, target):
    got = server.send("POST", target, "{}")
    assert (got.status, got.json["code"]) == (404, "not_found")
    assert got.headers["Content-Type"] == "application/json"


def test_fifty_parallel_requests_are_all_answered(tmp_path):
    at_once, most, lock = [0], [0], threading.Lock()

    def count_calls(event, context):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.02)
        with lock:
            at_once[0] -= 1
        return echo(event, context)

    with (
        start_server(tmp_path, count_calls, max_concurrent=4) as server,
        ThreadPoolExecutor(50) as pool,
    ):
        bodies = [f"body {number}" for number in range(50)]
        got = list(pool.map(lambda body: server.send("POST", "/echo", body), bodies))
    assert [each.json["event"]["body"] for each in got] == bodies
    assert len({each.json["request_id"] for each in got}) == 50
    assert most[0] == 4


def test_call_that_waits_too_long_for_its_turn_is_sent_away(tmp_path):
    started, go_on = threading.Event(), threading.Event()

    def wait(event, context):
        started.set()
        go_on.wait(60)
        return echo(event, context)

    alone = {"max_concurrent": 1, "max_wait_s": 0.1}
    with start_server(tmp_path, wait, **alone) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.send, "GET", "/echo")
        assert started.wait(60)
        refused = server.send("GET", "/echo")
        go_on.set()
        assert first.result().status == 200
    assert (refused.status, refused.json["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0


# Who may call


def admit_anna(event, _context):
    assert event["version"] == "2.0"
    assert event["type"] == "REQUEST"
    assert event["routeArn"].startswith("arn:aws:execute-api:")
    assert event["identitySource"] == [event["headers"]["authorization"]]
    assert "body" not in event
    is_known = event["identitySource"] == ["Bearer right"]
    return {"isAuthorized": is_known, "context": {"caller": "ann"} if is_known else {}}


def test_authorizer_passes_its_context_on(tmp_path):
    with start_server(tmp_path, authorizer=admit_anna) as server:
        event = event_of(server, "POST", "/echo", "{}", {"Authorization": "Bearer right"})
    assert event["requestContext"]["authorizer"] == {"lambda": {"caller": "ann"}}


def test_without_token_or_with_a_wrong_one_the_handler_is_not_called(tmp_path):
    called = []
    with start_server(
        tmp_path, lambda event, _: called.append(event), authorizer=admit_anna
    ) as server:
        without = server.send("POST", "/echo", "{}")
        wrong = server.send("POST", "/echo", "{}", {"Authorization": "Bearer wrong"})
    assert (without.status, without.json["code"]) == (401, "unauthorized")
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert (wrong.status, wrong.json["code"]) == (403, "forbidden")
    assert not called


def test_authorizer_that_breaks_lets_nobody_in(tmp_path):
    def broken(_event, _context):
        raise RuntimeError("no secret found")

    with start_server(tmp_path, authorizer=broken) as server:
        assert server.send("GET", "/echo", headers={"Authorization": "Bearer right"}).status == 500


def test_preflight_needs_no_token_and_reaches_the_handler(tmp_path):
    def preflight(event, _context):
        assert event["routeKey"] == "OPTIONS /echo"
        headers = {"Access-Control-Allow-Origin": event["headers"]["origin"]}
        return {"statusCode": 204, "headers": headers}

    origin = "https://pages.example"
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    with start_server(tmp_path, preflight, authorizer=admit_anna, origins=[origin]) as server:
        got = server.send("OPTIONS", "/echo", headers=headers)
    assert got.status == 204
    assert got.headers["Access-Control-Allow-Origin"] == origin
    assert "Content-Length" not in got.headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://127.0.0.1:80.evil.example", "http://localhost:x", "null"],
)
def test_pages_of_other_sites_may_not_use_the_api(server, origin):
    got = server.send("POST", "/echo", "{}", {"Origin": origin})
    assert (got.status, got.json["code"]) == (403, "origin_refused")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:3000"])
def test_pages_of_this_machine_may_use_the_api(server, origin):
    assert server.send("POST", "/echo", "{}", {"Origin": origin}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example:8080", "localhost.evil", ""),
        *("127.0.0.1:80.evil.example", "localhost:", "localhost:0", "localhost:65536", "[::1]:a"),
    ],
)
def test_names_that_only_point_here_are_refused(server, host):
    got = server.send("GET", "/echo", headers={"Host": host})
    assert (got.status, got.json["code"]) == (421, "wrong_host")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:8080", "[::1]"]
)
def test_own_names_are_answered(server, host):
    assert server.send("GET", "/echo", headers={"Host": host}).status == 200


def test_connection_is_kept_for_the_next_request(server):
    with server.connect() as connection:
        first = send_request(connection, "POST", "/echo", "one")
        socket_before = connection.sock
        for _ in range(5):
            assert send_request(connection, "GET", "/nothing").status == 404
        last = send_request(connection, "POST", "/echo", "two")
        assert connection.sock is socket_before
    assert first.json["event"]["body"] == "one"
    assert last.json["event"]["body"] == "two"
