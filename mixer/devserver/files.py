"""Files over HTTP: stored audio by signed links, and the page's files."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from stat import S_ISREG

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from mixer.devserver.guard import HttpRefusal
from mixer.errors import BadInput, NotFound
from mixer.store import FolderStore, LinkStatus, SignedLinks

CONTENT_TYPES = {
    ".aac": "audio/aac",
    ".css": "text/css",
    ".flac": "audio/flac",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".png": "image/png",
    ".srt": "application/x-subrip; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".vtt": "text/vtt",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""By suffix; the system's own table differs between machines."""

UNKNOWN_TYPE = "application/octet-stream"

OBJECT_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""Any page that holds a link may read the object, but nothing in it may run."""

INDEX = "index.html"

_SINGLE_RANGE = re.compile(r"bytes=\s*([0-9]{0,19})-([0-9]{0,19})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoredObjects:
    """The objects of a folder store, served by unexpired links."""

    store: FolderStore
    links: SignedLinks

    def respond(self, request: Request) -> Response:
        """Answer a GET or HEAD of an object.

        Raises:
            HttpRefusal: the link is forged or expired, or the object is missing.
        """
        key = request.path_params["key"]
        status = self.links.check_link(key, request.query_params)
        if status is not LinkStatus.VALID:
            raise refuse_link(status, OBJECT_HEADERS)
        try:
            return build_file_response(request, self.store.path(key), OBJECT_HEADERS)
        except (NotFound, BadInput, FileNotFoundError) as error:
            message = f"The object {key} does not exist."
            raise HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", message, OBJECT_HEADERS) from error


@dataclass(frozen=True, slots=True)
class Pages:
    """The files of the demo page; links out of the folder are not followed."""

    folder: Path
    origins: Sequence[str] = ()

    def respond(self, request: Request) -> Response:
        """Answer a GET or HEAD of a file; `/` is the index.

        Raises:
            HttpRefusal: the file is missing.
        """
        path = self._resolve_path(request.scope["path"])
        if path is not None:
            headers = {"Cache-Control": "no-cache", "Content-Security-Policy": self._policy()}
            try:
                return build_file_response(request, path, headers)
            except FileNotFoundError:
                pass
        raise HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", "Not found.")

    def _resolve_path(self, url_path: str) -> Path | None:
        parts = (url_path if url_path != "/" else f"/{INDEX}").split("/")[1:]
        if not url_path.isprintable() or any(p == "" or p[0] == "." or "\\" in p for p in parts):
            return None
        try:
            path = self.folder.joinpath(*parts).resolve(strict=True)
            return path if path.is_relative_to(self.folder.resolve()) else None
        except (OSError, RuntimeError):
            return None

    def _policy(self) -> str:
        sources = " ".join(("'self'", *self.origins))
        rules = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "font-src": "'self'",
            "img-src": f"{sources} data: blob:",
            "media-src": f"{sources} blob:",
            "connect-src": sources,
            "manifest-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())


def refuse_link(status: LinkStatus, headers: Mapping[str, str], noun: str = "link") -> HttpRefusal:
    """Build the refusal of an invalid link or form."""
    if status is LinkStatus.EXPIRED:
        message = f"This {noun} has expired: ask for a new one."
        return HttpRefusal(HTTPStatus.FORBIDDEN, "link_expired", message, headers)
    message = f"This {noun} was not made by this server."
    return HttpRefusal(HTTPStatus.FORBIDDEN, "bad_link", message, headers)


def build_file_response(request: Request, path: Path, headers: Mapping[str, str]) -> Response:
    """Respond to GET or HEAD of a file: all of it, one range, or 304.

    Raises:
        FileNotFoundError: the file is missing or not readable.
        HttpRefusal: the range begins after the end.
    """
    status = path.stat()
    if not S_ISREG(status.st_mode) or not os.access(path, os.R_OK):
        raise FileNotFoundError(path)
    etag = f'"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}"'
    headers = {**headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if _is_known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if not _has_range(request, etag, status.st_size, headers):
        del MutableHeaders(scope=request.scope)["range"]
    media_type = CONTENT_TYPES.get(path.suffix.lower(), UNKNOWN_TYPE)
    return FileResponse(path, headers=headers, media_type=media_type, stat_result=status)


def _is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client has the file; weak tags count (RFC 9110, 13.1.2)."""
    tags = (each.strip().removeprefix("W/") for each in if_none_match.split(","))
    return any(tag in ("*", etag) for tag in tags)


def _has_range(request: Request, etag: str, size_bytes: int, headers: Mapping[str, str]) -> bool:
    """Whether to serve one range; otherwise the whole file is served (RFC 9110, 14.2).

    Raises:
        HttpRefusal: no byte of the range is in the file.
    """
    match = _SINGLE_RANGE.fullmatch(request.headers.get("range", ""))
    is_same = request.headers.get("if-range", etag) == etag
    if request.method != "GET" or not is_same or match is None or match.groups() == ("", ""):
        return False
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return False
    if (int(first) if first else size_bytes - int(last)) < size_bytes and size_bytes:
        return True
    message = f"The range {match[0]} begins after the end: there are {size_bytes} bytes."
    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    headers = {**headers, "Content-Range": f"bytes */{size_bytes}"}
    raise HttpRefusal(status, "bad_range", message, headers)
