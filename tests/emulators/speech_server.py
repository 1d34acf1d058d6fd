"""A server that speaks `/v1/audio/speech` with tones, and misbehaves as its `mode` says."""

import json
import math
import threading
import time
import wave
from array import array
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any, ClassVar

from tests.emulators.http_thread import run_http_server

CHAR_S = 0.05
KEY = "sk-the-secret-of-the-tests"
ENCODED_KEY = b64encode(f"Bearer {KEY}".encode()).decode()
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"


def make_wav(text: str, rate_hz: int) -> bytes:
    """A tone as long as the text."""
    count = round(len(text) * CHAR_S * rate_hz)
    wave_samples = (round(9_000 * math.sin(math.tau * 220 * at / rate_hz)) for at in range(count))
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(array("h", wave_samples).tobytes())
    return buffer.getvalue()


@dataclass
class SpeechServer:
    """What a test sees of the server.

    Attributes:
        faults: counts down answers of status 503.
        retry_after: what they say of the time to wait.
        delay_s: how long each call takes at least.
        meeting: where the first calls wait for each other, once.
    """

    url: str
    mode: str = ""
    faults: int = 0
    retry_after: str = ""
    delay_s: float = 0.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    redirect_to: str = ""
    max_concurrency: int = 0
    active: int = 0
    meeting: threading.Barrier | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def count_call(self) -> Iterator[None]:
        """Count a call under way; it ends before its answer is sent, as the next may follow."""
        with self.lock:
            self.active += 1
            self.max_concurrency = max(self.max_concurrency, self.active)
        try:
            yield
        finally:
            with self.lock:
                self.active -= 1

    def let_calls_meet(self, count: int) -> None:
        """Let the next calls wait until so many are under way."""
        self.meeting = threading.Barrier(count, self._end_meeting, timeout=60)

    def _end_meeting(self) -> None:
        self.meeting = None

    @property
    def billed_chars(self) -> int:
        return sum(len(each["input"]) for each in self.bodies)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: ClassVar[SpeechServer]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.state.counts[self.path] += 1
        if self.state.mode == "html":
            self.answer(200, PAGE, "text/html")
        else:
            self.answer(200, json.dumps({"voices": ["alloy", {"id": "nova"}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        getattr(self, f"_say_{self.state.mode or 'well'}")(body)

    def answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.state.retry_after:
            self.send_header("Retry-After", self.state.retry_after)
        self.end_headers()
        self._write(content)

    def _say_well(self, body: dict[str, Any], rate_hz: int = 24_000) -> None:
        state = self.state
        with state.count_call():
            time.sleep(state.delay_s)
            if state.meeting is not None:
                state.meeting.wait()
            with state.lock:
                failing, state.faults = state.faults > 0, state.faults - 1
        if failing:
            return self.answer(503, b'{"error": "busy"}')
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.answer(401, f"no key {self.headers['Authorization']}".encode())
        with state.lock:
            state.bodies.append(body)
        return self.answer(200, make_wav(body["input"], rate_hz), "audio/wav")

    def _say_rates(self, body: dict[str, Any]) -> None:
        self._say_well(body, (16_000, 48_000)[len(self.state.bodies) % 2])

    def _say_html(self, _body: dict[str, Any]) -> None:
        self.answer(200, PAGE + KEY.encode(), f"text/html {KEY}; charset=utf-8")

    def _say_lies(self, _body: dict[str, Any]) -> None:
        self.answer(200, PAGE * 100, "audio/mpeg")

    def _say_short(self, _body: dict[str, Any]) -> None:
        self.answer(200, make_wav("a", 24_000), "audio/wav")

    def _say_refusal(self, _body: dict[str, Any]) -> None:
        # the key is cut where messages end
        text = f"{ENCODED_KEY}: no voice; {'your ' * 18}key {KEY}"
        self.answer(400, json.dumps({"error": text}).encode())

    def _say_redirect(self, _body: dict[str, Any]) -> None:
        self.send_response(307)
        self.send_header("Location", self.state.redirect_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _say_slowly(self, _body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.end_headers()
        self.close_connection = True
        while self._write(b"\0"):
            threading.Event().wait(0.05)

    def _say_endlessly(self, _body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(4 << 30))
        self.end_headers()
        self.close_connection = True
        while self._write(bytes(1 << 20)):
            pass

    def _say_halves(self, body: dict[str, Any]) -> None:
        content = make_wav(body["input"], 24_000)
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True

    def _write(self, content: bytes) -> bool:
        try:
            self.wfile.write(content)
        except OSError:
            return False
        return True


@contextmanager
def run_speech_server() -> Iterator[SpeechServer]:
    """A running server on a port of its own."""

    class Handler(_Handler):
        pass

    with run_http_server(Handler) as address:
        Handler.state = SpeechServer(f"{address}/v1")
        yield Handler.state
