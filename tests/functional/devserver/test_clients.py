"""The local server among clients that are slow, rude, many, or gone; and how it ends."""

import contextlib
import http.client
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from mixer.devserver.guard import ServerLimits
from mixer.devserver.server import SILENT_S, DevServer
from mixer.errors import BadOption
from tests.servers import echo, send_request, start_server

IMPATIENT = ServerLimits(body_bytes=1_000_000, head_s=0.5, body_s=0.5, idle_s=0.7, piece_s=0.5)


@pytest.fixture
def server(tmp_path):
    with start_server(tmp_path, limits=IMPATIENT) as running:
        yield running


@contextlib.contextmanager
def raw(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        yield client


def send_head(client, *lines, body=b""):
    """Send a head as it stands, and read the reply."""
    client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
    return read_response(client)


def read_response(client, method="GET"):
    response = http.client.HTTPResponse(client, method=method)
    response.begin()
    body = response.read()
    return response, json.loads(body) if body else None


POST = ("POST /echo HTTP/1.1", "Host: localhost")


def test_only_this_machine_is_listened_to(server):
    listening = [
        each.laddr
        for each in psutil.Process().net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == server.port
    ]
    assert [each.ip for each in listening] == ["127.0.0.1"]


def test_port_that_is_taken_is_named(server):
    with pytest.raises(BadOption, match=str(server.port)):
        DevServer(server.port)


# Slow and rude clients


@pytest.mark.parametrize("start", [b"G", b"GET /echo HTTP/1.1\r\nHost: loc", b"\r\n"])
def test_slow_head_is_cut_off_however_lively_it_trickles(server, start):
    with raw(server) as client:
        client.sendall(start)
        with contextlib.suppress(ConnectionError):
            for _ in range(300):  # half a minute, and more where the machine is busy
                client.sendall(b"x")
                client.settimeout(0.1)
                with contextlib.suppress(TimeoutError):
                    if not client.recv(1000):
                        return
            pytest.fail("The head is never cut off.")


def test_slow_body_is_answered_and_cut_off(server):
    with raw(server) as client:
        response, body = send_head(client, *POST, "Content-Length: 100", body=b"only this")
        assert (response.status, body["code"]) == (408, "slow_request")
        assert response.headers["Connection"] == "close"
        assert client.recv(10) == b""


def test_slow_clients_leave_room_for_others_before_long(tmp_path):
    limits = ServerLimits(head_s=4, connections=8)
    with start_server(tmp_path, limits=limits) as server, contextlib.ExitStack() as stack:
        for _ in range(16):
            client = stack.enter_context(raw(server))
            client.sendall(b"GET /echo HTTP/1.1\r\nHost:")
        refused = server.send("GET", "/echo")
        assert (refused.status, refused.json["code"]) == (503, "busy")
        assert int(refused.headers["Retry-After"]) > 0
        deadline_s = time.monotonic() + 60
        while server.send("GET", "/echo").status != 200:
            assert time.monotonic() < deadline_s
            time.sleep(0.1)


def test_silent_clients_make_room_and_busy_ones_stay(tmp_path):
    limits = ServerLimits(connections=4)
    with start_server(tmp_path, limits=limits) as server, contextlib.ExitStack() as stack:
        busy = stack.enter_context(raw(server))
        busy.sendall("\r\n".join([*POST, "Content-Length: 2", "", "x"]).encode())
        assert server.send("GET", "/echo").status == 200
        for _ in range(20):
            stack.enter_context(raw(server))
        time.sleep(SILENT_S)
        deadline_s = time.monotonic() + 60
        while server.send("GET", "/echo").status != 200:
            assert time.monotonic() < deadline_s
        busy.sendall(b"y")
        assert read_response(busy)[0].status == 200


@pytest.mark.parametrize("more", [b"", b"G"])
def test_client_that_does_not_read_is_let_go(server, caplog, more):
    caplog.set_level(logging.INFO, logger="mixer.devserver.access")
    with (server.folder.parent / "large.wav").open("wb") as file:
        file.truncate(50_000_000)
    server.store.put("large.wav", server.folder.parent / "large.wav")
    with raw(server) as client:
        client.sendall(
            f"GET {server.link('large.wav')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        time.sleep(0.2)
        client.sendall(more)
        deadline_s = time.monotonic() + 60
        while not (lines := access_lines(caplog)):
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
    assert " 200 cut off " in lines[0]


def test_idle_connection_is_closed(server):
    with server.connect() as connection:
        assert send_request(connection, "GET", "/echo").status == 200
        connection.sock.settimeout(10)
        assert connection.sock.recv(1) == b""


def test_body_of_the_allowed_size_is_read(server):
    got = server.send("POST", "/echo", b"x" * 1_000_000, {"Content-Type": "text/plain"})
    assert len(got.json["event"]["body"]) == 1_000_000


def test_gateway_s_limit_holds_by_default():
    assert ServerLimits().body_bytes == 10 * 1024 * 1024


def test_huge_body_is_refused_and_the_client_gets_to_know(server):
    got = server.send("POST", "/echo", b"x" * 20_000_000)
    assert (got.status, got.json["code"]) == (413, "body_too_large")
    assert "1,000,000 bytes" in got.json["error"]


def test_refused_body_that_has_no_end_is_cut_off(server):
    with raw(server) as client:
        response, _ = send_head(client, *POST, "Content-Length: 999999999999")
        assert response.status == 413
        with contextlib.suppress(ConnectionError):
            for _ in range(3_000):  # half a minute, and more where the machine is busy
                client.sendall(b"x" * 1_000)
                time.sleep(0.01)
            pytest.fail("The body is never cut off.")


def test_huge_body_is_not_even_asked_for(server):
    with raw(server) as client:
        head = (*POST, "Content-Length: 999999999999", "Expect: 100-continue")
        response, body = send_head(client, *head)
        assert (response.status, body["code"]) == (413, "body_too_large")


def test_body_that_waits_to_be_asked_for_is_asked_for(server):
    with raw(server) as client:
        head = "\r\n".join([*POST, "Content-Length: 2", "Expect: 100-continue", "", ""])
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"hi")
        assert read_response(client)[1]["event"]["body"] == "hi"


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        ((*POST, "Transfer-Encoding: chunked"), 411, "length_required"),
        ((*POST, "Content-Length: 5", "Transfer-Encoding: chunked"), 411, "length_required"),
        ((*POST, "Transfer-Encoding: chunked", "", "-1"), 400, "bad_request"),
        ((*POST, "Content-Length: five"), 400, "bad_request"),
        ((*POST, "Content-Length: -1"), 400, "bad_request"),
        ((*POST, "Content-Length: +1"), 400, "bad_request"),
        ((*POST, "Content-Length: \xb2"), 400, "bad_request"),
        ((*POST, "Content-Length: 1", "Content-Length: 2"), 400, "bad_request"),
        ((*POST, "Content-Length: " + "9" * 20), 413, "body_too_large"),
        ((*POST, "Content-Length: " + "9" * 5000), 400, "bad_request"),
        (("GET /" + "a" * 20_000 + " HTTP/1.1", "Host: localhost"), 414, "address_too_long"),
        (("GET / HTTP/1.1", "X: " + "a" * 90_000), 400, "bad_request"),
        (("GET / HTTP/1.1", "Host: localhost", "X: " + "a" * 40_000), 431, "headers_too_long"),
        (("GET / HTTP/1.1", "Host: localhost", "Host: localhost"), 400, "bad_request"),
        (("GET / HTTP/1.1", "Host: localhost", "X : a"), 400, "bad_request"),
        (("GET echo HTTP/1.1", "Host: localhost"), 400, "bad_request"),
        (("GET http://[ HTTP/1.1", "Host: localhost"), 400, "bad_request"),
        (("CONNECT example.com:443 HTTP/1.1", "Host: localhost"), 400, "bad_request"),
        (("GET / HTTP/9.9", "Host: localhost"), 505, "bad_request"),
        (("GET / SMTP/1.1", "Host: localhost"), 400, "bad_request"),
        (("nonsense",), 400, "bad_request"),
        (("PROPFIND / HTTP/1.1", "Host: localhost"), 404, "not_found"),
        (("GET / HTTP/1.1",), 400, "bad_request"),
        (("GET / HTTP/1.0",), 421, "wrong_host"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_read_is_refused_in_json(server, caplog, lines, status, code):
    with raw(server) as client:
        response, body = send_head(client, *lines)
    assert (response.status, body["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/json"
    assert body["request_id"]
    assert "Traceback" not in caplog.text


def test_client_that_leaves_before_its_answer_disturbs_nobody(tmp_path, caplog):
    started, go_on = threading.Event(), threading.Event()

    def wait(_event, _context):
        started.set()
        go_on.wait(60)
        return {"statusCode": 200, "body": "x" * 5_000_000}

    with start_server(tmp_path, wait) as server:
        with raw(server) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert started.wait(60)
        go_on.set()
        assert server.send("GET", "/nothing").status == 404
    assert "Traceback" not in caplog.text


def test_http_1_0_client_gets_an_answer_and_an_end(server):
    with raw(server) as client:
        response, body = send_head(client, "GET /echo HTTP/1.0", "Host: localhost")
        assert (response.status, body["event"]["version"]) == (200, "2.0")
        assert client.recv(1) == b""


def test_requests_sent_in_one_go_are_answered_in_order(server):
    head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n"
    with raw(server) as client, client.makefile("rb"):
        client.sendall("".join(f"{head}{name}" for name in ("one", "two", "six")).encode())
        received = b""
        while received.count(b'"version"') < 3:
            received += client.recv(65_536)
    places = [received.index(f'"body": "{name}"'.encode()) for name in ("one", "two", "six")]
    assert places == sorted(places)


# The log


def access_lines(caplog):
    return [each.message for each in caplog.records if each.name == "mixer.devserver.access"]


def test_log_has_a_line_for_each_request_and_no_secrets(server, caplog):
    caplog.set_level(logging.INFO, logger="mixer.devserver.access")
    headers = {"Authorization": "Bearer topsecret", "Cookie": "session=topsecret"}
    got = server.send("POST", "/echo?token=topsecret", "topsecret text", headers)
    server.store.put("a.mp3", b"sound")
    server.send("GET", server.link("a.mp3"))
    server.send("GET", "/%1b[31mred")
    with raw(server) as client:
        client.sendall(b"GET /\x1b[31mred HTTP/1.1\r\nHost: localhost\r\n\r\n")
        read_response(client)
    deadline_s = time.monotonic() + 60  # a line is written when its reply has been sent
    while len(lines := access_lines(caplog)) < 4 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert len(lines) == 4
    assert lines[0].startswith("POST /echo 200 ")
    assert got.json["request_id"] in lines[0]
    assert "topsecret" not in caplog.text
    assert "signature" not in caplog.text
    assert "\x1b" not in caplog.text


# The end


def test_stopping_lets_a_request_at_work_finish(tmp_path):
    started, go_on = threading.Event(), threading.Event()

    def wait(event, context):
        started.set()
        go_on.wait(60)
        return echo(event, context)

    with start_server(tmp_path, wait) as server, ThreadPoolExecutor(2) as pool:
        idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        send_request(idle, "GET", "/nothing")
        answer = pool.submit(server.send, "GET", "/echo")
        assert started.wait(60)
        stopped = pool.submit(server.dev_server.stop, 60)
        assert idle.sock.recv(1) == b""
        idle.close()
        with pytest.raises(ConnectionError):
            server.send("GET", "/nothing")
        assert not stopped.done()
        go_on.set()
        assert answer.result().status == 200
        assert answer.result().headers["Connection"] == "close"
        assert stopped.result() is True


@pytest.mark.parametrize("is_hurried", [True, False])
def test_stopping_waits_no_longer_than_told(tmp_path, is_hurried):
    started, go_on = threading.Event(), threading.Event()

    def wait(_event, _context):
        started.set()
        go_on.wait(60)

    with start_server(tmp_path, wait) as server, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.send, "GET", "/echo")
        assert started.wait(60)
        grace_s = 60 if is_hurried else 0.2
        assert server.dev_server.stop(grace_s, lambda: is_hurried) is False
        assert not answer.done()
        go_on.set()
        assert answer.result().status == 200
