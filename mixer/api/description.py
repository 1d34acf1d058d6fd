"""The whole API described: the routes of all functions, gathered without any of their work."""

from functools import cache
from typing import NoReturn

from mixer.settings import AuthMode


@cache
def build_description(mode: AuthMode) -> str:
    """The OpenAPI document, as JSON; made once, and only then are all routes loaded.

    Args:
        mode: whether callers need a token.
    """
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
    """Stands where the work would be."""
    raise AssertionError("Describing the API must not run requests.")
