"""The routes of speech: POST /synthesize, POST /estimate, GET /voices."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.api.deferred import StoryAccepted, StoryStarter, run_or_defer
from mixer.api.openapi import describe_route
from mixer.api.responses import json_response
from mixer.api.routing import Api
from mixer.api.schemas import EstimateAnswer, SynthesizeAnswer, TextBody, VoicesAnswer
from mixer.api.telemetry import emit_metrics, trace_subsegment
from mixer.requests import Options
from mixer.speech.charges import costs_usd
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest
from mixer.stories.speech_service import SpeechPlan, SpeechService, Synthesis

SERVICE = "speech"
MONEY_DIGITS = 6
"""A character of the cheapest engine costs four millionths of a dollar."""


def add_speech_routes(
    api: Api, speech_service: Callable[[], SpeechService], start_story: StoryStarter | None = None
) -> None:
    """Give an API the routes of speech.

    Args:
        api: that gets them.
        speech_service: does the work; asked for when the first request comes.
        start_story: begins stories, for what takes longer than a caller is kept waiting.
    """
    answers = describe_route(
        "Speak a text", SynthesizeAnswer, EstimateAnswer, deferred=StoryAccepted
    )

    @api.post("/synthesize", **answers)
    def synthesize(body: Annotated[TextBody, Body()]) -> Response[str]:
        asked, work, call = body.options(), speech_service(), api.request_context
        with trace_subsegment("plan"):
            plan = work.plan_text(body.text, asked, call.deadline_s)
        if asked.dry_run:
            return json_response(200, _build_estimate(plan, body.warnings(), is_dry_run=True))

        def speak(deadline_s: float, *, only_if_it_fits: bool) -> Response[str]:
            with trace_subsegment("speak"):
                spoken = work.synthesize(
                    plan, asked, call.caller or "", deadline_s, only_if_it_fits=only_if_it_fits
                )
            emit_metrics(SERVICE, _metrics(spoken))
            return json_response(200, _build_answer(spoken, work.bucket, body.warnings()))

        return run_or_defer(call, start_story, _build_story_request(body, call.caller or ""), speak)

    @api.post("/estimate", **describe_route("Foretell what a text would take", EstimateAnswer))
    def estimate(body: Annotated[TextBody, Body()]) -> Response[str]:
        plan = speech_service().plan_text(body.text, body.options(), api.request_context.deadline_s)
        return json_response(200, _build_estimate(plan, body.warnings(), is_dry_run=False))

    @api.get("/voices", **describe_route("List who can speak", VoicesAnswer))
    def voices() -> Response[str]:
        listed = speech_service().list_voices(api.request_context.deadline_s)
        return json_response(200, {"voices": [asdict(voice) for voice in listed]})


def _build_story_request(body: TextBody, caller: str) -> StoryRequest:
    """The request as a story."""
    given = body.model_dump(include={*Options.model_fields}, exclude_unset=True)
    return StoryRequest(
        StoryKind.SPEECH, caller, given, text=body.text, warnings=tuple(body.warnings())
    )


def _build_answer(synthesis: Synthesis, bucket: str, warnings: list[str]) -> dict[str, Any]:
    body = {
        "chunk_keys": list(synthesis.keys),
        "bucket": bucket,
        **_voice_fields(synthesis.plan),
        "characters": synthesis.plan.estimate.characters,
        "billed_characters": synthesis.narration.billed_chars,
        "cost_usd": round(synthesis.cost_usd, MONEY_DIGITS),
        "duration_s": round(synthesis.duration_s, 3),
        "warnings": [*warnings, *(f"Not spoken: {passage}" for passage in synthesis.unspoken)],
    }
    if synthesis.audio is not None:
        body["audio_base64"] = b64encode(synthesis.audio).decode()
    return body


def _build_estimate(plan: SpeechPlan, warnings: list[str], *, is_dry_run: bool) -> dict[str, Any]:
    foreseen = plan.estimate
    costs = {name: round(usd, MONEY_DIGITS) for name, usd in costs_usd(foreseen.characters).items()}
    return {
        **asdict(foreseen),
        "duration_s": round(foreseen.duration_s, 3),
        **_voice_fields(plan),
        "cost_usd": round(plan.cost_usd, MONEY_DIGITS),
        "costs_usd": costs,
        "dry_run": is_dry_run,
        "warnings": warnings,
    }


def _voice_fields(plan: SpeechPlan) -> dict[str, str]:
    delivery = plan.voice_settings
    return {
        "voice": delivery.voice,
        "engine": delivery.engine,
        "language": plan.script.language,
    }


def _metrics(synthesis: Synthesis) -> dict[str, float]:
    return {
        "CharactersBilled": synthesis.narration.billed_chars,
        "CostUsd": synthesis.cost_usd,
        "CacheHits": synthesis.cache_hits,
        "CacheMisses": synthesis.narration.synthesized_chunks,
        "AudioSeconds": synthesis.duration_s,
    }
