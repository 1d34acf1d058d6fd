"""The handlers of the API's Lambdas: HTTP requests and steps of stories.

An error while the module loads would leave the caller without an answer. So only the standard
library is imported here, and everything else with the first event. The services (`mixer.compose`)
are kept between events.
"""

import logging
import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.api.endpoints import (
    build_mix_endpoint,
    build_preview_endpoint,
    build_speech_endpoint,
    build_story_endpoint,
)
from mixer.errors import BadInput, MixerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixer.api.events import InvocationContext
    from mixer.api.routing import Endpoint
    from mixer.compose import AwsServices
    from mixer.stories import StoryService
    from mixer.stories.steps import StoryTasks

for _name in ("botocore", "boto3", "s3transfer", "urllib3"):
    # At the level DEBUG, they quote texts, secrets and the signatures of links.
    logging.getLogger(_name).setLevel(logging.INFO)

HIDDEN_REASON = "The reason is in the folder of the story, since it may quote a text."


def answer_speech_request(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event of the Speech Lambda."""
    return _answer_event(_load_speech_endpoint, event, context)


def answer_mix_request(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event of the Mixer Lambda."""
    return _answer_event(_load_mix_endpoint, event, context)


def answer_story_event(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event of the Story Lambda, run a step, or create a story for another function."""
    if is_task_event(event):
        return _run_step(load_services().finish_tasks, event, context)
    if is_story_request(event):
        with _hide_reasons():
            return create_requested_story(load_services().story_service, event)
    return _answer_event(_load_story_endpoint, event, context)


def run_speech_step(event: dict[str, Any], context: "InvocationContext") -> dict[str, Any]:
    """Run the step of a story that an event requests from the Speech Lambda.

    Raises:
        MixerError: the step failed; the state machine decides by the class.
    """
    return _run_step(load_services().speech_tasks, event, context)


def answer_story_mix_event(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Run the step of a story that an event requests, render for listeners, or make a preview.

    Raises:
        MixerError: the step failed; the state machine decides by the class.
    """
    if not is_task_event(event):
        return _answer_event(_load_preview_endpoint, event, context)
    if event["task"] == "listen":
        left_s = context.get_remaining_time_in_millis() / 1000
        with _hide_reasons():
            load_services().rendition_writer.write(str(event["story_id"]), left_s)
        return {}
    return _run_step(load_services().mix_tasks, event, context)


def is_task_event(event: object) -> bool:
    """Whether an event requests a step of a story; gateway events never do."""
    return isinstance(event, dict) and "task" in event and "story_id" in event


def is_story_request(event: object) -> bool:
    """Whether another function hands over a story; gateway events never do."""
    return isinstance(event, dict) and "order" in event and event.get("task") == "begin"


def create_requested_story(service: "StoryService", event: dict[str, Any]) -> dict[str, Any]:
    """Create the story that an event from `mixer.aws` requests.

    Raises:
        BadInput: the event is not one of `mixer.aws`.
    """
    from pydantic import TypeAdapter, ValidationError

    from mixer.requests import Options
    from mixer.stories import StoryRequest

    try:
        story_request = TypeAdapter(StoryRequest).validate_python(event["order"])
        Options.model_validate(dict(story_request.options))
    except ValidationError as error:
        raise BadInput("order: it is not the request of a story.", field="order") from error
    return {"story_id": service.create(story_request)}


@cache
def load_services() -> "AwsServices":
    """Load the services of this process, which may follow one that was killed."""
    from mixer.compose import AwsServices
    from mixer.files import remove_leftovers
    from mixer.settings import load_settings

    remove_leftovers()
    return AwsServices(settings=load_settings(os.environ))


@cache
def _load_speech_endpoint() -> "Endpoint":
    from mixer.compose import open_story_starter

    services = load_services()
    return build_speech_endpoint(services, open_story_starter(services.settings))


@cache
def _load_mix_endpoint() -> "Endpoint":
    from mixer.compose import open_story_starter

    services = load_services()
    return build_mix_endpoint(services, open_story_starter(services.settings))


@cache
def _load_preview_endpoint() -> "Endpoint":
    return build_preview_endpoint(load_services())


@cache
def _load_story_endpoint() -> "Endpoint":
    return build_story_endpoint(load_services())


def _answer_event(
    load_endpoint: "Callable[[], Endpoint]",
    event: Any,  # noqa: ANN401 - see mixer.api.events
    context: "InvocationContext",
) -> dict[str, Any]:
    from mixer.api.responses import lambda_error_response, limit_answer

    try:
        endpoint = load_endpoint()
    except MixerError as error:
        return lambda_error_response(error, context.aws_request_id)
    return limit_answer(endpoint(event, context), context.aws_request_id)


def _run_step(
    tasks: "StoryTasks", event: dict[str, Any], context: "InvocationContext"
) -> dict[str, Any]:
    with _hide_reasons():
        return tasks.run_within(event, context.get_remaining_time_in_millis() / 1000)


@contextmanager
def _hide_reasons() -> "Iterator[None]":
    """Raise errors without their messages: Lambda's log and the state machine would show them."""
    try:
        yield
    except MixerError as error:
        error.args = (HIDDEN_REASON,)
        raise error from None
    except Exception as error:  # noqa: BLE001 - the type is reported
        raise RuntimeError(f"{type(error).__name__}: {HIDDEN_REASON}") from None
