"""Error responses of the dev server, in the shape of the API's errors."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse


class HttpRefusal(HTTPException):
    """A refused request: `code` is for programs, `message` for people."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code

    def build_response(self, request_id: str) -> JSONResponse:
        """Build the response: `error`, `code`, `request_id`, `details`."""
        body = {
            "error": self.detail,
            "code": self.code,
            "request_id": request_id,
            "details": {},
        }
        return JSONResponse(body, self.status_code, self.headers)


async def respond_to_error(request: Request, error: Exception) -> JSONResponse:
    """Respond to an exception; a Starlette error means that no route has the method."""
    if isinstance(error, HTTPException) and not isinstance(error, HttpRefusal):
        message = f"{request.method} is not possible at {request.scope['path']}."
        error = HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", message)
    elif not isinstance(error, HttpRefusal):
        message = "The server failed; its log says more."
        error = HttpRefusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)
    return error.build_response(request.state.request_id)
