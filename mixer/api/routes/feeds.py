"""The routes of feeds: POST, GET and DELETE /feeds …, and what a feed's key opens.

GET and HEAD /feed/{key}/… need no token: the key is the permission. The feed itself is answered
here, its files by a redirection to a signed link, so that no audio passes through the function.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.api.feed_schemas import FeedAnswer, FeedBody, FeedChange, FeedsAnswer
from mixer.api.operations import describe_route
from mixer.api.responses import json_response
from mixer.api.routing import Api
from mixer.errors import NotFound
from mixer.feeds import FeedRecord, FeedService, FeedSettings, FeedStory
from mixer.publish import require_cover_size
from mixer.publish.feed import FEED_TYPE, PublishedStory
from mixer.store import UPLOADS_PREFIX, ObjectStore

FEED_HEADERS = {"Cache-Control": "no-cache"}
"""A revoked key must be refused at once, so each reader asks again."""


CHANNEL_FIELDS = {
    "description": "description",
    "author": "author",
    "language": "language",
    "link": "link",
    "explicit": "is_explicit",
    "email": "owner_email",
    "locked": "is_locked",
    "listed": "is_listed",
    "serial": "is_serial",
}
"""Fields of a request by which parts of a feed's channel they set."""


class LinkMaker(Protocol):
    """Makes temporary links."""

    def __call__(self, key: str, *, for_head: bool = False) -> str:
        """Create a link to an object for GET, or for HEAD."""
        ...


@dataclass(frozen=True, slots=True)
class FeedDependencies:
    """What the feed routes depend on; `link` signs a link to an object of `store`."""

    feeds: FeedService
    store: ObjectStore
    link: LinkMaker
    list_stories: Callable[[str], Iterable[FeedStory]]


def add_feed_routes(api: Api, load_dependencies: Callable[[], FeedDependencies]) -> None:
    """Add the routes of feeds; dependencies are built with the first request."""
    routes = _FeedRoutes(api, load_dependencies)
    feed = "/feeds/<feed_id>"
    api.post("/feeds", **describe_route("Create or change a feed", FeedAnswer))(routes.set_up)
    api.get("/feeds", **describe_route("List the caller's feeds", FeedsAnswer))(routes.list_all)
    api.get(feed, **describe_route("Get a feed and its stories", FeedAnswer))(routes.get)
    api.delete(feed, **describe_route("Delete a feed", FeedAnswer))(routes.delete)
    api.post(feed, **describe_route("Change a feed's link or stories", FeedAnswer))(routes.change)
    opened = api.route(
        "/feed/<key>/<name>", method=["GET", "HEAD"], include_in_schema=False, compress=True
    )
    opened(routes.open)


