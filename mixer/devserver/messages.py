"""What passes between the parts of the local server: requests in, replies out. Values only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import IO
from urllib.parse import parse_qsl, unquote

Headers = Sequence[tuple[str, str]]

JSON = "application/json"


@dataclass(frozen=True)
class HttpRequest:
    """One request as it came.

    Attributes:
        method: in capitals.
        target: path and query as they came, percent-encoded, with a leading slash.
        headers: in order, as they came.
        body: the whole of it.
        source_ip: of the client.
        received: when, with its zone.
        request_id: to find it again in logs.
        protocol: such as `HTTP/1.1`.
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    source_ip: str
    received: datetime
    request_id: str
    protocol: str = "HTTP/1.1"

    @cached_property
    def path(self) -> str:
        """Decoded once, as the gateway does it; bytes that are no UTF-8 become U+FFFD."""
        return unquote(self.target.partition("?")[0])

    @cached_property
    def raw_query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Decoded parameters; values of the same name are joined by commas."""
        return _join_values(parse_qsl(self.raw_query, keep_blank_values=True), ",")

    @cached_property
    def headers_by_name(self) -> Mapping[str, str]:
        """Headers by lower-case name; values of the same name are joined by commas."""
        return _join_values([(name.lower(), value.strip()) for name, value in self.headers], ",")

    def header(self, name: str) -> str:
        """A header's value by its lower-case name, empty where there is none."""
        return self.headers_by_name.get(name, "")


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part of an open file, sent in pieces; whoever sends it closes the file.

    Attributes:
        file: open for reading.
        start_bytes: the first byte of the part.
        length_bytes: of the part.
    """

    file: IO[bytes]
    start_bytes: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        status: the HTTP status.
        headers: in order; length, date and connection are the listener's.
        body: bytes in memory, or a part of a file.
    """

    status: int
    headers: Headers = field(default=())
    body: bytes | FilePart = b""

    @property
    def length_bytes(self) -> int:
        """Of the body."""
        return self.body.length_bytes if isinstance(self.body, FilePart) else len(self.body)

    def close(self) -> None:
        """Close the file that the body is read from."""
        if isinstance(self.body, FilePart):
            self.body.file.close()


def error_reply(
    status: HTTPStatus, code: str, message: str, request_id: str, headers: Headers = ()
) -> Reply:
    """An error in the shape that the whole API uses.

    Args:
        status: of the reply.
        code: a word for a program.
        message: a sentence for a person.
        request_id: to find it again in logs.
        headers: besides the content type.
    """
    told = {"error": message, "code": code, "request_id": request_id, "details": {}}
    body = json.dumps(told, ensure_ascii=False).encode(errors="replace")
    return Reply(status, (("Content-Type", JSON), *headers), body)


def _join_values(pairs: Sequence[tuple[str, str]], separator: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}{separator}{value}" if name in found else value
    return found
