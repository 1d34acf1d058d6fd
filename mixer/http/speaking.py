"""The routes of speech: POST /synthesize, POST /estimate, GET /voices."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.http.answers import answer
from mixer.http.bodies import EstimateAnswer, SynthesizeAnswer, TextBody, VoicesAnswer
from mixer.http.docs import described
from mixer.http.later import Begin, StoryAccepted, now_or_later
from mixer.http.observing import emit, subsegment
from mixer.http.routing import Api
from mixer.jobs.story.orders import Order
from mixer.jobs.story.values import Kind
from mixer.jobs.synthesis import Plan, Synthesis, Synthesizer
from mixer.requests import Options
from mixer.speech.prices import costs_usd

SERVICE = "speech"
MONEY_DIGITS = 6
"""A character of the cheapest engine costs four millionths of a dollar."""


def add_speech_routes(
    api: Api, synthesizer: Callable[[], Synthesizer], begin: Begin | None = None
) -> None:
    """Give an API the routes of speech.

    Args:
        api: that gets them.
        synthesizer: does the work; asked for when the first request comes.
        begin: begins stories, for what takes longer than a caller is kept waiting.
    """
    answers = described("Speak a text", SynthesizeAnswer, EstimateAnswer, later=StoryAccepted)

    @api.post("/synthesize", **answers)
    def synthesize(body: Annotated[TextBody, Body()]) -> Response[str]:
        asked, work, call = body.options(), synthesizer(), api.call
        with subsegment("plan"):
            plan = work.plan(body.text, asked, call.deadline_s)
        if asked.dry_run:
            return answer(200, _estimate(plan, body.warnings(), is_dry_run=True))

        def speak(until_s: float, *, only_if_it_fits: bool) -> Response[str]:
            with subsegment("speak"):
                spoken = work.synthesize(
                    plan, asked, call.caller or "", until_s, only_if_it_fits=only_if_it_fits
                )
            emit(SERVICE, _metrics(spoken))
            return answer(200, _spoken(spoken, work.bucket, body.warnings()))

        return now_or_later(call, begin, _order(body, call.caller or ""), speak)

    @api.post("/estimate", **described("Foretell what a text would take", EstimateAnswer))
    def estimate(body: Annotated[TextBody, Body()]) -> Response[str]:
        plan = synthesizer().plan(body.text, body.options(), api.call.deadline_s)
        return answer(200, _estimate(plan, body.warnings(), is_dry_run=False))

    @api.get("/voices", **described("List who can speak", VoicesAnswer))
    def voices() -> Response[str]:
        listed = synthesizer().voices(api.call.deadline_s)
        return answer(200, {"voices": [asdict(voice) for voice in listed]})


def _order(body: TextBody, caller: str) -> Order:
    """The request as a story."""
    given = body.model_dump(include={*Options.model_fields}, exclude_unset=True)
    return Order(Kind.SPEECH, caller, given, text=body.text, warnings=tuple(body.warnings()))


def _spoken(spoken: Synthesis, bucket: str, warnings: list[str]) -> dict[str, Any]:
    body = {
        "chunk_keys": list(spoken.keys),
        "bucket": bucket,
        **_who(spoken.plan),
        "characters": spoken.plan.foreseen.characters,
        "billed_characters": spoken.narration.billed_chars,
        "cost_usd": round(spoken.cost_usd, MONEY_DIGITS),
        "duration_s": round(spoken.duration_s, 3),
        "warnings": [*warnings, *(f"Not spoken: {passage}" for passage in spoken.unspoken)],
    }
    if spoken.audio is not None:
        body["audio_base64"] = b64encode(spoken.audio).decode()
    return body


def _estimate(plan: Plan, warnings: list[str], *, is_dry_run: bool) -> dict[str, Any]:
    foreseen = plan.foreseen
    costs = {name: round(usd, MONEY_DIGITS) for name, usd in costs_usd(foreseen.characters).items()}
    return {
        **asdict(foreseen),
        "duration_s": round(foreseen.duration_s, 3),
        **_who(plan),
        "cost_usd": round(plan.cost_usd, MONEY_DIGITS),
        "costs_usd": costs,
        "dry_run": is_dry_run,
        "warnings": warnings,
    }


def _who(plan: Plan) -> dict[str, str]:
    delivery = plan.delivery
    return {
        "voice": delivery.voice,
        "engine": delivery.engine,
        "language": plan.script.language,
    }


def _metrics(spoken: Synthesis) -> dict[str, float]:
    return {
        "CharactersBilled": spoken.narration.billed_chars,
        "CostUsd": spoken.cost_usd,
        "CacheHits": spoken.hits,
        "CacheMisses": spoken.narration.said,
        "AudioSeconds": spoken.duration_s,
    }
