"""The description of the whole API, which every function serves: OpenAPI as JSON, and a page.

The page loads nothing from other servers.
"""

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import aws_lambda_powertools.event_handler.openapi as powertools_openapi
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from mixer.api.routes import (
    add_cast_route,
    add_client_routes,
    add_feed_routes,
    add_library_routes,
    add_mix_routes,
    add_preview_routes,
    add_speech_routes,
    add_story_routes,
    add_version_routes,
)
from mixer.api.routing import PUBLIC_PATHS, Api
from mixer.settings import AuthMode

TITLE = "Mixer"
DESCRIPTION = "Text in, finished audio out: narrated, mixed with music, mastered."
TOKEN = "token"  # noqa: S105 - the name of the scheme


@cache
def build_description(mode: AuthMode) -> str:
    """Build the OpenAPI document of all routes as JSON."""
    api = Api()
    add_speech_routes(api, _fail_if_called)
    add_cast_route(api, _fail_if_called, 0)
    add_client_routes(api, _fail_if_called)
    add_mix_routes(api, _fail_if_called)
    add_story_routes(api, _fail_if_called)
    add_version_routes(api, _fail_if_called)
    add_preview_routes(api, _fail_if_called, _fail_if_called)
    add_feed_routes(api, _fail_if_called)
    add_library_routes(api, _fail_if_called, _fail_if_called)
    return _build_openapi(api, requires_token=mode == "token")


def _fail_if_called() -> NoReturn:
    raise AssertionError("Describing the API must not run requests.")


def _build_openapi(api: Api, *, requires_token: bool) -> str:
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
