"""The routes of listeners in AWS: the playlist of a story, and redirections to its segments.

They need no token: the signature of a link is the permission. Segments are signed again each time
they are asked for, so a playlist stays valid as long as its own link.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from mixer.api.routing import Api
from mixer.errors import NotFound
from mixer.stories.renditions import PATHS, PLAYLIST_TYPE, ListenLinks, StoredRenditions

NAMES = re.compile(r"listen(\.m3u8|\.mp3|-(?P<attempt>\d{1,3})-(?P<piece>\d{1,6})\.ts)", re.ASCII)
"""The last part of a path: one route of the gateway leads to all of them."""

HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
"""As of stored objects: who has a link may use it from any page."""


def add_listen_routes(
    api: Api,
    load_links: Callable[[], ListenLinks | None],
    load_renditions: Callable[[], StoredRenditions | None],
) -> None:
    """Add the route of listeners; without stored renditions it finds nothing.

    It matches what other routes of a story do: add it after them.
    """
    routes = _ListenRoutes(api, load_links, load_renditions)
    api.get("/stories/<story_id>/<listening>", include_in_schema=False)(routes.answer)


@dataclass(frozen=True, slots=True)
class _ListenRoutes:
    api: Api
    load_links: Callable[[], ListenLinks | None]
    load_renditions: Callable[[], StoredRenditions | None]

    def answer(self, story_id: str, listening: str) -> Response[str]:
        """Answer with a playlist, or redirect to one of its segments."""
        name, links, renditions = NAMES.fullmatch(listening), self.load_links(), None
        if name is not None and links is not None:
            renditions = self.load_renditions()
        if name is None or links is None or renditions is None:
            raise NotFoundError
        query = dict(self.api.current_event.query_string_parameters or {})
        links.check(story_id, query)
        if listening == PATHS["audio"]:
            raise NotFound(
                "This server cannot send a growing response: play listen.m3u8 instead of "
                "listen.mp3, or the finished file."
            )
        if listening == PATHS["playlist"]:
            return _send_playlist(renditions, story_id, query)
        link = renditions.link_piece(story_id, int(name["attempt"]), int(name["piece"]))
        headers: dict[str, str | list[str]] = {**HEADERS, "Location": link}
        return Response(HTTPStatus.FOUND, "text/plain", "", headers)


def _send_playlist(
    renditions: StoredRenditions, story_id: str, query: Mapping[str, str]
) -> Response[str]:
    """Answer with the playlist so far; `start=live` lets players begin at its end."""
    attempt, seen = renditions.await_playlist(story_id)
    signed = urlencode(query)
    start = query.get("start", "")
    text = seen.build(lambda piece: f"listen-{attempt:03}-{piece:06}.ts?{signed}", start)
    return Response(HTTPStatus.OK, PLAYLIST_TYPE, text, dict(HEADERS))
