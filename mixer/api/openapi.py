"""The API's description: GET /openapi.json and the page GET /docs.

Every function describes the whole API. The page loads nothing from other servers.
"""

import json
from collections.abc import Callable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import aws_lambda_powertools.event_handler.openapi as powertools_openapi
from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from mixer.api.events import JSON_TYPE
from mixer.api.routing import PUBLIC_PATHS, Api
from mixer.api.schemas import ErrorAnswer

TITLE = "Mixer"
DESCRIPTION = "Text in, finished audio out: narrated, mixed with music, mastered."
TOKEN = "token"  # noqa: S105 - the name of the scheme

FAILURES = {
    400: "Malformed or impossible input; names the field.",
    401: "Not signed in: the token is missing or not accepted.",
    403: "Not allowed for this caller.",
    404: "A chunk, the music or the story does not exist; names the key.",
    409: "Conflicts with an existing request or state.",
    413: "Too long or too large.",
    422: "No audio in a file; names the key.",
    429: "Limit reached; Retry-After says when to try again.",
    500: "A fault of the server.",
    502: "The speech service failed; names the passages. Finished speech is kept.",
    503: "The store does not answer.",
    504: "Time ran out. Finished work is kept: try again.",
}


def describe_route(
    summary: str,
    body: type[BaseModel],
    *alternatives: type[BaseModel],
    status: int = 200,
    deferred: type[BaseModel] | None = None,
) -> dict[str, Any]:
    """Build a route's summary and responses for OpenAPI.

    `alternatives` are other bodies of the successful response; `deferred` is the body of a 202.
    """
    accepted = {202: _describe_response(deferred.__doc__ or "", deferred)} if deferred else {}
    failures = {status: _describe_response(why, ErrorAnswer) for status, why in FAILURES.items()}
    return {
        "summary": summary,
        "responses": {
            status: _describe_response(body.__doc__ or "", body, *alternatives),
            **accepted,
            **failures,
        },
    }


def add_docs(api: Api, description: Callable[[], str]) -> None:
    """Add the two routes that describe an API; the document is JSON, built on demand."""

    @api.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response[str]:
        return Response(200, JSON_TYPE, description())

    @api.get("/docs", include_in_schema=False, compress=True)
    def docs() -> Response[str]:
        return Response(200, "text/html; charset=utf-8", render_docs_page(description()))


def build_openapi(api: Api, *, requires_token: bool) -> str:
    """Build the OpenAPI document of an API as JSON."""
    from importlib.metadata import version

    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

    written = api.get_openapi_json_schema(
        title=TITLE,
        version=version("mixer"),
        description=DESCRIPTION,
        security_schemes={TOKEN: HTTPBearer()} if requires_token else None,
        security=[{TOKEN: []}] if requires_token else None,
    )
    return _mark_public_paths(written) if requires_token else written


def _mark_public_paths(openapi: str) -> str:
    """Mark the routes that need no token, which Powertools cannot express."""
    document = json.loads(openapi)
    for path in PUBLIC_PATHS & document["paths"].keys():
        for operation in document["paths"][path].values():
            operation["security"] = []
    return json.dumps(document, ensure_ascii=False)


def render_docs_page(document: str) -> str:
    """Render a self-contained HTML page for an OpenAPI document."""
    assets = Path(powertools_openapi.__file__).parent / "swagger_ui"
    script = (assets / "swagger-ui-bundle.min.js").read_text(encoding="utf-8")
    style = (assets / "swagger-ui.min.css").read_text(encoding="utf-8")
    shown = document.replace("</", "<\\/")
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{TITLE}</title><style>{style}</style></head>
<body>
<div id="page"></div>
<script>{script}</script>
<script>SwaggerUIBundle({{dom_id: "#page", spec: {shown}, persistAuthorization: false}});</script>
</body>
</html>
"""


def _describe_response(description: str, *models: type[BaseModel]) -> dict[str, Any]:
    model = reduce(or_, models)
    return {"description": description, "content": {JSON_TYPE: {"model": model}}}
