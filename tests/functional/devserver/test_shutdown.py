"""The local server as a process: signals, what they end, and what they let finish."""

import contextlib
import http.client
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LONG_S, SOON_S = 120, 60
"""How long requests at work and the grace last, and what is well before their end."""

PROGRAM = """
import sys, threading
from pathlib import Path
from mixer.devserver.files import Pages
from mixer.devserver.gateway import ApiFunction, ApiRoute, Gateway
from mixer.devserver.local import build_application
from mixer.devserver.server import DevServer, catch_signals, serve

closed = threading.Event()

def work(event, context):
    print("started\\n", end="", flush=True)
    was_closed = closed.wait(float(event["queryStringParameters"]["s"]))
    return {"statusCode": 503 if was_closed else 200, "body": "closed" if was_closed else "done"}

with catch_signals() as signals:
    server = DevServer(0)
    gateway = Gateway([ApiRoute("GET /work", ApiFunction("work", work))])
    app = build_application(gateway, Pages(Path("none")))
    print(server.port, flush=True)
    grace_s = float(sys.argv[1])
    sys.exit(not serve(server, app, signals, grace_s=grace_s, close_resources=closed.set))
"""


@contextlib.contextmanager
def process(grace_s):
    """The program, its port, and a function that waits for its next line."""
    command = [sys.executable, "-c", PROGRAM, str(grace_s)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running, int(running.stdout.readline())
        finally:
            running.kill()


def ask(port, seconds):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG_S)
    with contextlib.closing(connection):
        connection.request("GET", f"/work?s={seconds}")
        response = connection.getresponse()
        return response.status, response.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_server_that_does_nothing_ends_at_once(number):
    with process(LONG_S) as (running, port):
        assert ask(port, 0) == (200, b"done")
        running.send_signal(number)
        assert running.wait(SOON_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_request_at_work_finishes_and_no_other_begins(number):
    with process(LONG_S) as (running, port), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, port, 3)
        assert running.stdout.readline() == "started\n"
        running.send_signal(number)
        with contextlib.suppress(ConnectionError):
            while True:
                ask(port, 0)
        assert not answer.done()
        assert answer.result() == (200, b"done")
        assert running.wait(SOON_S) == 0


def test_second_signal_ends_requests_at_work():
    with process(LONG_S) as (running, port), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, port, LONG_S)
        assert running.stdout.readline() == "started\n"
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        assert answer.result() == (503, b"closed")
        assert running.wait(SOON_S) == 0


def test_requests_get_no_more_than_the_grace():
    with process(0.3) as (running, port), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, port, LONG_S)
        assert running.stdout.readline() == "started\n"
        running.send_signal(signal.SIGTERM)
        assert answer.result() == (503, b"closed")
        assert running.wait(SOON_S) == 0


def test_many_signals_do_no_harm():
    with process(LONG_S) as (running, port), ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask, port, LONG_S) for _ in range(4)]
        for _ in range(4):
            assert running.stdout.readline() == "started\n"

        def insist():
            while running.poll() is None:
                running.send_signal(signal.SIGINT)
                time.sleep(0.001)

        insisting = threading.Thread(target=insist)
        insisting.start()
        for answer in answers:
            with contextlib.suppress(ConnectionError, http.client.HTTPException):
                assert answer.result()[0] == 503
        insisting.join()
        assert running.wait(SOON_S) in (0, -signal.SIGINT)
