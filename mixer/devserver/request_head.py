"""What the head of a request says, and what is refused before its body is read. Pure."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from urllib.parse import urlsplit

MAX_LINE_BYTES = 16_384
"""Of the request line."""

MAX_HEAD_BYTES = 32_768
"""Of all headers together; API Gateway allows 10,240, browsers keep longer cookies."""


UPLOAD_PATH = "/objects/"
"""Where forms with a file are sent."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What a client may take.

    Attributes:
        body_bytes: the longest body (API Gateway's limit).
        upload_bytes: the longest body of a form with a file, which passes by the gateway.
        head_s: from a request's first byte to the end of its head.
        body_s: for the whole body.
        idle_s: between two requests.
        piece_s: for a client to take one piece of a reply.
        linger_s: reading on after a refusal, so that the client gets to read it.
        connections: at once.
    """

    body_bytes: int = 10 * 1024 * 1024
    upload_bytes: int = 101 * 1024 * 1024
    head_s: float = 10.0
    body_s: float = 60.0
    idle_s: float = 60.0
    piece_s: float = 60.0
    linger_s: float = 2.0
    connections: int = 64


class Unreadable(Exception):
    """A request that is refused unread; the connection is closed after it.

    Args:
        status: of the reply.
        code: a word for a program.
        message: a sentence for a person.
    """

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def parse_target(address: str, headers: Mapping[str, str] | Message) -> str:
    """Path and query; an address in full, as clients send it to proxies, loses its host.

    Raises:
        Unreadable: it is no path, or the headers are too long.
    """
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEAD_BYTES:
        message = f"The headers are longer than {MAX_HEAD_BYTES:,} bytes."
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise Unreadable(status, "headers_too_long", message)
    if address.startswith("/"):
        return address
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    raise Unreadable(HTTPStatus.BAD_REQUEST, "bad_request", "The address is no path.")


def max_body_bytes(address: str, method: str, limits: ServerLimits) -> int:
    """How long a body may be: only forms with a file are long.

    Args:
        address: path and query, as they came.
        method: in capitals.
        limits: what a client may take.
    """
    is_upload = method == "POST" and address.partition("?")[0] == UPLOAD_PATH
    return limits.upload_bytes if is_upload else limits.body_bytes


def parse_body_length(headers: Message, max_bytes: int) -> int:
    """What a head says of the length of the body.

    Raises:
        Unreadable: nothing certain, or more than is read here.
    """
    if "Transfer-Encoding" in headers:
        message = "Send the body with a Content-Length, not in chunks."
        raise Unreadable(HTTPStatus.LENGTH_REQUIRED, "length_required", message)
    lengths = {value.strip() for value in headers.get_all("Content-Length", ["0"])}
    told = lengths.pop()
    if lengths or not (told.isascii() and told.isdecimal()):
        message = "Content-Length is no number."
        raise Unreadable(HTTPStatus.BAD_REQUEST, "bad_request", message)
    if len(told) > len(str(max_bytes)) or int(told) > max_bytes:
        message = f"A request may hold {max_bytes:,} bytes at most."
        raise Unreadable(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", message)
    return int(told)
