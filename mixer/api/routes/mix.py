"""The route of the mix: POST /mixstory."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.api.deferred import StoryAccepted, StoryStarter, run_or_defer
from mixer.api.openapi import describe_route
from mixer.api.responses import json_response, round_db
from mixer.api.routing import Api
from mixer.api.schemas import MixAnswer, MixBody, SynthesizeAnswer
from mixer.api.telemetry import emit_metrics, trace_subsegment
from mixer.requests import Options
from mixer.services import MixRequest, MixResult, MixService
from mixer.stories import request as stories
from mixer.stories.input_checks import parse_music_key
from mixer.stories.model import StoryKind

SERVICE = "mix"


def add_mix_routes(
    api: Api, mix_service: Callable[[], MixService], start_story: StoryStarter | None = None
) -> None:
    """Add the route of the mix; the service is built with the first request."""
    answers = describe_route("Mix chunks, with or without music", MixAnswer, deferred=StoryAccepted)

    @api.post("/mixstory", **answers)
    def mixstory(body: Annotated[MixBody, Body()]) -> Response[str]:
        work = mix_service()
        request = MixRequest(tuple(body.chunk_keys), body.bucket or None, body.music or None)
        # Clients may forward an answer of POST /synthesize unchanged.
        warnings = body.warnings(ignored=SynthesizeAnswer.model_fields)

        def mix(deadline_s: float) -> Response[str]:
            with trace_subsegment("mix"):
                result = work.mix_chunks(request, body.options(), deadline_s)
            emit_metrics(SERVICE, _metrics(result))
            answer = _build_answer(result, request, work.link_lifetime_s)
            return json_response(200, {**answer, "warnings": warnings})

        caller = api.request_context.caller or ""
        as_story = (
            _build_story_request(body, caller, warnings)
            if work.is_own_bucket(request.bucket)
            else None
        )
        return run_or_defer(api.request_context, start_story, as_story, mix)


def _build_story_request(body: MixBody, caller: str, warnings: list[str]) -> stories.StoryRequest:
    """Build the story for a mix; stories use the service's own bucket only."""
    given = body.model_dump(include={*Options.model_fields}, exclude_unset=True)
    return stories.StoryRequest(
        kind=StoryKind.MIX,
        caller=caller,
        options=given,
        chunk_keys=tuple(body.chunk_keys),
        music=parse_music_key(body.music) if body.music else "",
        warnings=tuple(warnings),
    )


def _build_answer(result: MixResult, request: MixRequest, lifetime_s: int) -> dict[str, Any]:
    return {
        "chunk_keys": list(request.chunk_keys),
        "bucket": result.bucket,
        "download_url": result.url,
        "expires_s": lifetime_s,
        "key": result.key,
        "duration_s": round(result.duration_s, 3),
        "integrated_loudness_lufs": round_db(result.integrated_loudness_lufs),
        "true_peak_dbtp": round_db(result.true_peak_dbtp),
    }


def _metrics(result: MixResult) -> dict[str, float]:
    mixing_s = sum(result.seconds.values())
    return {
        "AudioSeconds": result.duration_s,
        "RenderSpeed": result.duration_s / max(mixing_s, 0.001),
    }
