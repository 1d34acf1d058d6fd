"""Stored audio, handed out to whoever holds a signed link that has not expired."""

from dataclasses import dataclass
from http import HTTPStatus

from mixer.devserver.file_response import build_file_reply
from mixer.devserver.messages import HttpRequest, Reply, error_reply
from mixer.errors import BadInput, NotFound
from mixer.store.folder import FolderStore
from mixer.store.links import LinkStatus, SignedLinks

PREFIX = "/objects/"
MUSIC_PREFIX = "/music/"
"""Of a folder of music that is not the store."""

HEADERS = (
    ("Cache-Control", "private, no-cache"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
)
"""The link itself is the permission, so any page that holds one may read; but nothing may run."""


@dataclass(frozen=True, slots=True)
class StoredObjects:
    """The objects of a folder store under a prefix.

    Attributes:
        store: holds them.
        links: tells genuine links from others.
        prefix: where they are.
    """

    store: FolderStore
    links: SignedLinks
    prefix: str = PREFIX

    def reply(self, request: HttpRequest) -> Reply:
        """The reply to a GET or HEAD of an object."""
        key = request.path.removeprefix(self.prefix)
        verdict = self.links.check_link(key, request.query)
        if verdict is LinkStatus.EXPIRED:
            return _refusal(request, "link_expired", "This link has expired: ask for a new one.")
        if verdict is LinkStatus.FORGED:
            return _refusal(request, "bad_link", "This link was not made by this server.")
        try:
            return build_file_reply(request, self.store.path(key), HEADERS)
        except (NotFound, BadInput, FileNotFoundError):
            return error_reply(
                HTTPStatus.NOT_FOUND,
                "not_found",
                f"There is no object {key}.",
                request.request_id,
                HEADERS,
            )


def _refusal(request: HttpRequest, code: str, message: str) -> Reply:
    return error_reply(HTTPStatus.FORBIDDEN, code, message, request.request_id, HEADERS)
