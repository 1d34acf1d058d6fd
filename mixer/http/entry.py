"""What the API's handlers share: loading with the first request, and refusing in words till then.

A function that fails while it is loaded fails without an answer. So a handler's module loads the
standard library only, and everything else comes through here, with the first event.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError

if TYPE_CHECKING:
    from mixer.http.calls import Context
    from mixer.http.routing import Api, Endpoint
    from mixer.settings import Settings


def answered(
    open_endpoint: Callable[[], "Endpoint"],
    event: Any,  # noqa: ANN401 - see mixer.http.events
    context: "Context",
) -> dict[str, Any]:
    """Answer one event.

    Args:
        open_endpoint: loads and connects what the handler needs, the first time.
        event: of whatever shape.
        context: Lambda's.
    """
    try:
        endpoint = open_endpoint()
    except MixerError as error:
        from mixer.http.answers import bare_refusal

        return bare_refusal(error, context.aws_request_id)
    return endpoint(event, context)


def settings_of_process() -> "Settings":
    """The deployment's settings; in Lambda, what a killed invocation left in /tmp goes as well."""
    from mixer.jobs.fetching import remove_leftovers
    from mixer.settings import settings

    chosen = settings(os.environ)
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        remove_leftovers()
    return chosen


def endpoint_with(
    settings: "Settings", default_path: str, add_routes: Callable[["Api"], None]
) -> "Endpoint":
    """An endpoint with some routes and the API's description.

    Args:
        settings: of the deployment.
        default_path: where a bare body goes.
        add_routes: gives the API its routes.
    """
    from mixer.http.docs import add_docs
    from mixer.http.routing import Api, Endpoint
    from mixer.http.whole import description

    api = Api(settings.allowed_origins)
    add_routes(api)
    add_docs(api, lambda: description(settings.auth.mode))
    return Endpoint(api, settings, default_path)
