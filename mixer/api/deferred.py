"""Requests that take longer than the gateway waits: continued as a story, and answered 202.

The work runs in the foreground until some seconds before the gateway gives up. What it has done by
then is in the store, where the story finds it. Where no story can be created, the request is worked
on to the end of its time.
"""

import logging
import time
from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, Field

from mixer.api.request_context import RequestContext
from mixer.api.responses import json_response
from mixer.errors import OutOfTime, StoreFailed
from mixer.stories.request import StoryRequest

logger = logging.getLogger(__name__)

StoryStarter = Callable[[StoryRequest], str]
"""Begins a story; its id."""

HANDOVER_S = 5.0
"""Kept for beginning the story: a cold start of the function that does it takes some seconds."""

HANDOVER_SHARE = 0.25
"""At most, of the time that is left."""


DeferrableWork = Callable[[float], Response[str]]
"""Does what a request asks for until a moment on the monotonic clock; raises OutOfTime then."""


class StoryAccepted(BaseModel):
    """Accepted; request the status at `status_url`."""

    story_id: str
    status_url: Annotated[str, Field(description="URL of the story's status.")]
    warnings: list[str]
    webhook_secret: Annotated[str | None, Field(description="Key of the webhook's signature.")] = (
        None
    )


def accepted_response(
    story: str, story_request: StoryRequest, secret: str | None = None
) -> Response[str]:
    """The answer to whoever has to come back for the result.

    Args:
        story: its id.
        story_request: what was asked for.
        secret: that the webhook's messages are signed with, where there is one.
    """
    url = f"/stories/{story}"
    body: dict[str, Any] = {
        "story_id": story,
        "status_url": url,
        "warnings": list(story_request.warnings),
    }
    if secret:
        body["webhook_secret"] = secret
    return json_response(202, body, {"Location": url})


def run_or_defer(
    request_context: RequestContext,
    start_story: StoryStarter | None,
    story_request: StoryRequest | None,
    work: DeferrableWork,
) -> Response[str]:
    """Answer a request at once, or have it done as a story.

    Args:
        request_context: the request.
        start_story: begins stories; None where there are none.
        story_request: the request as a story; None where it cannot be one.
        work: does it.
    """
    if start_story is not None and story_request is not None:
        left_s = max(0.0, request_context.deadline_s - time.monotonic())
        try:
            return work(request_context.deadline_s - min(HANDOVER_S, HANDOVER_SHARE * left_s))
        except OutOfTime as late:
            try:
                return accepted_response(start_story(story_request), story_request)
            except StoreFailed as error:
                logger.warning("no story for what takes too long (%s): %s", late, error)
    return work(request_context.deadline_s)
