"""Tells a caller's own server that a story has ended.

The address comes from a caller, so it is not trusted: https alone; its name is resolved once, every
address behind it must be a public one (`internet`), and the connection goes to the very address
that was looked at, while the certificate still has to be the name's. Redirects are not followed,
the answer is not read beyond its headers, and all of it has a few seconds. The body is signed with
a key that only this story's caller was given:

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
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from mixer.errors import BadInput, MixerError
from mixer.parallel import interrupt_after
from mixer.stories.ids import derive_webhook_secret
from mixer.stories.model import StoredRequest
from mixer.stories.ssrf_policy import check_public_addresses, validate_webhook_url

TIMEOUT_S = 10.0
"""For all of it, once the name is resolved: a server that answers byte by byte holds up nobody."""

MAX_ADDRESSES = 3
"""Of a name that are tried, one after the other, within that time."""

HTTPS_PORT = 443
SUCCESS = range(200, 300)

RETRY_DELAYS_S = (5.0, 15.0, 45.0, 135.0, 405.0)
"""As the state machine waits (IaC/story.asl.json, Notify)."""

logger = logging.getLogger(__name__)

Notifier = Callable[[dict[str, Any], StoredRequest], None]
Resolver = Callable[[str, int], Sequence[str]]
"""Finds the addresses behind a name."""


class WebhookFailed(MixerError):
    """A caller's server did not take the news; it may later."""

    code = "webhook_failed"


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses behind a name, as the system finds them, the best first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class _PinnedConnection(http.client.HTTPSConnection):
    """A connection to one of some addresses, whatever the name resolves to by now."""

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
        """Connect to the first address that answers; the certificate must be the name's."""
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
        """End it from another thread: whoever waits for the server is woken."""
        self._is_aborted = True
        if self.sock is not None:
            with suppress(OSError):
                # Not SSLSocket's own shutdown, which takes away what another thread uses.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _open_socket(self) -> socket.socket:
        *others, last = self._addresses
        for address in others:
            with suppress(OSError):
                return socket.create_connection((address, self.port), self._connect_s)
        return socket.create_connection((last, self.port), self._connect_s)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Tells callers' servers.

    Attributes:
        secret: of the deployment.
        resolve: finds the addresses behind a name.
        check_addresses: refuses addresses that nobody may be told at.
        context: which certificates are trusted; the system's when None.
        now_s: seconds since 1970.
        timeout_s: for all of it.
    """

    secret: bytes
    resolve: Resolver = resolve_host
    check_addresses: Callable[[Sequence[str]], None] = check_public_addresses
    context: ssl.SSLContext | None = None
    now_s: Callable[[], float] = field(default=time.time)
    timeout_s: float = TIMEOUT_S

    def notify(self, notice: dict[str, Any], request: StoredRequest) -> None:
        """Send the news; nothing to do where nobody wants them.

        Raises:
            WebhookFailed: the server could not be reached, or did not say that all is well.
        """
        if not request.webhook:
            return
        body = json.dumps(notice, ensure_ascii=False).encode()
        try:
            status = self._post_notice(
                validate_webhook_url(request.webhook), notice["story_id"], body
            )
        except (OSError, http.client.HTTPException, BadInput, ValueError) as error:
            reason = type(error).__name__
            raise WebhookFailed(f"Webhook delivery failed: {reason}.") from error
        if status not in SUCCESS:
            raise WebhookFailed(f"The webhook returned status {status}.", status=status)

    def _post_notice(self, url: str, story: str, body: bytes) -> int:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTPS_PORT
        addresses = self.resolve(host, port)
        self.check_addresses(addresses)
        context = self.context or ssl.create_default_context()
        connection = _PinnedConnection(host, port, addresses, context, self.timeout_s)
        with closing(connection), interrupt_after(self.timeout_s, connection.abort):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, self._headers(story, body))
            return connection.getresponse().status

    def _headers(self, story: str, body: bytes) -> dict[str, str]:
        moment = str(int(self.now_s()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Mixer",
            "Mixer-Signature": f"t={moment},v1={sign_body(self.secret, story, moment, body)}",
        }


def notify_in_background(
    notifier: Notifier, delays_s: Sequence[float] = RETRY_DELAYS_S
) -> Notifier:
    """Somebody who is told by a thread of its own, and again after a while where that fails.

    Where no state machine tries again; what a process that ends had not told is lost.

    Args:
        notifier: tells.
        delays_s: before each try but the first.
    """

    def told(notice: dict[str, Any], request: StoredRequest) -> None:
        for delay_s in (0.0, *delays_s):
            time.sleep(delay_s)
            try:
                notifier(notice, request)
            except MixerError as error:
                logger.warning("story %s: %s", notice["story_id"], error)
            else:
                return

    def begin(notice: dict[str, Any], request: StoredRequest) -> None:
        given = (notice, request)
        threading.Thread(target=told, args=given, name="webhook", daemon=True).start()

    return begin


def sign_body(secret: bytes, story: str, moment: str, body: bytes) -> str:
    """What shows that the news come from here."""
    key = derive_webhook_secret(secret, story).encode()
    return hmac.new(key, f"{moment}.".encode() + body, sha256).hexdigest()
