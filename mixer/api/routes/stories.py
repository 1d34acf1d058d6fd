"""The routes of stories: POST /stories, GET /stories, GET and DELETE /stories/{story_id}.

Those of projects and, on AWS, of listeners come with them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from mixer.api.deferred import build_accepted_response
from mixer.api.events import RequestContext
from mixer.api.operations import describe_route
from mixer.api.responses import OutputLinks, json_response, round_db
from mixer.api.routes.projects import ProjectDependencies, add_project_routes
from mixer.api.routes.speech import require_one_text, validate_source_key
from mixer.api.routing import Api
from mixer.api.schemas import StoryAccepted
from mixer.api.story_schemas import StoriesAnswer, StoryAnswer, StoryBody
from mixer.errors import BadInput, NotFound, TextTooLong, UnreadableText
from mixer.formats import DEFAULT_FORMAT
from mixer.publish import require_cuttable
from mixer.services import ProjectService
from mixer.stories import StoryKind, StoryRequest, StoryService, StoryState, StoryStatus
from mixer.stories.renditions import PATHS, PLAYLIST_TYPE, ListenLinks, StoredRenditions

MONEY_DIGITS = 6

LISTEN_NAMES = re.compile(
    r"listen(\.m3u8|\.mp3|-(?P<attempt>\d{1,3})-(?P<piece>\d{1,6})\.ts)", re.ASCII
)
"""The last part of a path: one route of the gateway leads to all of them."""

LISTEN_HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
"""As of stored objects: who has a link may use it from any page."""


@dataclass(frozen=True, slots=True)
class StoryDependencies:
    """What the story routes depend on."""

    service: StoryService
    projects: ProjectService
    links: OutputLinks
    bucket: str
    max_text_chars: int
    listen_links: ListenLinks | None = None
    renditions: StoredRenditions | None = None


def add_story_routes(api: Api, load_dependencies: Callable[[], StoryDependencies]) -> None:
    """Add the routes of stories and projects; dependencies are built with the first request."""
    routes = _StoryRoutes(api, load_dependencies)
    api.post("/stories", **describe_route("Start a story", StoryAccepted, status=202))(routes.begin)
    api.get("/stories", **describe_route("List the caller's stories", StoriesAnswer))(
        routes.list_page
    )
    api.get("/stories/<story_id>", **describe_route("Get the status of a story", StoryAnswer))(
        routes.get_status
    )
    api.delete("/stories/<story_id>", **describe_route("Cancel a story", StoryAnswer))(
        routes.cancel
    )
    # It matches what other routes of a story do, so it comes after them.
    api.get("/stories/<story_id>/<listening>", include_in_schema=False)(routes.listen)

    def load_projects() -> ProjectDependencies:
        dependencies = load_dependencies()
        return ProjectDependencies(dependencies.projects, dependencies.links)

    add_project_routes(api, load_projects)


@dataclass(frozen=True, slots=True)
class _StoryRoutes:
    api: Api
    load_dependencies: Callable[[], StoryDependencies]

    def begin(self, body: Annotated[StoryBody, Body()]) -> Response[str]:
        dependencies = self.load_dependencies()
        key = self.api.current_event.headers.get("idempotency-key", "").strip()
        _check_body(body, dependencies.max_text_chars)
        request_context = self.api.request_context
        story_request = _build_story_request(body, request_context, key)
        story = dependencies.service.create(story_request)
        secret = dependencies.service.webhook_secret(story) if story_request.webhook else None
        return build_accepted_response(request_context, story, story_request, secret)

    def list_page(self, cursor: Annotated[str, Query(max_length=200)] = "") -> Response[str]:
        found = self.load_dependencies().service.list(self._caller, _validate_cursor(cursor))
        listed = [_build_list_entry(story, status) for story, status in found.stories]
        return json_response(200, {"stories": listed, "next": found.cursor})

    def get_status(self, story_id: str) -> Response[str]:
        dependencies = self.load_dependencies()
        status = dependencies.service.get_status(story_id, self._caller)
        body = _build_status(dependencies, story_id, status)
        return json_response(200, {**body, **self._link_listening(story_id, status)})

    def cancel(self, story_id: str) -> Response[str]:
        dependencies = self.load_dependencies()
        status = dependencies.service.cancel(story_id, self._caller)
        return json_response(200, _build_status(dependencies, story_id, status))

    def listen(self, story_id: str, listening: str) -> Response[str]:
        """Answer with the playlist of a story on AWS, or redirect to one of its segments.

        The signature of a link takes the place of a token. Segments are signed again each time they
        are asked for, so a playlist stays valid as long as its own link.
        """
        dependencies, name = self.load_dependencies(), LISTEN_NAMES.fullmatch(listening)
        links, renditions = dependencies.listen_links, dependencies.renditions
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
        headers: dict[str, str | list[str]] = {**LISTEN_HEADERS, "Location": link}
        return Response(HTTPStatus.FOUND, "text/plain", "", headers)

    def _link_listening(self, story: str, status: StoryStatus) -> dict[str, Any]:
        """Link the story for listeners, as long as it is being made."""
        links = self.load_dependencies().listen_links
        if links is None or status.kind is not StoryKind.STORY or status.result is not None:
            return {}
        return {"listen": links.build(self.api.request_context.base_url, story)}

    @property
    def _caller(self) -> str:
        return self.api.request_context.caller or ""


def _check_body(body: StoryBody, max_chars: int) -> None:
    """Check what a schema cannot express.

    Raises:
        BadInput: not exactly one text.
        BadOption: the format cannot be cut into chapters.
        TextTooLong: the text exceeds the limit.
    """
    require_one_text(body.text, body.source)
    text = body.text or ""
    if body.source is None and not text.strip():
        raise UnreadableText("text: the story contains no words to speak.", field="text")
    if len(text) > max_chars:
        raise TextTooLong(
            f"text: {len(text):,} characters exceed the limit of {max_chars:,}.",
            field="text",
            characters=len(text),
            limit=max_chars,
        )
    if body.options().needs_cuts:
        require_cuttable(body.format or DEFAULT_FORMAT)


def _build_story_request(
    body: StoryBody, request_context: RequestContext, idempotency_key: str
) -> StoryRequest:
    return StoryRequest(
        kind=StoryKind.STORY,
        caller=request_context.caller or "",
        base_url=request_context.base_url,
        options=body.select_given_options(),
        text=body.text or "",
        source_key=validate_source_key(body.source) if body.source is not None else "",
        music=body.music or "",
        webhook=body.webhook or "",
        idempotency_key=idempotency_key,
        warnings=tuple(body.warnings()),
    )


def _validate_cursor(cursor: str) -> str:
    if cursor and not all(part.isalnum() for part in cursor.split("-")):
        raise BadInput("cursor: not a cursor returned by GET /stories.", field="cursor")
    return cursor


def _build_summary(story: str, status: StoryStatus) -> dict[str, Any]:
    return {
        "story_id": story,
        "title": status.title,
        "state": status.state,
        "progress": status.progress,
        "created_at": datetime.fromtimestamp(status.created_s, UTC).isoformat(timespec="seconds"),
    }


def _build_list_entry(story: str, status: StoryStatus) -> dict[str, Any]:
    return {
        **_build_summary(story, status),
        "voice": status.plan.voice or None,
        "duration_s": status.result.duration_s if status.result else None,
    }


def _build_status(
    dependencies: StoryDependencies, story: str, status: StoryStatus
) -> dict[str, Any]:
    failure = status.failure
    body = {
        **_build_summary(story, status),
        "chunks": {"done": status.chunks_done, "total": status.chunks_total},
        "segments": {"done": status.segments_done, "total": status.segments_total},
        "cost_usd": {
            "so_far": round(status.spent_usd, MONEY_DIGITS),
            "predicted": round(status.predicted_usd, MONEY_DIGITS),
        },
        "time_left_s": status.time_left_s,
        "warnings": list(status.warnings),
        "error": None
        if failure is None
        else {"error": failure.error, "code": failure.code, "details": failure.details},
    }
    if status.newest_version > 1:
        body |= {"version": status.version, "newest_version": status.newest_version}
    is_done = status.state is StoryState.DONE
    return body | (_build_result(dependencies, status) if is_done else {})


def _build_result(dependencies: StoryDependencies, status: StoryStatus) -> dict[str, Any]:
    result = status.result
    if result is None:
        return {}
    body: dict[str, Any] = {
        "duration_s": result.duration_s,
        "integrated_loudness_lufs": round_db(result.integrated_loudness_lufs),
        "true_peak_dbtp": round_db(result.true_peak_dbtp),
    }
    if result.links:
        links = {name: dependencies.links.sign(key) for name, key in result.links.items()}
        body["links"] = {**links, "expires_s": dependencies.links.lifetime_s}
    if status.plan.chunks:
        plan = status.plan
        body |= {"voice": plan.voice, "engine": plan.engine, "language": plan.language}
        body["characters"] = plan.characters
    if status.kind is StoryKind.SPEECH:
        body |= {"chunk_keys": list(result.chunk_keys), "bucket": dependencies.bucket}
        body |= dependencies.links.describe_chunks(result.chunk_keys)
    if status.kind is StoryKind.MIX:
        body |= _build_mix_answer(dependencies, status, result.links["audio"])
    return body


def _build_mix_answer(
    dependencies: StoryDependencies, status: StoryStatus, key: str
) -> dict[str, Any]:
    """Build the fields that POST /mixstory would have answered."""
    return {
        "chunk_keys": list(status.chunk_keys),
        "bucket": dependencies.bucket,
        "download_url": dependencies.links.sign(key),
        "expires_s": dependencies.links.lifetime_s,
        "key": key,
    }


def _send_playlist(
    renditions: StoredRenditions, story_id: str, query: Mapping[str, str]
) -> Response[str]:
    """Answer with the playlist so far; `start=live` lets players begin at its end."""
    attempt, seen = renditions.await_playlist(story_id)
    signed = urlencode(query)
    start = query.get("start", "")
    text = seen.build(lambda piece: f"listen-{attempt:03}-{piece:06}.ts?{signed}", start)
    return Response(HTTPStatus.OK, PLAYLIST_TYPE, text, dict(LISTEN_HEADERS))
