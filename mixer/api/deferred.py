"""Continue requests that take longer than the gateway waits as stories, and answer 202.

The work runs in the foreground until a few seconds before the gateway's time-out. Its results are
in the store, where the story finds them. If no story can be created, the work runs until the
deadline.
"""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from mixer.api.events import RequestContext
from mixer.api.responses import json_response
from mixer.errors import OutOfTime, StoreFailed

if TYPE_CHECKING:
    from mixer.stories import StoryRequest

logger = logging.getLogger(__name__)

StoryStarter = Callable[["StoryRequest"], str]
"""Creates a story and returns its id."""

HANDOVER_S = 5.0
"""Reserved for creating the story, which may need a cold start."""

HANDOVER_SHARE = 0.25
"""Upper limit of the reserve, as a share of the time left."""


DeferrableWork = Callable[[float], Response[str]]
"""Answers a request, or raises OutOfTime at a moment on the monotonic clock."""


def build_accepted_response(
    request_context: RequestContext,
    story: str,
    story_request: "StoryRequest",
    secret: str | None = None,
) -> Response[str]:
    """Build the 202 response; `secret` signs the messages of the webhook, if there is one."""
    url = f"{request_context.base_url}/stories/{story}"
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
    story_request: "StoryRequest | None",
    work: DeferrableWork,
) -> Response[str]:
    """Answer a request now, or continue it as a story if it takes too long.

    `start_story` is None without stories; `story_request` is None if it cannot be one.
    """
    if start_story is not None and story_request is not None:
        left_s = max(0.0, request_context.deadline_s - time.monotonic())
        try:
            return work(request_context.deadline_s - min(HANDOVER_S, HANDOVER_SHARE * left_s))
        except OutOfTime as late:
            try:
                story = start_story(story_request)
                return build_accepted_response(request_context, story, story_request)
            except StoreFailed as error:
                logger.warning("no story for what takes too long (%s): %s", late, error)
    return work(request_context.deadline_s)
