"""Notifies a caller's server that a story has ended.

The URL is not trusted: HTTPS only; its name is resolved once, all its addresses must be public
(`ssrf_policy`), and the connection uses a checked address while the certificate must match the
name. Redirects are not followed, and only the response headers are read. The body is signed with a
key of the story:

    Mixer-Signature: t=1764000000,v1=<hex HMAC-SHA256 of "1764000000.<body>">
"""

import hmac
import http.client
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from mixer.errors import BadInput, MixerError
from mixer.parallel import interrupt_after, retry_call
from mixer.stories.model import StoredRequest
from mixer.stories.request import derive_webhook_secret
from mixer.stories.steps.ssrf_policy import (
    check_public_addresses,
    is_localhost_url,
    validate_webhook_url,
)

TIMEOUT_S = 10.0
"""For name resolution, and for the whole request after it, however slowly the servers respond."""

MAX_ADDRESSES = 3
"""Addresses of a name that are tried in turn within that time."""

HTTPS_PORT = 443
SUCCESS = range(200, 300)

RETRY_DELAYS_S = (5.0, 15.0, 45.0, 135.0, 405.0)
"""As the state machine waits (IaC/story.asl.json, Notify)."""

logger = logging.getLogger(__name__)

Resolver = Callable[[str, int], Sequence[str]]
"""Finds the addresses behind a name."""


class WebhookFailed(MixerError):
    """A caller's server rejected or missed a notification; a retry may succeed."""

    code = "webhook_failed"


def resolve_host(host: str, port: int) -> list[str]:
    """Resolve a name to its addresses, best first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _shut_down(connection: HTTPConnection) -> None:
    """Wake a thread that waits for a connection."""
    if connection.sock is not None:
        with suppress(OSError):
            # SSLSocket.shutdown would drop state that another thread uses.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


class _PlainConnection(HTTPConnection):
    """A connection to this machine without TLS."""

    abort = _shut_down


class _PinnedConnection(http.client.HTTPSConnection):
    """A connection to one of the given addresses, independent of name resolution."""

    def __init__(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        context: ssl.SSLContext,
        timeout_s: float,
    ) -> None:
        super().__init__(host, port, timeout=timeout_s, context=context)
        self._addresses, self._tls_context = addresses[:MAX_ADDRESSES], context
        self._connect_s = timeout_s / len(self._addresses)
        self._is_aborted = False

    def connect(self) -> None:
        plain = self._open_socket()
        plain.settimeout(self.timeout)
        secured = self._tls_context.wrap_socket(
            plain, server_hostname=self.host, do_handshake_on_connect=False
        )
        self.sock = secured
        if self._is_aborted:
            raise TimeoutError
        secured.do_handshake()

    def abort(self) -> None:
        """Abort from another thread, which wakes a waiting reader."""
        self._is_aborted = True
        _shut_down(self)

    def _open_socket(self) -> socket.socket:
        *others, last = self._addresses
        for address in others:
            with suppress(OSError):
                return socket.create_connection((address, self.port), self._connect_s)
        return socket.create_connection((last, self.port), self._connect_s)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Notifies callers' servers.

    Attributes:
        check_addresses: raises for addresses that are not public.
        context: trusted certificates; the system's if None.
        timeout_s: for name resolution, and for the request.
        retry_delays_s: before each further try in the background.
        allows_localhost: whether http URLs of this machine are notified, too.
    """

    secret: bytes
    resolve: Resolver = resolve_host
    check_addresses: Callable[[Sequence[str]], None] = check_public_addresses
    context: ssl.SSLContext | None = None
    now_s: Callable[[], float] = field(default=time.time)
    timeout_s: float = TIMEOUT_S
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S
    allows_localhost: bool = False

    def notify(self, notice: dict[str, Any], request: StoredRequest) -> None:
        """Notify the request's webhook, if any; raises WebhookFailed unless it succeeds."""
        if not request.webhook:
            return
        body = json.dumps(notice, ensure_ascii=False).encode()
        try:
            url = validate_webhook_url(request.webhook, allows_localhost=self.allows_localhost)
            status = self._post_notice(url, notice["story_id"], body)
        except (OSError, http.client.HTTPException, BadInput, ValueError) as error:
            reason = type(error).__name__
            raise WebhookFailed(f"Webhook delivery failed: {reason}.") from error
        if status not in SUCCESS:
            raise WebhookFailed(f"The webhook returned status {status}.", status=status)

    @staticmethod
    def validate_url(url: str, *, allows_localhost: bool = False) -> None:
        """Validate a URL as far as possible without the network, or raise BadInput."""
        validate_webhook_url(url, allows_localhost=allows_localhost)

    def notify_in_background(self, notice: dict[str, Any], request: StoredRequest) -> None:
        """Notify, and try again, in a thread; lost if the process ends."""
        given = (notice, request)
        thread = threading.Thread(target=self._notify_repeatedly, args=given, daemon=True)
        thread.start()

    def _notify_repeatedly(self, notice: dict[str, Any], request: StoredRequest) -> None:
        def is_temporary(error: Exception) -> bool:
            logger.warning("story %s: %s", notice["story_id"], error)
            return isinstance(error, MixerError)

        try:
            retry_call(lambda: self.notify(notice, request), is_temporary, self.retry_delays_s)
        except MixerError as error:
            logger.warning("story %s: %s", notice["story_id"], error)

    def _post_notice(self, url: str, story: str, body: bytes) -> int:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        is_plain = self.allows_localhost and is_localhost_url(url)
        connect = self._connect_plainly if is_plain else self._connect
        connection = connect(parts.hostname or "", parts.port)
        with closing(connection), interrupt_after(self.timeout_s, connection.abort):
            connection.request("POST", target, body, self._headers(story, body))
            return connection.getresponse().status

    def _connect_plainly(self, host: str, port: int | None) -> "_PlainConnection":
        return _PlainConnection(host, port, self.timeout_s)

    def _connect(self, host: str, given_port: int | None) -> _PinnedConnection:
        port = given_port or HTTPS_PORT
        addresses = self._resolve_in_time(host, port)
        self.check_addresses(addresses)
        context = self.context or ssl.create_default_context()
        return _PinnedConnection(host, port, addresses, context, self.timeout_s)

    def _resolve_in_time(self, host: str, port: int) -> Sequence[str]:
        """Resolve in a thread: the system's resolver cannot be interrupted."""
        found: Future[Sequence[str]] = Future()

        def resolve() -> None:
            try:
                found.set_result(self.resolve(host, port))
            except Exception as error:  # noqa: BLE001 - raised where it is awaited
                found.set_exception(error)

        threading.Thread(target=resolve, daemon=True).start()
        return found.result(self.timeout_s)

    def _headers(self, story: str, body: bytes) -> dict[str, str]:
        moment = str(int(self.now_s()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Mixer",
            "Mixer-Signature": f"t={moment},v1={sign_body(self.secret, story, moment, body)}",
        }


def sign_body(secret: bytes, story: str, moment: str, body: bytes) -> str:
    """Sign the body of a notification."""
    key = derive_webhook_secret(secret, story).encode()
    return hmac.new(key, f"{moment}.".encode() + body, sha256).hexdigest()
