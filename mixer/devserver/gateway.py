"""What API Gateway and Lambda do between a client and a handler.

A request finds its route; the authorizer, if there is one, lets it through; the function behind the
route is called with an event and a context; its answer becomes the reply. The gateway's own
refusals have the shape of the API's errors.

Unlike the real one it does not give up after 30 s, answers 405 where a path is known by another
method, and lets calls over a function's concurrency wait a while before it refuses them.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from mixer.devserver.events import build_event, parse_reply
from mixer.devserver.functions import Function, Refused, request_permission
from mixer.devserver.messages import Headers, HttpRequest, Reply, error_reply

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """Which function answers what.

    Attributes:
        key: method and path, such as `GET /stories/{story_id}`.
        function: answers it.
        is_public: needs no permission.
    """

    key: str
    function: Function
    is_public: bool = False

    @property
    def method(self) -> str:
        """The method it answers."""
        return self.key.partition(" ")[0]

    def parameters(self, path: str) -> Mapping[str, str] | None:
        """The named parts of a path; None when the path is not the route's."""
        wanted, given = self.key.partition(" ")[2].split("/"), path.split("/")
        pairs = list(zip(wanted, given, strict=False))
        is_ours = len(wanted) == len(given) and all(
            part != "" if name.startswith("{") else name == part for name, part in pairs[1:]
        )
        return {n[1:-1]: part for n, part in pairs if n.startswith("{")} if is_ours else None


@dataclass(frozen=True, slots=True)
class Gateway:
    """Routes, and who may use them.

    Attributes:
        routes: no two with the same key.
        authorizer: asked before every route that is not open; None lets everybody in.
    """

    routes: Sequence[Route]
    authorizer: Function | None = None

    def has_path(self, path: str) -> bool:
        """Whether any route has this path."""
        return any(route.parameters(path) is not None for route in self.routes)

    def reply(self, request: HttpRequest) -> Reply:
        """The reply to a request whose path is known."""
        here = [each for each in self.routes if each.parameters(request.path) is not None]
        if request.method == "OPTIONS":
            return self._invoke_route(
                request, Route(f"OPTIONS {request.path}", here[0].function, True)
            )
        for route in here:
            if route.method == request.method:
                return self._invoke_route(request, route)
        allowed = [("Allow", ", ".join(sorted({each.method for each in here} | {"OPTIONS"})))]
        message = f"{request.path} does not answer {request.method}."
        return _error_reply(
            request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", message, allowed
        )

    def _invoke_route(self, request: HttpRequest, route: Route) -> Reply:
        """The reply of the function behind a route, or of whoever stands before it."""
        try:
            event = build_event(request, route.key, route.parameters(request.path) or {})
            if self.authorizer is not None and not route.is_public:
                event["requestContext"]["authorizer"] = {
                    "lambda": request_permission(self.authorizer, request, route.key)
                }
            return parse_reply(route.function.call(event, request.request_id))
        except Refused as refusal:
            return _error_reply(
                request, refusal.status, refusal.code, str(refusal), refusal.headers
            )
        except Exception:  # whatever a handler lets escape; Lambda ends the call the same way
            logger.exception("request %s failed", request.request_id)
            message = "Something broke on the server; its log says more."
            return _error_reply(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)


def _error_reply(
    request: HttpRequest, status: HTTPStatus, code: str, message: str, headers: Headers = ()
) -> Reply:
    return error_reply(status, code, message, request.request_id, headers)
