"""One connection: requests read and replies written, one after the other (HTTP/1.1).

Reading the head is `http.server`'s; what surrounds it is ours: time and size are bounded as a
whole, every refusal is JSON, files are sent in pieces, and the log has neither bodies, tokens
nor queries (the query of a signed link opens it).
"""

import contextlib
import io
import logging
import socket
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import quote

from mixer.devserver.deadline_reader import DeadlineReader
from mixer.devserver.messages import FilePart, HttpRequest, Reply, error_reply
from mixer.devserver.request_head import (
    MAX_LINE_BYTES,
    Unreadable,
    max_body_bytes,
    parse_body_length,
    parse_target,
)

if TYPE_CHECKING:
    from mixer.devserver.listener import Listener

logger = logging.getLogger("mixer.devserver.access")

PIECE_BYTES = 65_536
"""Of a file, held in memory at a time."""

WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

SHOWN_CHARS = "/%:@!$&'()*+,;=~"
"""Of an address, as they are in the log; all others that are no letter or digit are encoded."""


class RequestConnection(BaseHTTPRequestHandler):
    """Serves one connection from its first request to its last."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Listener"
    connection: socket.socket

    def setup(self) -> None:
        """Read with patience, but with no more than is set."""
        super().setup()
        self._limits = self.server.limits
        self._reader = DeadlineReader(self.connection)
        self._buffered = self.rfile = io.BufferedReader(self._reader)
        self._request_id, self._begun_s, self._is_left_unread = "", 0.0, False

    def handle(self) -> None:
        """Answer requests until one side has had enough."""
        self.close_connection = False
        with contextlib.suppress(TimeoutError, ConnectionError):
            while not self.close_connection and self._has_arrived():
                self._handle_request()
                self.server.connections.end(self.connection)

    def finish(self) -> None:
        """Let the client read a refusal before the connection closes on what it still sends."""
        if self._is_left_unread:
            with contextlib.suppress(OSError):
                self._linger()
        super().finish()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a head that cannot be read (called by http.server)."""
        status = HTTPStatus(code)
        self._send_refusal(
            Unreadable(status, "bad_request", f"{message or explain or status.phrase}.")
        )

    def handle_expect_100(self) -> bool:
        """Ask for a body only when it will be read."""
        parse_body_length(self.headers, max_body_bytes(self.path, self.command, self._limits))
        return super().handle_expect_100()

    def version_string(self) -> str:
        """What the server calls itself."""
        return "mixer"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Keep http.server's own remarks out of the way."""
        logger.debug(format, *args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing yet: the line is written when the reply has been sent."""

    def _has_arrived(self) -> bool:
        """Wait for the first byte of a request."""
        self._reader.allow(self._limits.idle_s)
        return bool(self._buffered.peek(1)) and self.server.connections.begin(self.connection)

    def _handle_request(self) -> None:
        self._request_id, self._begun_s = str(uuid.uuid4()), time.monotonic()
        self.command, self.path, self.request_version = "", "", self.protocol_version
        self._reader.allow(self._limits.head_s)
        try:
            request = self._read_request()
        except TimeoutError:
            message = "The request did not arrive in time."
            self._send_refusal(Unreadable(HTTPStatus.REQUEST_TIMEOUT, "slow_request", message))
        except Unreadable as refusal:
            self._send_refusal(refusal)
        else:
            if request is not None:
                self._send(self.server.answer(request))

    def _read_request(self) -> HttpRequest | None:
        """The whole request; None when http.server has refused it.

        Raises:
            Unreadable: it has no form or size that is read here.
            TimeoutError: it did not come in time.
            ConnectionError: the client left in the middle.
        """
        self.raw_requestline = self.rfile.readline(MAX_LINE_BYTES + 1)
        if len(self.raw_requestline) > MAX_LINE_BYTES:
            message = f"The address is longer than {MAX_LINE_BYTES:,} bytes."
            raise Unreadable(HTTPStatus.REQUEST_URI_TOO_LONG, "address_too_long", message)
        if not self.parse_request():
            return None
        target = parse_target(self.path, self.headers)
        body = self._read_body()
        return HttpRequest(
            method=self.command,
            target=target,
            headers=tuple(self.headers.items()),
            body=body,
            source_ip=self.client_address[0],
            received=datetime.now(UTC),
            request_id=self._request_id,
            protocol=self.request_version,
        )

    def _read_body(self) -> bytes:
        length = parse_body_length(
            self.headers, max_body_bytes(self.path, self.command, self._limits)
        )
        self._reader.allow(self._limits.body_s)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError
        return body

    def _send_refusal(self, refusal: Unreadable) -> None:
        self.close_connection = self._is_left_unread = True
        self._send(error_reply(refusal.status, refusal.code, str(refusal), self._request_id))

    def _send(self, reply: Reply) -> None:
        """Write a reply, whatever becomes of the client; a line in the log tells how it went."""
        outcome = "cut off"
        with contextlib.closing(reply):
            try:
                self._send_head(reply)
                if self.command != "HEAD" and reply.status not in WITHOUT_BODY:
                    self._send_body(reply)
                outcome = f"{reply.length_bytes} bytes"
            finally:
                self._log_reply(reply, outcome)

    def _send_head(self, reply: Reply) -> None:
        self.close_connection |= self.server.connections.is_draining
        self.request_version = self.protocol_version  # http.server sends HTTP/0.9 no head
        self.connection.settimeout(self._limits.piece_s)
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status not in WITHOUT_BODY:
            self.send_header("Content-Length", str(reply.length_bytes))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_body(self, reply: Reply) -> None:
        if not isinstance(reply.body, FilePart):
            self.wfile.write(reply.body)
            return
        reply.body.file.seek(reply.body.start_bytes)
        left = reply.body.length_bytes
        while left:
            piece = reply.body.file.read(min(left, PIECE_BYTES))
            if not piece:  # shortened meanwhile: closing is the only way left to say so
                raise ConnectionAbortedError
            self.wfile.write(piece)
            left -= len(piece)

    def _linger(self) -> None:
        """Read on for a while: closing on unread bytes would take the reply from the client."""
        self.connection.shutdown(socket.SHUT_WR)
        self._reader.allow(self._limits.linger_s)
        while self.rfile.read1(PIECE_BYTES):
            pass

    def _log_reply(self, reply: Reply, outcome: str) -> None:
        path = quote(self.path.partition("?")[0], safe=SHOWN_CHARS)
        duration_ms = (time.monotonic() - self._begun_s) * 1000
        asked = f"{self.command or '-'} {path or '-'}"
        words = (asked, reply.status, outcome, duration_ms, self._request_id)
        logger.info("%s %d %s %.0f ms %s", *words)
