"""Tells a caller's own server that a story has ended.

The address comes from a caller, so it is not trusted: https alone; its name is resolved once, every
address behind it must be a public one, and the connection goes to the very address that was looked
at (the name still has to match its certificate). Redirects are not followed, the answer is not
read beyond its status. The body is signed with a key that only this story's caller was given:

    Mixer-Signature: t=1764000000,v1=<hex HMAC-SHA256 of "1764000000.<body>">
"""

import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mixer.errors import BadInput, MixerError
from mixer.jobs.story.identity import webhook_secret
from mixer.jobs.story.values import StoryRequest

TIMEOUT_S = 10.0
HTTPS_PORT = 443
SUCCESS = range(200, 300)

Resolve = Callable[[str, int], Sequence[str]]
"""Finds the addresses behind a name."""


class WebhookFailed(MixerError):
    """A caller's server did not take the news; it may later."""

    code = "webhook_failed"


def resolved(host: str, port: int) -> list[str]:
    """The addresses behind a name, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def checked_address(url: str) -> str:
    """An address that may be a webhook, as far as can be told without the network.

    Raises:
        BadInput: it is none.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or parts.username or parts.password or parts.fragment:
        raise _refused("it must be an https address without a name or password in it")
    if "." not in host or host.endswith((".local", ".internal", ".localhost")):
        raise _refused("only servers on the internet are told")
    _check_public([host] if _is_literal(host) else [])
    return url


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _refused("it is no address") from error
    if not url.isascii() or not url.isprintable() or any(each.isspace() for each in url):
        raise _refused("it is no address")
    return parts


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check_public(addresses: Sequence[str]) -> None:
    """Refuse what leads anywhere but to the internet.

    Raises:
        BadInput: one of them does.
    """
    for each in addresses:
        address = ipaddress.ip_address(each.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        if not all(one.is_global and not one.is_multicast for one in (address, mapped or address)):
            raise _refused("only servers on the internet are told")


def _refused(why: str) -> BadInput:
    return BadInput(f"webhook: {why}.", field="webhook")


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, whatever the name resolves to by now."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S, context=context)
        self._address, self._trusted = address, context

    def connect(self) -> None:
        """Connect to the address that was looked at; the certificate must be the name's."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._trusted.wrap_socket(plain, server_hostname=self.host)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Tells callers' servers.

    Attributes:
        secret: of the deployment.
        resolve: finds the addresses behind a name.
        check: refuses addresses that nobody may be told at.
        context: which certificates are trusted; the system's when None.
        now_s: seconds since 1970.
    """

    secret: bytes
    resolve: Resolve = resolved
    check: Callable[[Sequence[str]], None] = _check_public
    context: ssl.SSLContext | None = None
    now_s: Callable[[], float] = field(default=time.time)

    def tell(self, notice: dict[str, Any], request: StoryRequest) -> None:
        """Send the news; nothing to do where nobody wants them.

        Raises:
            WebhookFailed: the server could not be reached, or did not say that all is well.
        """
        if not request.webhook:
            return
        body = json.dumps(notice, ensure_ascii=False).encode()
        try:
            status = self._sent(checked_address(request.webhook), notice["story_id"], body)
        except (OSError, http.client.HTTPException, BadInput, ValueError) as error:
            reason = type(error).__name__
            raise WebhookFailed(f"The webhook could not be told: {reason}.") from error
        if status not in SUCCESS:
            raise WebhookFailed(f"The webhook answered {status}.", status=status)

    def _sent(self, url: str, story: str, body: bytes) -> int:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTPS_PORT
        addresses = self.resolve(host, port)
        self.check(addresses)
        context = self.context or ssl.create_default_context()
        connection = _Pinned(host, port, addresses[0], context)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, self._headers(story, body))
            return connection.getresponse().status
        finally:
            connection.close()

    def _headers(self, story: str, body: bytes) -> dict[str, str]:
        moment = str(int(self.now_s()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Mixer",
            "Mixer-Signature": f"t={moment},v1={signature(self.secret, story, moment, body)}",
        }


def signature(secret: bytes, story: str, moment: str, body: bytes) -> str:
    """What shows that the news come from here."""
    key = webhook_secret(secret, story).encode()
    return hmac.new(key, f"{moment}.".encode() + body, sha256).hexdigest()
