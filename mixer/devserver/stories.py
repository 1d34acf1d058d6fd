"""Stories in background threads of the server, with the same tasks as in Step Functions.

Stories that a killed server left unfinished continue when the next one starts. The status of a
story is also streamed as server-sent events, which API Gateway cannot do: the JSON of
GET /stories/{story_id} whenever it changes, to the end of the story.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mixer.devserver.gateway import Gateway
from mixer.stories import StoryKind
from mixer.stories.steps import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from mixer.compose import Services
    from mixer.sound import ProcessGroup


logger = logging.getLogger(__name__)

MAX_CONCURRENT_STORIES = 2
"""Each uses all cores; a second slot is for short stories during a book."""

RENDER_GROUPS = 8
"""Groups of segments per story, which is also the resolution of its progress."""


class BackgroundStories:
    """A launcher that runs stories in threads of this process."""

    def __init__(self, invoke: "Callable[[Mapping[str, Any]], dict[str, Any]]") -> None:
        self._invoke = invoke
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT_STORIES, thread_name_prefix="story")
        self._attempts: dict[tuple[str, int], Future[None]] = {}
        self._latest: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def start(self, story: str, attempt: int, kind: StoryKind) -> bool:
        """Run an attempt after the previous one; return whether it runs. Idempotent."""
        with self._lock:
            known = self._attempts.get((story, attempt))
            if known is not None:
                return not known.done()
            end: Future[None] = Future()
            previous = self._latest.get(story)
            self._attempts[story, attempt] = self._latest[story] = end
        if previous is None:
            self._submit(end, story, attempt, kind)
        else:
            previous.add_done_callback(lambda _: self._submit(end, story, attempt, kind))
        return True

    def close(self) -> None:
        """Start no more stories; running ones end when their resources are closed."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, end: "Future[None]", story: str, attempt: int, kind: StoryKind) -> None:
        with suppress(RuntimeError):  # the server is stopping
            self._pool.submit(self._run, end, story, attempt, kind)

    def _run(self, end: "Future[None]", story: str, attempt: int, kind: StoryKind) -> None:
        try:
            Workflow(self._invoke, story, attempt, lambda: self._is_closed).run(kind)
        except Exception:
            logger.exception("story %s could not be finished", story)
        finally:
            end.set_result(None)


class LocalStories:
    """The services of a process that runs stories itself."""

    def __init__(self, services: "Services", new_processes: "Callable[[], ProcessGroup]") -> None:
        self._launcher = BackgroundStories(lambda event: self.services.all_tasks(event, None))
        self.services = replace(
            services,
            new_processes=new_processes,
            render_groups=RENDER_GROUPS,
            launcher=self._launcher,
        )

    def resume(self) -> None:
        """Continue in the background what an earlier server left unfinished."""
        work = self.services.story_service.resume_unfinished
        threading.Thread(target=work, name="resume", daemon=True).start()

    def close(self) -> None:
        """Start no more stories."""
        self._launcher.close()


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
