"""`mixer serve` as a user starts it: the whole way from a text to a sound, and a clean end."""

import base64
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from mixer.cli.serve import require_packages
from mixer.errors import MixerError
from mixer.sound.analysis.measurement import measure
from tests.books import Book, build_page

ROOT = Path(__file__).parents[3]

STORY = (
    "The lamp went out at nine. Nobody in the village noticed. "
    "Only Mara, who had waited for it, put on her coat and went down to the sea.\n\n"
    "There was a boat, and in the boat there was a letter."
)


class Server:
    """A running `mixer serve`."""

    def __init__(self, process, port):
        self.process, self.port, self.authorization = process, port, ""

    def ask(self, method, target, body=None, headers=None):
        headers = {"Authorization": self.authorization, **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with contextlib.closing(connection):
            content = json.dumps(body) if body is not None else None
            connection.request(method, target, content, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def json(self, method, target, body=None):
        status, _, content = self.ask(method, target, body)
        return status, json.loads(content)

    def descendants(self):
        return psutil.Process(self.process.pid).children(recursive=True)


@contextlib.contextmanager
def start_process(folder, *options, **environment):
    command = [sys.executable, "-m", "mixer", "serve", "--port", "0"]
    command += ["--store", folder / "store", "--web", folder / "web", *options]
    outer = {name: value for name, value in os.environ.items() if "BUCKET" not in name}
    with (
        (folder / "log.txt").open("w") as log,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**outer, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert "http://127.0.0.1:" in line, (folder / "log.txt").read_text()
            yield Server(process, int(line.split("127.0.0.1:")[1].split()[0]))
        finally:
            process.kill()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def server(folder):
    (folder / "web").mkdir()
    (folder / "web" / "index.html").write_text("<!doctype html><title>Mixer</title>")
    with start_process(folder) as running:
        yield running


def test_text_becomes_a_finished_sound_behind_a_link(server, tmp_path):
    status, speech = server.json("POST", "/synthesize", {"text": STORY})
    assert status == 200
    request = {"chunk_keys": speech["chunk_keys"], "bucket": speech["bucket"]}
    status, mixed = server.json("POST", "/mixstory", request)
    assert status == 200
    status, again = server.json("POST", "/mixstory", {**speech, "speed": 2, "formatt": 1})
    assert (status, again["key"]) == (200, mixed["key"])
    assert again["warnings"] == [
        "Unknown field “formatt” was ignored; did you mean “format”?",
        "Unknown field “speed” was ignored.",
    ]
    link = urlsplit(mixed["download_url"])
    assert link.netloc == f"127.0.0.1:{server.port}"
    target = f"{link.path}?{link.query}"
    status, headers, whole = server.ask("GET", target)
    assert (status, headers["Content-Type"]) == (200, "audio/mpeg")
    half = len(whole) // 2
    pieces = [
        server.ask("GET", target, headers={"Range": f"bytes=0-{half - 1}"}),
        server.ask("GET", target, headers={"Range": f"bytes={half}-"}),
    ]
    assert [status for status, _, _ in pieces] == [206, 206]
    sound = tmp_path / "story.mp3"
    sound.write_bytes(pieces[0][2] + pieces[1][2])
    assert sound.read_bytes() == whole
    measurement = measure(sound)
    assert measurement.duration_s == pytest.approx(mixed["duration_s"], abs=0.1)
    assert measurement.loudness_lufs == pytest.approx(-18, abs=1)
    assert server.ask("GET", target.replace("signature=", "signature=0"))[0] == 403
    assert server.ask("GET", link.path)[0] == 403


def test_single_chunk_comes_along_as_mp3(server, tmp_path):
    status, speech = server.json("POST", "/synthesize", {"text": "Good evening."})
    assert status == 200
    sound = tmp_path / "chunk.mp3"
    sound.write_bytes(base64.b64decode(speech["audio_base64"]))
    assert measure(sound).duration_s == pytest.approx(speech["duration_s"], abs=0.1)


def test_two_identical_mixes_at_once_end_with_one_object(server, folder):
    _, speech = server.json("POST", "/synthesize", {"text": STORY})
    request = {"chunk_keys": speech["chunk_keys"], "title": "Twins"}
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: server.json("POST", "/mixstory", request), range(2)))
    (status, first), (other_status, second) = made
    assert (status, other_status) == (200, 200)
    assert first["key"] == second["key"]
    stem = Path(first["key"]).stem
    assert [path.stem for path in (folder / "store" / "mixed").glob(f"*{stem}*.mp3")] == [stem]


def test_other_routes_answer(server):
    status, voices = server.json("GET", "/voices")
    assert (status, voices["voices"][0]["id"]) == (200, "Ada")
    status, estimate = server.json("POST", "/estimate", {"text": STORY})
    assert (status, estimate["cost_usd"]) == (200, 0)
    status, document = server.json("GET", "/openapi.json")
    assert status == 200
    assert {"/synthesize", "/mixstory", "/voices", "/estimate"} <= set(document["paths"])
    status, headers, page = server.ask("GET", "/docs")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"swagger" in page.lower()
    assert server.ask("GET", "/")[0] == 200


def test_errors_keep_the_contract(server):
    status, body = server.json("POST", "/mixstory", {"chunk_keys": ["narration_chunks/none.mp3"]})
    assert (status, body["code"]) == (404, "not_found")
    status, body = server.json("POST", "/synthesize", {"text": "x" * 100_001})
    assert (status, body["code"]) == (413, "text_too_long")
    status, body = server.json("POST", "/nothing", {})
    assert (status, body["code"]) == (404, "not_found")


def test_of_a_book_its_words_count_not_its_pictures(server):
    cover = random.Random(1).randbytes(200_000)
    pages = {"one.xhtml": build_page("<p>He came late.</p>")}
    book = Book(pages, files={"OEBPS/c.jpg": cover}).content()
    text = base64.b64encode(book).decode()
    status, estimate = server.json("POST", "/estimate", {"text": text})
    assert (status, estimate["characters"]) == (200, len("He came late."))
    pages = {f"{n}.xhtml": build_page(f"<p>{STORY * 40}</p>") for n in range(20)}
    text = base64.b64encode(Book(pages).content()).decode()
    assert len(text) < 100_000
    status, body = server.json("POST", "/estimate", {"text": text})
    assert (status, body["code"]) == (413, "text_too_long")


def test_parallel_estimates_do_not_disturb_each_other(server):
    texts = [f"{'word ' * number}end." for number in range(1, 51)]
    with ThreadPoolExecutor(50) as pool:
        estimates = list(pool.map(lambda t: server.json("POST", "/estimate", {"text": t}), texts))
    assert {status for status, _ in estimates} == {200}
    assert [each["characters"] for _, each in estimates] == [len(text) for text in texts]


def test_log_is_readable_and_says_nothing_of_the_text(server, folder):
    server.json("POST", "/estimate", {"text": "The secret recipe."})
    deadline_s = time.monotonic() + 60
    while "POST /estimate 200" not in (log := (folder / "log.txt").read_text()):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    assert "recipe" not in log


@pytest.mark.parametrize(("signals", "sentences"), [(1, 30), (2, 120)])
def test_ending_while_speaking_leaves_no_process(signals, sentences, tmp_path):
    text = " ".join(
        f"This is sentence number {number}, and it takes its time." for number in range(sentences)
    )
    with start_process(tmp_path, "--grace-s", "110") as server, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.json, "POST", "/synthesize", {"text": text})
        deadline_s = time.monotonic() + 60
        while not server.descendants() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        running = server.descendants()
        assert running
        for _ in range(signals):
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        status, body = answer.result()
        assert status == (200 if signals == 1 else 202)  # as a story, which the next server resumes
        assert ("story_id" in body) == (signals == 2)
        assert server.process.wait(60) == 0
        _, left = psutil.wait_procs(running, 60)
        assert not left


