"""The files of the demo page, and nothing beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from mixer.devserver.file_response import build_file_reply
from mixer.devserver.messages import Headers, HttpRequest, Reply, error_reply

INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class Pages:
    """A folder of files to be shown.

    Attributes:
        folder: only what really lies in it is shown; links that lead out are not followed.
        origins: besides the page's own, from where it may fetch and play.
    """

    folder: Path
    origins: Sequence[str] = ()

    def reply(self, request: HttpRequest) -> Reply:
        """The reply to a GET or HEAD of a file; `/` is the index."""
        path = self._resolve_path(request.path)
        if path is not None:
            try:
                return build_file_reply(request, path, self._headers())
            except (FileNotFoundError, IsADirectoryError, PermissionError):
                pass
        return error_reply(
            HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.", request.request_id
        )

    def _resolve_path(self, url_path: str) -> Path | None:
        """The file that a path means, if it may be shown."""
        parts = (url_path if url_path != "/" else f"/{INDEX}").split("/")[1:]
        if not url_path.isprintable() or any(p == "" or p[0] == "." or "\\" in p for p in parts):
            return None
        try:
            path = self.folder.joinpath(*parts).resolve(strict=True)
            return path if path.is_relative_to(self.folder.resolve()) else None
        except (OSError, RuntimeError):
            return None

    def _headers(self) -> Headers:
        return (("Cache-Control", "no-cache"), ("Content-Security-Policy", self._policy()))

    def _policy(self) -> str:
        """What the page may do: its own scripts and styles, sound and pictures made by itself."""
        reached = " ".join(("'self'", *self.origins))
        rules = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "font-src": "'self'",
            "img-src": f"{reached} data: blob:",
            "media-src": f"{reached} blob:",
            "connect-src": reached,
            "manifest-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())
