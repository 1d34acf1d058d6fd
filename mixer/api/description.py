"""The OpenAPI description of the whole API, built from the routes of all functions."""

from functools import cache
from typing import NoReturn

from mixer.settings import AuthMode


@cache
def build_description(mode: AuthMode) -> str:
    """Build the OpenAPI document as JSON; routes are imported on the first call only."""
    from mixer.api.openapi import build_openapi
    from mixer.api.routes.library import add_library_routes
    from mixer.api.routes.mix import add_mix_routes
    from mixer.api.routes.speech import add_speech_routes
    from mixer.api.routes.stories import add_story_routes
    from mixer.api.routing import Api

    api = Api()
    add_speech_routes(api, _fail_if_called)
    add_mix_routes(api, _fail_if_called)
    add_story_routes(api, _fail_if_called)
    add_library_routes(api, _fail_if_called, _fail_if_called)
    return build_openapi(api, requires_token=mode == "token")


def _fail_if_called() -> NoReturn:
    raise AssertionError("Describing the API must not run requests.")
