"""A file as a reply: whole, in part, or not at all when the client has it already."""

import os
from http import HTTPStatus
from pathlib import Path
from stat import S_ISREG
from typing import IO

from mixer.devserver.messages import FilePart, Headers, HttpRequest, Reply, error_reply
from mixer.devserver.ranges import ByteRange, Unsatisfiable, allows_partial, is_match, parse_range

CONTENT_TYPES = {
    ".aac": "audio/aac",
    ".css": "text/css; charset=utf-8",
    ".flac": "audio/flac",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".png": "image/png",
    ".srt": "application/x-subrip; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""By ending; our own, because the system's table differs from machine to machine."""

UNKNOWN_TYPE = "application/octet-stream"


def build_file_reply(request: HttpRequest, path: Path, headers: Headers) -> Reply:
    """The reply to a GET or HEAD of a file.

    Args:
        request: its conditions and range count.
        path: the file; it may be replaced meanwhile, what was opened is sent.
        headers: for the file, besides those that follow from it.

    Raises:
        FileNotFoundError: there is no such file.
    """
    file = path.open("rb")
    try:
        status = os.fstat(file.fileno())
        if not S_ISREG(status.st_mode):
            raise FileNotFoundError(path)
        etag = f'"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}"'
        about = (
            ("Content-Type", CONTENT_TYPES.get(path.suffix.lower(), UNKNOWN_TYPE)),
            ("ETag", etag),
            ("Accept-Ranges", "bytes"),
            *headers,
        )
        reply = _build_reply(request, file, status.st_size, etag, about)
    except BaseException:
        file.close()
        raise
    if not isinstance(reply.body, FilePart):
        file.close()
    return reply


def _build_reply(
    request: HttpRequest, file: IO[bytes], size: int, etag: str, headers: Headers
) -> Reply:
    if is_match(request.header("if-none-match"), etag):
        return Reply(HTTPStatus.NOT_MODIFIED, headers)
    try:
        part = _requested_range(request, size, etag)
    except Unsatisfiable:
        return _unsatisfiable_reply(request, size, headers)
    if part is None:
        return Reply(HTTPStatus.OK, headers, FilePart(file, 0, size))
    headers = (*headers, ("Content-Range", part.content_range(size)))
    body = FilePart(file, part.start_bytes, part.length_bytes)
    return Reply(HTTPStatus.PARTIAL_CONTENT, headers, body)


def _requested_range(request: HttpRequest, size: int, etag: str) -> ByteRange | None:
    """The part to send; a HEAD has none (RFC 9110, section 14.2)."""
    if request.method != "GET" or not allows_partial(request.header("if-range"), etag):
        return None
    return parse_range(request.header("range"), size)


def _unsatisfiable_reply(request: HttpRequest, size: int, headers: Headers) -> Reply:
    """The reply that tells how long the file really is."""
    kept = [pair for pair in headers if pair[0] != "Content-Type"]
    return error_reply(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "bad_range",
        f"The range {request.header('range')} lies behind the end: there are {size} bytes.",
        request.request_id,
        [*kept, ("Content-Range", f"bytes */{size}")],
    )
