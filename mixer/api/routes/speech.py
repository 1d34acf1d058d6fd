"""The routes of speech: POST /synthesize, POST /estimate, GET /voices."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.api.deferred import StoryStarter, run_or_defer
from mixer.api.responses import OutputLinks, json_response
from mixer.api.routing import Api, describe_route
from mixer.api.schemas import (
    EstimateAnswer,
    StoryAccepted,
    SynthesizeAnswer,
    TextBody,
    VoicesAnswer,
)
from mixer.api.telemetry import emit_metrics, trace_subsegment
from mixer.requests import Options
from mixer.speech import costs_usd
from mixer.stories.foreground import JobContext, build_run_request
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest
from mixer.stories.runner import Synthesis, synthesize_in_foreground
from mixer.stories.speech_service import SpeechPlan, SpeechService

SERVICE = "speech"
MONEY_DIGITS = 6
"""A character of the cheapest engine costs four millionths of a dollar."""


def add_speech_routes(
    api: Api,
    load_service: Callable[[], SpeechService],
    load_links: Callable[[], OutputLinks],
    start_story: StoryStarter | None = None,
) -> None:
    """Add the routes of speech; the service is built with the first request."""
    routes = _SpeechRoutes(api, load_service, load_links, start_story)
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
    load_service: Callable[[], SpeechService]
    load_links: Callable[[], OutputLinks]
    start_story: StoryStarter | None

    def synthesize_text(self, body: Annotated[TextBody, Body()]) -> Response[str]:
        if body.dry_run:
            return self._estimate(body, is_dry_run=True)
        caller = self.api.request_context.caller or ""

        def synthesize(deadline_s: float) -> Response[str]:
            return self._synthesize(body, caller, deadline_s)

        story_request = _build_story_request(body, caller)
        return run_or_defer(self.api.request_context, self.start_story, story_request, synthesize)

    def estimate(self, body: Annotated[TextBody, Body()]) -> Response[str]:
        return self._estimate(body, is_dry_run=False)

    def list_voices(self) -> Response[str]:
        listed = self.load_service().list_voices(self.api.request_context.deadline_s)
        return json_response(200, {"voices": [asdict(voice) for voice in listed]})

    def _estimate(self, body: TextBody, *, is_dry_run: bool) -> Response[str]:
        deadline_s = self.api.request_context.deadline_s
        plan = self.load_service().plan_text(body.text, body.options(), deadline_s)
        return json_response(200, _build_estimate(plan, body.warnings(), is_dry_run=is_dry_run))

    def _synthesize(self, body: TextBody, caller: str, deadline_s: float) -> Response[str]:
        service = self.load_service()
        request = build_run_request(StoryKind.SPEECH, body.options(), caller=caller)
        job = JobContext(processes=service.new_processes(), deadline_s=deadline_s)
        with trace_subsegment("synthesize"):
            synthesis = synthesize_in_foreground(service, request, body.text, job)
        emit_metrics(SERVICE, _metrics(synthesis))
        answer = _build_answer(synthesis, service, body.warnings())
        return json_response(200, answer | self.load_links().describe_chunks(answer["chunk_keys"]))


def _build_story_request(body: TextBody, caller: str) -> StoryRequest:
    given = body.model_dump(include={*Options.model_fields}, exclude_unset=True)
    return StoryRequest(
        StoryKind.SPEECH, caller, given, text=body.text, warnings=tuple(body.warnings())
    )


def _build_answer(
    synthesis: Synthesis, service: SpeechService, warnings: list[str]
) -> dict[str, Any]:
    keys, plan = [each.key for each in synthesis.recordings], synthesis.plan
    unspoken = synthesis.narration.unspoken
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
        "warnings": [*warnings, *(f"Not spoken: {passage}" for passage in unspoken)],
    }
    if len(keys) == 1:
        body["audio_base64"] = b64encode(service.store.get(keys[0])).decode()
    return body


def _build_estimate(plan: SpeechPlan, warnings: list[str], *, is_dry_run: bool) -> dict[str, Any]:
    settings, chars = plan.voice_settings, plan.estimate.characters
    costs = costs_usd(chars)
    described = plan.estimate.describe(settings.voice, settings.engine, plan.script.language, costs)
    cost_usd = round(plan.cost_usd, MONEY_DIGITS)  # speech marks double it
    return {**described, "cost_usd": cost_usd, "dry_run": is_dry_run, "warnings": warnings}


def _metrics(synthesis: Synthesis) -> dict[str, float]:
    return {
        "CharactersBilled": synthesis.narration.billed_chars,
        "CostUsd": synthesis.cost_usd,
        "CacheHits": synthesis.cache_hits,
        "CacheMisses": synthesis.narration.synthesized_chunks,
        "AudioSeconds": synthesis.duration_s,
    }