@dataclass(frozen=True, slots=True)
class _FeedRoutes:
    api: Api
    load_dependencies: Callable[[], FeedDependencies]

    def set_up(self, body: Annotated[FeedBody, Body()]) -> Response[str]:
        dependencies, caller = self.load_dependencies(), self._caller
        settings = _build_settings(body, dependencies.store)
        record = dependencies.feeds.set_up(
            caller,
            settings,
            self.api.request_context.base_url,
            lambda: dependencies.list_stories(caller),
        )
        return self._describe(record, body.warnings())

    def list_all(self) -> Response[str]:
        found = self.load_dependencies().feeds.catalogue.list_feeds(self._caller)
        feeds = [
            {"feed_id": each.feed_id, "title": each.channel.title, "url": each.url or None}
            for each in found
        ]
        return json_response(200, {"feeds": feeds})

    def get(self, feed_id: str) -> Response[str]:
        return self._describe(self._find(feed_id))

    def delete(self, feed_id: str) -> Response[str]:
        record = self._find(feed_id)
        self._feeds.catalogue.delete(record)
        return self._describe(record, is_deleted=True)

    def change(self, feed_id: str, body: Annotated[FeedChange, Body()]) -> Response[str]:
        record, catalogue = self._find(feed_id), self._feeds.catalogue
        for story_id in body.remove or ():
            catalogue.remove_story(record, story_id)
        if body.link == "replace":
            self._feeds.require_serving()
            record = catalogue.rotate_key(record, self.api.request_context.base_url)
        elif body.link == "revoke":
            record = catalogue.revoke_key(record)
        return self._describe(record, body.warnings())

    def open(self, key: str, name: str) -> Response[str]:
        """Answer the feed, or redirect to one of its files."""
        record = self._open_key(key)
        if name != "feed.xml":
            return self._redirect(record, name)
        content = self._feeds.catalogue.read_xml(record)
        etag = f'"{sha256(content).hexdigest()[:32]}"'
        headers = {**FEED_HEADERS, "ETag": etag}
        given = self.api.current_event.headers.get("if-none-match", "")
        known = {each.strip().removeprefix("W/") for each in given.split(",")}
        if etag in known or "*" in known:
            return Response(HTTPStatus.NOT_MODIFIED, FEED_TYPE, "", headers)
        body = "" if self._is_head else content.decode()
        return Response(HTTPStatus.OK, f"{FEED_TYPE}; charset=utf-8", body, headers)

    def _redirect(self, record: FeedRecord, path: str) -> Response[str]:
        dependencies = self.load_dependencies()
        object_key = dependencies.feeds.catalogue.find_file(record, path)
        location = dependencies.link(object_key, for_head=self._is_head)
        return Response(HTTPStatus.FOUND, "text/plain", "", {**FEED_HEADERS, "Location": location})

    def _open_key(self, key: str) -> FeedRecord:
        if not self._feeds.is_serving:
            raise NotFound("This feed does not exist, or its link was revoked.")
        return self._feeds.catalogue.find_by_key(key)

    def _find(self, feed_id: str) -> FeedRecord:
        return self._feeds.catalogue.get(self._caller, feed_id)

    def _describe(
        self, record: FeedRecord, warnings: Iterable[str] = (), *, is_deleted: bool = False
    ) -> Response[str]:
        catalogue = self._feeds.catalogue
        stories = () if is_deleted else catalogue.list_stories(record)
        gaps = () if is_deleted else catalogue.list_warnings(record)
        newest_first = sorted(stories, key=lambda each: -each.published_s)
        answer: dict[str, Any] = {
            "feed_id": record.feed_id,
            "title": record.channel.title,
            "url": None if is_deleted else record.url or None,
            "series": record.series,
            "all_stories": record.takes_all,
            "episodes": record.mode,
            "stories": [*map(_describe_story, newest_first)],
            "warnings": [*warnings, *gaps],
        }
        return json_response(200, answer)

    @property
    def _feeds(self) -> FeedService:
        return self.load_dependencies().feeds

    @property
    def _caller(self) -> str:
        return self.api.request_context.caller or ""

    @property
    def _is_head(self) -> bool:
        return self.api.current_event.http_method == "HEAD"


def _describe_story(story: PublishedStory) -> dict[str, Any]:
    published = datetime.fromtimestamp(story.published_s, UTC)
    return {
        "story_id": story.story_id,
        "title": story.content.title,
        "published_at": published.isoformat(timespec="seconds"),
        "episodes": len(story.content.episodes),
    }


def _build_settings(body: FeedBody, store: ObjectStore) -> FeedSettings:
    channel: dict[str, object] = {"title": body.title}
    for name, target in CHANNEL_FIELDS.items():
        if (value := getattr(body, name)) is not None:
            channel[target] = value
    if body.categories is not None:
        channel["categories"] = tuple(body.categories)
    return FeedSettings(
        name=body.title,
        channel=channel,
        series=body.series,
        takes_all=body.all_stories,
        mode=body.episodes,
        cover=None if body.cover is None else _read_cover(body.cover, store),
    )


def _read_cover(key: str, store: ObjectStore) -> bytes:
    head = store.head(key) if key.startswith(UPLOADS_PREFIX) else None
    if head is None:
        raise NotFound(
            f"cover: the picture {key[:80]} was not uploaded, or has expired.", field="cover"
        )
    require_cover_size(head.size_bytes, key)
    return store.get(key)
