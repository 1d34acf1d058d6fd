"""The routes GET /music, POST /uploads and GET /capabilities.

A page first requests `/capabilities` (no token needed) and shows only what the server supports.
Files go straight to the store with the signed form of POST /uploads, because a function's body is
small.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field

from mixer.api.operations import describe_route
from mixer.api.responses import json_response
from mixer.api.routing import Api
from mixer.api.schemas import RequestBody
from mixer.formats import DEFAULT_FORMAT
from mixer.output_options import OUTPUTS
from mixer.requests import Options
from mixer.services import UPLOAD_TYPES, MusicLibrary, ProjectService
from mixer.settings import Settings
from mixer.speech.verification import is_verifier_installed
from mixer.targets import load_targets

BODY_BYTES = 5_500_000
"""Limit of a request's body: Lambda takes 6 MB including the event around it."""


class TrackAnswer(BaseModel):
    """A piece of music."""

    key: Annotated[str, Field(description="Key to send as `music`.")]
    title: str
    size_bytes: int
    duration_s: Annotated[float | None, Field(description="Null if it has not been measured.")]
    url: Annotated[str, Field(description="Temporary link for listening.")]


class MusicAnswer(BaseModel):
    """The music library, by title."""

    music: list[TrackAnswer]
    expires_s: Annotated[int, Field(description="Lifetime of the links in seconds.")]


class UploadBody(RequestBody):
    """A file to upload."""

    name: Annotated[
        str,
        Field(
            min_length=1, max_length=255, description="Name of the file.", examples=["evening.mp3"]
        ),
    ]
    size_bytes: Annotated[
        int, Field(ge=1, description="Size of the file in bytes; the upload may not exceed it.")
    ]


class UploadAnswer(BaseModel):
    """The upload form: multipart/form-data with the file as its last field."""

    key: Annotated[str, Field(description="Key to send as `music`, `cover` or `source`.")]
    url: str
    fields: Annotated[
        dict[str, str], Field(description="Form fields to send before the field `file`.")
    ]
    max_bytes: int
    expires_s: int
    warnings: list[str]


class RangeAnswer(BaseModel):
    """An option that is a number."""

    default: float | None
    minimum: float | None
    maximum: float | None


class LimitsAnswer(BaseModel):
    """How much is taken."""

    synthesize_chars: int
    story_chars: int
    body_bytes: int
    upload_bytes: int
    project_bytes: int


class TargetAnswer(BaseModel):
    """What a target sets unless it is given."""

    title: str
    preset: str
    format: str


class CapabilitiesAnswer(BaseModel):
    """What this server offers."""

    version: str
    auth: Annotated[str, Field(description="`token` if callers need one, otherwise `none`.")]
    stories: Annotated[bool, Field(description="Whether POST /stories is available.")]
    chapters: bool
    events: Annotated[
        bool, Field(description="Whether GET /stories/{story_id}/events streams the status.")
    ]
    feeds: Annotated[bool, Field(description="Whether podcast feeds are available.")]
    verify: Annotated[bool, Field(description="Whether `verify` is available.")]
    presets: list[str]
    formats: list[str]
    text_types: list[str]
    options: dict[str, RangeAnswer]
    limits: LimitsAnswer
    music_types: Annotated[list[str], Field(description="File extensions of music.")]
    source_types: Annotated[
        list[str], Field(description="File extensions of texts that can be uploaded.")
    ]
    picture_types: Annotated[list[str], Field(description="File extensions of covers.")]
    outputs: Annotated[list[str], Field(description="Extra files that a story can make.")]
    targets: Annotated[dict[str, TargetAnswer], Field(description="Targets by name, for `target`.")]


def add_library_routes(
    api: Api, library: Callable[[], MusicLibrary], get_capabilities: Callable[[], Mapping[str, Any]]
) -> None:
    """Add the routes of the library; services are built with the first request."""

    @api.get("/music", **describe_route("List the music library", MusicAnswer))
    def music() -> Response[str]:
        work = library()
        tracks = [
            {**asdict(each), "url": work.link(each.key)}
            for each in work.list_tracks(api.request_context.deadline_s)
        ]
        return json_response(200, {"music": tracks, "expires_s": work.link_lifetime_s})

    @api.post("/uploads", **describe_route("Get an upload form", UploadAnswer))
    def upload(body: Annotated[UploadBody, Body()]) -> Response[str]:
        key, form = library().create_upload(body.name, body.size_bytes)
        return json_response(200, {"key": key, **asdict(form), "warnings": body.warnings()})

    @api.get("/capabilities", **describe_route("List what this server offers", CapabilitiesAnswer))
    def capabilities() -> Response[str]:
        return json_response(200, get_capabilities())


def build_capabilities(settings: Settings) -> dict[str, Any]:
    """Build the answer of GET /capabilities."""
    known = Options.model_json_schema()["properties"]
    return {
        "version": version("mixer"),
        "auth": settings.auth.mode,
        "stories": True,
        "chapters": True,
        "events": settings.stories.streams_events,
        "feeds": settings.feeds.is_serving,
        "verify": is_verifier_installed(),
        "presets": _choices(known, "preset"),
        "formats": _choices(known, "format"),
        "text_types": _choices(known, "text_type"),
        "options": {name: _range(each) for name, each in known.items() if _bounds(each)},
        "limits": _list_limits(settings),
        "music_types": sorted(UPLOAD_TYPES["music"]),
        "source_types": sorted(UPLOAD_TYPES["text"]),
        "picture_types": sorted(UPLOAD_TYPES["picture"]),
        "outputs": list(OUTPUTS),
        "targets": _describe_targets(),
    }


def _list_limits(settings: Settings) -> dict[str, int]:
    return {
        "synthesize_chars": settings.max_text_chars,
        "story_chars": settings.stories.max_text_chars,
        "body_bytes": BODY_BYTES,
        "upload_bytes": settings.max_upload_bytes,
        "project_bytes": ProjectService.max_bytes,
    }


def _describe_targets() -> dict[str, dict[str, str]]:
    return {
        name: {"title": each.title, "preset": each.preset, "format": each.format}
        for name, each in load_targets().items()
    }


def _choices(schemas: Mapping[str, Any], name: str) -> list[str]:
    parts = [schemas.get(name, {}), *schemas.get(name, {}).get("anyOf", ())]
    found = [str(choice) for part in parts for choice in part.get("enum", ())]
    return found or ([DEFAULT_FORMAT] if name == "format" else [])


def _bounds(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = [schema, *schema.get("anyOf", ())]
    return next((part for part in parts if "minimum" in part), {})


def _range(schema: Mapping[str, Any]) -> dict[str, float | None]:
    bounds = _bounds(schema)
    return {
        "default": schema.get("default"),
        "minimum": bounds.get("minimum"),
        "maximum": bounds.get("maximum"),
    }
