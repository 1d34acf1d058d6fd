"""The status of a story as server-sent events, which API Gateway cannot stream.

Each event holds the JSON of GET /stories/{story_id}, sent whenever it changes. The stream ends with
the story.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mixer.devserver.gateway import Gateway

EVENTS_PATH = "/stories/{story_id}/events"
STATUS_KEY = "GET /stories/{story_id}"

INTERVAL_S = 0.3
"""Between two looks at a story."""

KEEP_ALIVE_S = 15.0
"""A comment is sent after so much silence, so that a lost connection is noticed."""

FINAL_STATES = ("done", "failed", "cancelled")

HEADERS = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class StoryEvents:
    """Streams the status that a gateway's route answers with."""

    gateway: Gateway

    async def respond(self, request: Request) -> Response:
        """Answer a GET; without such a story, like the route of the status.

        Raises:
            HttpRefusal: wrong origin or caller, or no free slot.
        """
        request.scope["path"] = request.scope["path"].removesuffix("/events")
        first = await self._ask(request)
        if first.status_code != HTTPStatus.OK:
            return first
        events = self._iterate_events(request, first)
        media_type = "text/event-stream"
        headers = {**HEADERS, **_select_cors_headers(first)}
        return StreamingResponse(events, media_type=media_type, headers=headers)

    async def _ask(self, request: Request) -> Response:
        return await self.gateway.respond_to_key(request, STATUS_KEY)

    async def _iterate_events(self, request: Request, first: Response) -> AsyncIterator[bytes]:
        is_stopping = request.state.is_stopping
        answer, sent, silence_s = first, b"", 0.0
        while answer.status_code == HTTPStatus.OK:
            body = bytes(answer.body)
            if body != sent:
                sent, silence_s = body, 0.0
                yield b"data: " + body + b"\n\n"
            elif silence_s >= KEEP_ALIVE_S:
                silence_s = 0.0
                yield b": still here\n\n"
            if json.loads(body)["state"] in FINAL_STATES or is_stopping():
                return
            await asyncio.sleep(INTERVAL_S)
            silence_s += INTERVAL_S
            answer = await self._ask(request)


def _select_cors_headers(response: Response) -> dict[str, str]:
    names = ("access-control-allow-origin", "vary")
    return {name: response.headers[name] for name in names if name in response.headers}
