"""Who answers what: the API, stored objects, or the pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from mixer.devserver.gateway import Gateway
from mixer.devserver.messages import Headers, HttpRequest, Reply, error_reply
from mixer.devserver.objects import StoredObjects
from mixer.devserver.pages import Pages
from mixer.devserver.request_head import UPLOAD_PATH
from mixer.devserver.uploads import Uploads

READ_METHODS = ("GET", "HEAD")

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Names under which this machine reaches itself; under any other it was found by a trick."""

SECURITY_HEADERS: Headers = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
"""For every reply: signed links must not leak through referrers, sounds not turn into scripts."""


@dataclass(frozen=True, slots=True)
class Router:
    """Everything that is served.

    Attributes:
        gateway: the API.
        pages: whatever the API does not know.
        objects: stored audio; none when it lies elsewhere.
        uploads: takes files in; None when they go elsewhere.
        origins: pages that may use the API besides those of this machine; `*` for all.
    """

    gateway: Gateway
    pages: Pages
    objects: Sequence[StoredObjects] = ()
    uploads: Uploads | None = None
    origins: Sequence[str] = field(default=())

    def reply(self, request: HttpRequest) -> Reply:
        """The reply to any request."""
        reply = self._reply(request)
        return replace(reply, headers=(*reply.headers, *_missing_headers(reply, SECURITY_HEADERS)))

    def _reply(self, request: HttpRequest) -> Reply:
        if not _is_local(request.header("host")):
            message = "This server answers under 127.0.0.1 and localhost alone."
            return _error_reply(request, HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", message)
        if self.gateway.has_path(request.path):
            return self._reply_api(request)
        if self.uploads is not None and (request.method, request.path) == ("POST", UPLOAD_PATH):
            return self.uploads.reply(request)
        if request.method not in READ_METHODS:
            message = f"There is nothing at {request.path} to {request.method}."
            return _error_reply(request, HTTPStatus.NOT_FOUND, "not_found", message)
        for objects in self.objects:
            if request.path.startswith(objects.prefix):
                return objects.reply(request)
        return self.pages.reply(request)

    def _reply_api(self, request: HttpRequest) -> Reply:
        """The API's reply; what pages of strangers ask for is not even begun."""
        origin = request.header("origin")
        if not origin or "*" in self.origins or origin in self.origins or _is_own(origin):
            return self.gateway.reply(request)
        message = f"Pages of {origin} may not use this API."
        return _error_reply(request, HTTPStatus.FORBIDDEN, "origin_refused", message)


def _is_local(host: str) -> bool:
    """Whether a `Host` header names this machine; a page may point its own name at 127.0.0.1."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name.lower() in LOCAL_HOSTS


def _is_own(origin: str) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and _is_local(host)


def _missing_headers(reply: Reply, headers: Headers) -> Headers:
    """Those that a reply does not set itself."""
    present = {name.lower() for name, _ in reply.headers}
    return [(name, value) for name, value in headers if name.lower() not in present]


def _error_reply(request: HttpRequest, status: HTTPStatus, code: str, message: str) -> Reply:
    return error_reply(status, code, message, request.request_id)