def test_port_in_use_is_reported_in_a_sentence(server, folder):
    command = [sys.executable, "-m", "mixer", "serve", "--port", str(server.port)]
    done = subprocess.run(
        [*command, "--store", folder / "other"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert str(server.port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"MAX_TEXT_CHARS": "many"}, "MAX_TEXT_CHARS"), ({"AUTH_MODE": "token"}, "TOKENS_SECRET")],
)
def test_wrong_setting_is_reported_in_a_sentence_before_anything_is_served(folder, wrong, named):
    done = subprocess.run(
        [sys.executable, "-m", "mixer", "serve", "--port", "0", "--store", folder / "other"],
        cwd=ROOT,
        env={**os.environ, **wrong},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert named in done.stderr
    assert "listens" not in done.stdout


def test_missing_packages_are_named_with_the_way_to_install_them():
    with pytest.raises(MixerError, match=r"missing: no_such_server.*pip install \. in its folder"):
        require_packages(["starlette", "no_such_server"])


class NoticeHandler(BaseHTTPRequestHandler):
    """Collects the notifications of webhooks."""

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.notices.append((self.headers["Mixer-Signature"], json.loads(content)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


def test_token_and_webhook_can_be_tried_on_a_laptop(tmp_path):
    (tmp_path / "web").mkdir()
    with (
        HTTPServer(("127.0.0.1", 0), NoticeHandler) as receiver,
        start_process(tmp_path, "--webhooks-to-localhost", "--token", "sesame") as running,
    ):
        receiver.notices, receiver.timeout = [], 60
        lines = [running.process.stdout.readline() for _ in range(2)]
        assert "Authorization: Bearer TOKEN" in lines[0]
        assert "any local port" in lines[1]
        assert running.ask("GET", "/stories")[0] == 401
        running.authorization = "Bearer wrong"
        assert running.ask("GET", "/stories")[0] == 403
        running.authorization = "Bearer sesame"
        webhook = f"http://127.0.0.1:{receiver.server_port}/done"
        status, begun = running.json("POST", "/stories", {"text": STORY, "webhook": webhook})
        assert status == 202
        receiver.handle_request()
        ((signature, notice),) = receiver.notices
        assert (notice["story_id"], notice["state"]) == (begun["story_id"], "done")
        assert notice["status_url"] == begun["status_url"]
        assert notice["status_url"].startswith(f"http://127.0.0.1:{running.port}/stories/")
        moment, signed = (part.partition("=")[2] for part in signature.split(","))
        assert moment.isdecimal()
        assert len(signed) == 64
        assert begun["webhook_secret"]
