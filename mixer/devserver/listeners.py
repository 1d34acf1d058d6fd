"""Stories over HTTP while they are made: an HLS playlist with its segments, and a growing MP3.

API Gateway cannot stream, so these routes are not those of a Lambda. A caller is admitted by the
signature of a link, or as GET /stories/{story_id} admits it.
"""

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mixer.devserver.gateway import Gateway
from mixer.devserver.guard import HttpRefusal
from mixer.devserver.stories import STATUS_KEY
from mixer.errors import Forbidden, MixerError, NotFound
from mixer.stories.renditions import PIECE_TYPE, PLAYLIST_TYPE, find_frame, frame_start_s

if TYPE_CHECKING:
    from mixer.stories.renditions import ListeningService, ListenLinks

MAX_LISTENERS = 16
"""Growing responses at a time; each waits in a thread of its own."""

RETRY_AFTER_S = 5
MAX_START_S = 1_000_000.0
MAX_PIECE_DIGITS = 6

CAPTIONS_S = 600.0
"""Captions of one response, unless it names their end."""

HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
"""As of stored objects: who has a link may use it from any page."""


@dataclass(frozen=True, slots=True)
class ListenRoutes:
    """The routes of listeners."""

    gateway: Gateway
    service: "ListeningService"
    links: "ListenLinks"
    _slots: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(MAX_LISTENERS)
    )

    def build_routes(self) -> list[Route]:
        """Build the routes."""
        prefix = "/stories/{story_id}"
        paths = {
            "/listen.m3u8": self.send_playlist,
            "/listen/{piece}.ts": self.send_piece,
            "/listen.mp3": self.send_stream,
            "/listen.vtt": self.send_captions,
        }
        return [Route(prefix + path, send, methods=["GET"]) for path, send in paths.items()]

    async def send_playlist(self, request: Request) -> Response:
        """Answer with the playlist so far; `start=live` lets players begin at its end."""
        story = await self._admit(request)
        seen = await _run(lambda: self.service.await_playlist(story, request.state.is_stopping))
        query = request.url.query
        start = request.query_params.get("start", "")
        text = seen.build(lambda piece: f"listen/{piece}.ts?{query}", start)
        return Response(text, headers=HEADERS, media_type=PLAYLIST_TYPE)

    async def send_piece(self, request: Request) -> Response:
        """Answer with one segment of the playlist."""
        story = await self._admit(request)
        piece = _parse_piece(request.path_params["piece"])
        content = await _run(lambda: self.service.read_transport_stream(story, piece))
        return Response(content, headers=HEADERS, media_type=PIECE_TYPE)

    async def send_captions(self, request: Request) -> Response:
        """Answer with captions (WebVTT) of what is made, from `start` on for ten minutes."""
        story = await self._admit(request)
        start_s = _parse_start(request)
        text = await _run(lambda: self.service.build_captions(story, start_s, start_s + CAPTIONS_S))
        return Response(text, headers=HEADERS, media_type="text/vtt")

    async def send_stream(self, request: Request) -> Response:
        """Answer with MP3 as it is made, from `start` seconds on or from the `live` end."""
        story = await self._admit(request)
        if request.query_params.get("start") == "live":
            seen = await _run(lambda: self.service.look(story))
            start_s = seen.made_s
        else:
            start_s = _parse_start(request)
            await _run(lambda: self.service.look(story))
        if self._slots.available_tokens < 1:
            message = "Too many people are listening; try again soon."
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            raise HttpRefusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, headers)
        start_s = frame_start_s(find_frame(start_s))
        headers = {**HEADERS, "X-Start-Seconds": f"{start_s:.5f}"}
        stream = self._iterate_frames(story, start_s, request.state.is_stopping)
        return StreamingResponse(stream, headers=headers, media_type="audio/mpeg")

    async def _iterate_frames(
        self, story: str, start_s: float, is_stopping: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        gone = Event()
        frames = self.service.stream(story, start_s, lambda: gone.is_set() or is_stopping())
        try:
            async with self._slots:
                while content := await anyio.to_thread.run_sync(
                    lambda: next(frames, b""), abandon_on_cancel=True, limiter=_THREADS
                ):
                    yield content
        finally:
            gone.set()

    async def _admit(self, request: Request) -> str:
        """Return the story of a request.

        Raises:
            HttpRefusal: the link is forged or expired, or there is none and the caller not known.
        """
        story = str(request.path_params["story_id"])
        if "signature" in request.query_params:
            try:
                self.links.check(story, request.query_params)
            except Forbidden as error:
                raise HttpRefusal(HTTPStatus.FORBIDDEN, "bad_link", str(error)) from error
            return story
        request.scope["path"] = f"/stories/{story}"
        answer = await self.gateway.respond_to_key(request, STATUS_KEY)
        if answer.status_code != HTTPStatus.OK:
            raise HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", "This story does not exist.")
        return story


T = TypeVar("T")

_THREADS = anyio.CapacityLimiter(4 * MAX_LISTENERS)


async def _run(work: Callable[[], T]) -> T:
    try:
        return await anyio.to_thread.run_sync(work, limiter=_THREADS)
    except NotFound as error:
        raise HttpRefusal(HTTPStatus.NOT_FOUND, error.code, str(error)) from error
    except MixerError as error:
        raise HttpRefusal(HTTPStatus.SERVICE_UNAVAILABLE, error.code, str(error)) from error


def _parse_piece(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_PIECE_DIGITS):
        raise HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", "This segment does not exist.")
    return int(text)


def _parse_start(request: Request) -> float:
    text = request.query_params.get("start", "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MAX_START_S:
        message = "start: give seconds from the beginning, or `live` for a stream."
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad_input", message)
    return seconds
