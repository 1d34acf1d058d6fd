"""One HTTP call of a server that the operator names, bounded in time and size, without redirects.

The address is the operator's own and may be private; where a redirect points is not, so none is
followed. What a server answers is never quoted at length, and the key in no message at all.
"""

import http.client
import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any
from urllib.parse import quote, urlsplit

from mixer.errors import MixerError, OutOfTime
from mixer.parallel import interrupt_after
from mixer.speech.remote.settings import ServerSettings

MAX_ANSWER_BYTES = 100_000_000
"""Nine minutes of uncompressed stereo; a chunk takes a tenth of that."""

MAX_LIST_BYTES = 1_000_000
CONNECT_TIMEOUT_S = 10.0
LIST_TIMEOUT_S = 10.0
"""For the list of voices, which is short."""

STOP_CHECK_S = 0.1
READ_BYTES = 65_536
QUOTED_CHARS = 120
"""Of an answer, in a message."""

TOO_MANY_REQUESTS = 429
TEMPORARY = frozenset({408, 409, 425, TOO_MANY_REQUESTS, *range(500, 600)})
REDIRECTS = range(300, 400)
SUCCESS = range(200, 300)
REFUSED_KEY = (401, 403)


class ServerFault(MixerError):
    """A call failed; `is_temporary` if the next may succeed, not before `wait_s`."""

    def __init__(self, message: str, *, is_temporary: bool, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.is_temporary, self.wait_s = is_temporary, wait_s


class _Call:
    """A connection that another thread can end; its reader then gets the end or an error.

    The socket is kept, since http.client hands it over to the response.
    """

    def __init__(self, connection: http.client.HTTPConnection, stop: threading.Event) -> None:
        self._connection, self._stop = connection, stop
        self._socket: socket.socket | None = None
        self._is_over = threading.Event()
        self.is_interrupted = False

    def connect(self) -> None:
        """Connect; raises TimeoutError if the call was interrupted before."""
        self._connection.connect()
        self._socket = self._connection.sock
        self._socket.settimeout(None)
        if self.is_interrupted:
            raise TimeoutError

    def interrupt(self) -> None:
        """End the call."""
        self.is_interrupted = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Interrupt the block once the engine is closed."""
        watcher = threading.Thread(target=self._interrupt_when_stopped, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._is_over.set()

    def _interrupt_when_stopped(self) -> None:
        while not self._is_over.wait(STOP_CHECK_S):
            if self._stop.is_set():
                self.interrupt()
                return


@dataclass(frozen=True, slots=True)
class RemoteClient:
    """Calls a server. Safe for many threads; after `stop` is set every call ends at once."""

    settings: ServerSettings
    stop: threading.Event = field(default_factory=threading.Event)

    def synthesize(self, body: Mapping[str, object]) -> bytes:
        """Fetch the audio of a text; raises ServerFault."""
        content, content_type = self._call("POST", "/audio/speech", body, MAX_ANSWER_BYTES)
        if content_type.startswith(("text/", "application/json", "application/xml")):
            raise ServerFault(
                f"{self._name} sent {content_type[:QUOTED_CHARS]} instead of audio: "
                f"{self._quote(content)}.",
                is_temporary=False,
            )
        if not content:
            raise ServerFault(f"{self._name} sent no audio.", is_temporary=True)
        return content

    def fetch_json(self, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """Fetch a JSON value, whatever it is; with a body by POST. Raises ServerFault."""
        content, _ = self._call("GET" if body is None else "POST", path, body, MAX_LIST_BYTES)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            message = f"{self._name} sent no JSON for {path}: {self._quote(content)}."
            raise ServerFault(message, is_temporary=False) from error

    @property
    def _name(self) -> str:
        return f"The {self.settings.title} at {self.settings.host}"

    def _call(
        self, method: str, path: str, body: Mapping[str, object] | None, max_bytes: int
    ) -> tuple[bytes, str]:
        """The body of a success and its content type."""
        connection, prefix = _open_connection(self.settings.url)
        call = _Call(connection, self.stop)
        timeout_s = min(self.settings.timeout_s, LIST_TIMEOUT_S if body is None else inf)
        with closing(connection), interrupt_after(timeout_s, call.interrupt), call.watch():
            try:
                call.connect()
                connection.request(method, prefix + path, _encode(body), self._build_headers(body))
                response = connection.getresponse()
                self._require_success(response)
                content = self._read(response, max_bytes)
                if call.is_interrupted:
                    raise TimeoutError
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._translate(error, timed_out=call.is_interrupted) from error
        content_type = self._hide_key(response.getheader("Content-Type", ""))
        return content, content_type.partition(";")[0].strip().lower()

    def _build_headers(self, body: Mapping[str, object] | None) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": "mixer"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.settings.key:
            headers["Authorization"] = f"Bearer {self.settings.key}"
        return headers

    def _require_success(self, response: http.client.HTTPResponse) -> None:
        status = response.status
        if status in SUCCESS:
            return
        if status in REDIRECTS:
            raise ServerFault(
                f"{self._name} redirects elsewhere, which is not followed: set "
                f"{self.settings.prefix}_URL to the final address.",
                is_temporary=False,
            )
        if status in REFUSED_KEY:
            message = (
                f"{self._name} refuses the key (status {status}): check {self.settings.prefix}_KEY."
            )
            raise ServerFault(message, is_temporary=False)
        quoted = self._quote(response.read(READ_BYTES))
        raise ServerFault(
            f"{self._name} answered with status {status}: {quoted}.",
            is_temporary=status in TEMPORARY,
            wait_s=_parse_wait(response.getheader("Retry-After", "")),
        )

    def _quote(self, content: bytes) -> str:
        """The beginning of an answer as one line, without tags and key."""
        text = self._hide_key(content[:READ_BYTES].decode(errors="replace"))
        printable = "".join(each for each in " ".join(text.split()) if each.isprintable())
        return f"“{printable[:QUOTED_CHARS]}”" if printable else "nothing"

    def _hide_key(self, text: str) -> str:
        for spelling in _spell_key(self.settings.key):
            text = text.replace(spelling, "…")
        return text

    def _read(self, response: http.client.HTTPResponse, max_bytes: int) -> bytes:
        pieces, length = list[bytes](), 0
        while piece := response.read(READ_BYTES):
            pieces.append(piece)
            length += len(piece)
            if length > max_bytes:
                raise ServerFault(
                    f"{self._name} sent more than {max_bytes // 1_000_000} MB for one call.",
                    is_temporary=False,
                )
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(pieces)

    def _translate(self, error: Exception, *, timed_out: bool) -> MixerError:
        if self.stop.is_set():
            return OutOfTime("The speech engine was closed in the middle of a chunk.")
        if timed_out or isinstance(error, TimeoutError):
            limit = f"{self.settings.timeout_s:g} s ({self.settings.prefix}_TIMEOUT_S)"
            message = f"{self._name} did not answer within {limit}."
            return ServerFault(message, is_temporary=True)
        if isinstance(error, ConnectionRefusedError):
            variable = f"{self.settings.prefix}_URL"
            message = f"{self._name} is not running, or {variable} names another address."
            return ServerFault(message, is_temporary=True)
        reason = getattr(error, "strerror", None) or type(error).__name__
        message = f"{self._name} cannot be reached, or broke off: {reason}."
        return ServerFault(message, is_temporary=True)


def _spell_key(key: str) -> list[str]:
    """Spell a key as an answer may repeat it, the longest first: as it is, in a URL, in Base64."""
    if not key:
        return []
    texts = {key, quote(key), quote(key, safe=""), key.replace("/", "\\/")}
    encoded = {b64encode(each.encode()).decode().rstrip("=") for each in (key, f"Bearer {key}")}
    return sorted(texts | encoded, key=len, reverse=True)


def _open_connection(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    return kind(str(parts.hostname), parts.port, timeout=CONNECT_TIMEOUT_S), parts.path


def _encode(body: Mapping[str, object] | None) -> bytes | None:
    return None if body is None else json.dumps(body, ensure_ascii=False).encode()


def _parse_wait(value: str) -> float:
    return min(float(value), 60.0) if value.isdecimal() else 0.0
