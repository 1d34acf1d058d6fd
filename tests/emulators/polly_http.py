"""The wire side of the strict Polly: connections, requests and answers as botocore reads them."""

import functools
import json
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.emulators.http_thread import ThreadedServer
from tests.emulators.polly_meter import CUT, CUT_BODY, HANG
from tests.emulators.polly_speech import Request, build_voice_page, parse_request, read_engine
from tests.emulators.polly_tables import Refusal

if TYPE_CHECKING:
    from tests.emulators.strict_polly import StrictPolly

PIECE_BYTES = 16_384
CONTENT_TYPES = {"mp3": "audio/mpeg", "pcm": "audio/pcm", "json": "application/x-json-stream"}
Connection = socket.socket | tuple[bytes, socket.socket]
"""As socketserver's types have it; ours are sockets."""


class PollyServer(ThreadedServer):
    """Remembers its connections, so that stopping can cut the idle ones."""

    daemon_threads = False

    def __init__(self, polly: "StrictPolly", port: int) -> None:
        self.polly = polly
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), PollyHandler)

    def process_request(self, request: Connection, client_address: object) -> None:
        with self._lock:
            self._open.add(cast("socket.socket", request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        with self._lock:
            self._open.discard(cast("socket.socket", request))
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            cut_connection(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


def cut_connection(connection: socket.socket) -> None:
    """End a connection under the other side's hands."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class PollyHandler(BaseHTTPRequestHandler):
    """One connection: reads requests, writes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = PIECE_BYTES
    server: PollyServer

    def do_GET(self) -> None:
        self._answer_request()

    def do_POST(self) -> None:
        self._answer_request()

    def do_PUT(self) -> None:
        self._answer_request()

    def do_DELETE(self) -> None:
        self._answer_request()

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._check_signature()
            self._find_operation()(body)
        except Refusal as refusal:
            self.server.polly.meter.count_refusal(refusal.code)
            self._send_refusal(refusal)

    def _check_signature(self) -> None:
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")

    def _find_operation(self) -> Callable[[bytes], None]:
        path, method = urlsplit(self.path).path, self.command
        if (method, path) == ("POST", "/v1/speech"):
            return self._synthesize_speech
        if (method, path) == ("GET", "/v1/voices"):
            return self._describe_voices
        if (method, path) == ("GET", "/v1/lexicons"):
            return lambda _: self._send_json(self.server.polly.lexicons.list_all())
        if path.startswith("/v1/lexicons/") and method in {"GET", "PUT", "DELETE"}:
            return functools.partial(
                self._handle_lexicon, unquote(path.removeprefix("/v1/lexicons/"))
            )
        raise Refusal("UnknownOperationException", f"No such operation: {method} {path}")

    def _handle_lexicon(self, name: str, body: bytes) -> None:
        lexicons = self.server.polly.lexicons
        if self.command == "PUT":
            self._send_json(lexicons.put(name, str(_parse_json(body).get("Content", ""))))
        elif self.command == "GET":
            self._send_json(lexicons.get(name))
        else:
            self._send_json(lexicons.delete(name))

    def _describe_voices(self, _: bytes) -> None:
        polly = self.server.polly
        polly.meter.count_listing()
        asked = dict(parse_qsl(urlsplit(self.path).query))
        self._send_json(build_voice_page(polly.voices, asked, polly.page_voices))

    def _synthesize_speech(self, body: bytes) -> None:
        polly, request = self.server.polly, _parse_json(body)
        engine, text = read_engine(request), str(request.get("Text", ""))
        with polly.meter.admit_call(engine, text) as fault:
            if fault == HANG:
                polly.stopping.wait()
            if fault and fault not in {CUT, CUT_BODY, HANG}:
                raise Refusal(fault, "Rate exceeded" if "Throttl" in fault else "Injected failure")
            ordered = parse_request(request, polly.voices, polly.lexicons)
            audio = polly.build_body(ordered)
            polly.stopping.wait(polly.latency.call_s(ordered.reading.billed_chars))
        if fault in {CUT, HANG} or polly.stopping.is_set():
            self._cut_connection()
            return
        billed_chars = ordered.reading.billed_chars
        if not fault:
            polly.meter.count_answer(text, billed_chars)
        self._send_audio(audio, ordered.output, billed_chars, is_cut=bool(fault))

    def _send_audio(self, audio: bytes, output: str, billed_chars: int, *, is_cut: bool) -> None:
        """In pieces, as the real service streams it."""
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPES[output])
        self.send_header("x-amzn-RequestCharacters", str(billed_chars))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(audio) // 2 if is_cut else len(audio), PIECE_BYTES):
            piece = audio[start : start + PIECE_BYTES]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if is_cut:
            self.wfile.flush()
            self._cut_connection()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send_json(self, answer: Mapping[str, object]) -> None:
        self._send(200, json.dumps(answer).encode(), {})

    def _send_refusal(self, refusal: Refusal) -> None:
        source = "http://internal.amazon.com/coral/com.amazon.coral.availability/"
        kind = f"{refusal.code}:{source}" if "Throttl" in refusal.code else refusal.code
        body = json.dumps({"message": refusal.message}).encode()
        self._send(refusal.status, body, {"x-amzn-ErrorType": kind})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _cut_connection(self) -> None:
        self.close_connection = True
        cut_connection(self.connection)


def _parse_json(body: bytes) -> Request:
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Refusal("SerializationException", "The request is no JSON") from error
    if not isinstance(request, dict):
        raise Refusal("SerializationException", "The request is no JSON object")
    return request
