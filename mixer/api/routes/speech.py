"""The routes of speech: POST /synthesize, POST /estimate, GET /voices."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer import publish, speech, stories
from mixer.api.deferred import StoryStarter, run_or_defer
from mixer.api.operations import describe_route
from mixer.api.responses import OutputLinks, json_response
from mixer.api.routing import Api
from mixer.api.schemas import (
    EstimateAnswer,
    EstimateBody,
    StoryAccepted,
    SynthesizeAnswer,
    TextBody,
    VoiceAnswer,
    VoicesAnswer,
)
from mixer.api.telemetry import emit_metrics, trace_subsegment
from mixer.errors import BadInput, NotFound, UnusablePicture
from mixer.script import readers
from mixer.store import UPLOADS_PREFIX, validate_key

if TYPE_CHECKING:
    from mixer.script import Cover
    from mixer.store import ObjectStore
    from mixer.stories import SpeechPlan, SpeechService, StoryRequest, Synthesis

SERVICE = "speech"
THUMBNAIL_PX = 320
MONEY_DIGITS = 6
"""A character of the cheapest engine costs four millionths of a dollar."""


@dataclass(frozen=True, slots=True)
class SpeechServices:
    """What the routes of speech depend on: services with the limits of requests and of stories."""

    for_requests: "SpeechService"
    for_stories: "SpeechService"
    links: OutputLinks


def add_speech_routes(
    api: Api, load_services: Callable[[], SpeechServices], start_story: StoryStarter | None = None
) -> None:
    """Add the routes of speech; the services are built with the first request."""
    routes = _SpeechRoutes(api, load_services, start_story)
    synthesis = describe_route(
        "Synthesize a text", SynthesizeAnswer, EstimateAnswer, deferred=StoryAccepted
    )
    estimate = describe_route("Estimate the length and cost of a text", EstimateAnswer)
    api.post("/synthesize", **synthesis)(routes.synthesize_text)
    api.post("/estimate", **estimate)(routes.estimate)
    api.get("/voices", **describe_route("List the voices", VoicesAnswer))(routes.list_voices)


@dataclass(frozen=True, slots=True)
class _SpeechRoutes:
    api: Api
    load_services: Callable[[], SpeechServices]
    start_story: StoryStarter | None

    def synthesize_text(self, body: Annotated[TextBody, Body()]) -> Response[str]:
        if body.dry_run:
            return self._estimate(body, is_dry_run=True)
        request = _build_story_request(body, self.api.request_context.caller or "")

        def synthesize(deadline_s: float) -> Response[str]:
            return self._synthesize(body, request, deadline_s)

        return run_or_defer(self.api.request_context, self.start_story, request, synthesize)

    def estimate(self, body: Annotated[EstimateBody, Body()]) -> Response[str]:
        require_one_text(body.text, body.source)
        if body.source is None:
            return self._estimate(body, is_dry_run=False)
        service, options = self.load_services().for_stories, body.options()
        content = fetch_source(service.store, validate_source_key(body.source))
        deadline_s = self.api.request_context.deadline_s
        plan = service.plan_text(readers.decode_upload(content), options, deadline_s)
        answer = _build_estimate(plan, body.warnings(), is_dry_run=False)
        return json_response(200, {**answer, "cover_base64": _encode_thumbnail(plan.cover)})

    def list_voices(self) -> Response[str]:
        listed = self.load_services().for_requests.list_voices(self.api.request_context.deadline_s)
        fields = VoiceAnswer.model_fields
        voices = [{name: getattr(each, name) for name in fields} for each in listed]
        return json_response(200, {"voices": voices})

    def _estimate(self, body: TextBody | EstimateBody, *, is_dry_run: bool) -> Response[str]:
        service, deadline_s = self.load_services().for_requests, self.api.request_context.deadline_s
        plan = service.plan_text(body.text or "", body.options(), deadline_s)
        return json_response(200, _build_estimate(plan, body.warnings(), is_dry_run=is_dry_run))

    def _synthesize(
        self, body: TextBody, request: "StoryRequest", deadline_s: float
    ) -> Response[str]:
        service = self.load_services().for_requests
        with trace_subsegment("synthesize"):
            synthesis = service.synthesize(request, deadline_s)
        emit_speech_metrics(synthesis)
        answer = _build_answer(synthesis, service, body.warnings())
        return json_response(
            200, answer | self.load_services().links.describe_chunks(answer["chunk_keys"])
        )


def fetch_source(store: "ObjectStore", key: str) -> bytes:
    """Fetch an uploaded text; NotFound names the field."""
    try:
        return store.get(key)
    except NotFound as error:
        message = f"source: the uploaded text {key} does not exist."
        raise NotFound(message, field="source", key=key) from error


def _build_story_request(body: TextBody, caller: str) -> "StoryRequest":
    given = body.select_given_options()
    return stories.StoryRequest(
        stories.StoryKind.SPEECH, caller, given, text=body.text, warnings=tuple(body.warnings())
    )


def _build_answer(
    synthesis: "Synthesis", service: "SpeechService", warnings: list[str]
) -> dict[str, Any]:
    keys, plan = [each.key for each in synthesis.recordings], synthesis.plan
    unspoken, check = synthesis.narration.unspoken, synthesis.narration.check_speech()
    body = {
        "chunk_keys": keys,
        "bucket": service.bucket,
        "voice": plan.voice,
        "engine": plan.engine,
        "language": plan.language,
        "characters": plan.characters,
        "billed_characters": synthesis.narration.billed_chars,
        "cost_usd": round(synthesis.cost_usd, MONEY_DIGITS),
        "duration_s": round(synthesis.duration_s, 3),
        "warnings": [
            *warnings,
            *synthesis.narration.stored.warnings,
            *(f"Not spoken: {passage}" for passage in unspoken),
            *(check.describe() if check else ()),
        ],
    }
    if len(keys) == 1:
        body["audio_base64"] = b64encode(service.store.get(keys[0])).decode()
    return body


def _build_estimate(plan: "SpeechPlan", warnings: list[str], *, is_dry_run: bool) -> dict[str, Any]:
    settings, costs = plan.voice_settings, speech.costs_usd(plan.estimate.characters)
    described = plan.estimate.describe(settings.voice, settings.engine, costs)
    cost_usd = round(plan.cost_usd, MONEY_DIGITS)  # speech marks double it
    return {**described, "cost_usd": cost_usd, "dry_run": is_dry_run} | {
        "warnings": [*warnings, *plan.warnings]
    }


def _encode_thumbnail(cover: "Cover | None") -> str | None:
    """Encode a small JPEG of a book's cover in Base64; None if it has none that is usable."""
    if cover is None:
        return None
    try:
        return b64encode(
            publish.encode_cover(cover.content, "cover", THUMBNAIL_PX).content
        ).decode()
    except UnusablePicture:
        return None


def emit_speech_metrics(synthesis: "Synthesis") -> None:
    """Count what was synthesized, and what it cost."""
    values = {
        "CharactersBilled": synthesis.narration.billed_chars,
        "CostUsd": synthesis.cost_usd,
        "CacheHits": synthesis.cache_hits,
        "CacheMisses": synthesis.narration.synthesized_chunks,
        "AudioSeconds": synthesis.duration_s,
    }
    emit_metrics(SERVICE, values)


def require_one_text(text: str | None, source: str | None) -> None:
    """Raise BadInput unless exactly one of the two is there."""
    if (text is None) == (source is None):
        raise BadInput("text: send either a text or the key of an uploaded source.", field="text")


def validate_source_key(source: str) -> str:
    """Return the key of an uploaded text; raises BadInput for any other key."""
    try:
        validate_key(source)
    except BadInput as error:
        raise BadInput(f"source: {error}", field="source") from error
    if not source.startswith(UPLOADS_PREFIX):
        raise BadInput("source: not a key returned by POST /uploads.", field="source")
    return source
