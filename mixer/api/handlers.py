"""What the API's handlers share: loading with the first request, and refusing in words till then.

A function that fails while it is loaded fails without an answer. So a handler's module loads the
standard library only, and everything else comes through here, with the first event.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError

if TYPE_CHECKING:
    from mixer.api.deferred import StoryStarter
    from mixer.api.request_context import InvocationContext
    from mixer.api.routing import Api, Endpoint
    from mixer.settings import Settings
    from mixer.stories.tasks import StoryTasks


def answer_event(
    open_endpoint: Callable[[], "Endpoint"],
    event: Any,  # noqa: ANN401 - see mixer.api.events
    context: "InvocationContext",
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
        from mixer.api.responses import lambda_error_response

        return lambda_error_response(error, context.aws_request_id)
    return endpoint(event, context)


def is_task_event(event: object) -> bool:
    """Whether an event asks for a step of a story; what comes through a gateway never does."""
    return isinstance(event, dict) and "task" in event and "story_id" in event


def is_story_request(event: object) -> bool:
    """Whether another function hands over a story; what comes through a gateway never does."""
    return isinstance(event, dict) and "order" in event and event.get("task") == "begin"


def run_task(
    open_tasks: Callable[[], "StoryTasks"], event: dict[str, Any], context: "InvocationContext"
) -> dict[str, Any]:
    """Take the step of a story that an event asks for.

    Args:
        open_tasks: loads and connects what the handler needs, the first time.
        event: see mixer.stories.tasks.
        context: Lambda's.

    Raises:
        MixerError: it could not be done; the state machine knows by the class what to do.
    """
    import time

    from mixer.stories.tasks import MARGIN_S

    left_s = context.get_remaining_time_in_millis() / 1000 - MARGIN_S
    return open_tasks()(event, time.monotonic() + left_s)


def build_story_starter(settings: "Settings") -> "StoryStarter | None":
    """What begins stories for a function that answers at once; None where there are none.

    Args:
        settings: of the deployment.
    """
    from functools import cache

    from mixer.aws.story_function import StoryFunction, open_story_function

    @cache
    def function() -> StoryFunction:
        return open_story_function(settings.stories.function)

    return (lambda order: function().invoke(order)) if settings.stories.function else None


def load_process_settings() -> "Settings":
    """The deployment's settings; in Lambda, what a killed invocation left in /tmp goes as well."""
    from mixer.settings import load_settings
    from mixer.stories.workspace import remove_leftovers

    chosen = load_settings(os.environ)
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        remove_leftovers()
    return chosen


def assemble_endpoint(
    settings: "Settings", default_path: str, add_routes: Callable[["Api"], None]
) -> "Endpoint":
    """An endpoint with some routes and the API's description.

    Args:
        settings: of the deployment.
        default_path: where a bare body goes.
        add_routes: gives the API its routes.
    """
    from mixer.api.description import build_description
    from mixer.api.openapi import add_docs
    from mixer.api.routing import Api, Endpoint

    api = Api(settings.allowed_origins)
    add_routes(api)
    add_docs(api, lambda: build_description(settings.auth.mode))
    return Endpoint(api, settings, default_path)
