"""The route of the mix: POST /mixstory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.api.deferred import StoryStarter, run_or_defer
from mixer.api.operations import describe_route
from mixer.api.responses import json_response, round_db
from mixer.api.routing import Api
from mixer.api.schemas import MixAnswer, MixBody, StoryAccepted, SynthesizeAnswer
from mixer.api.telemetry import emit_metrics, trace_subsegment
from mixer.stories import MixResult, MixService, StoryKind, StoryRequest

SERVICE = "mix"


def add_mix_routes(
    api: Api, load_service: Callable[[], MixService], start_story: StoryStarter | None = None
) -> None:
    """Add the route of the mix; the service is built with the first request."""
    routes = _MixRoutes(api, load_service, start_story)
    mix = describe_route("Mix chunks, with or without music", MixAnswer, deferred=StoryAccepted)
    api.post("/mixstory", **mix)(routes.mix_chunks)


@dataclass(frozen=True, slots=True)
class _MixRoutes:
    api: Api
    load_service: Callable[[], MixService]
    start_story: StoryStarter | None

    def mix_chunks(self, body: Annotated[MixBody, Body()]) -> Response[str]:
        service, context = self.load_service(), self.api.request_context
        # Clients may forward an answer of POST /synthesize unchanged.
        warnings = body.warnings(ignored=SynthesizeAnswer.model_fields)
        request = _build_story_request(body, context.caller or "", warnings)

        def mix(deadline_s: float) -> Response[str]:
            with trace_subsegment("mix"):
                result = service.mix_chunks(request, body.bucket, deadline_s)
            emit_metrics(SERVICE, _metrics(result))
            answer = _build_answer(result, request, service.link_lifetime_s)
            return json_response(200, {**answer, "warnings": warnings})

        # Stories use the service's own bucket only.
        story_request = request if service.is_own_bucket(body.bucket) else None
        return run_or_defer(context, self.start_story, story_request, mix)


def _build_story_request(body: MixBody, caller: str, warnings: list[str]) -> StoryRequest:
    given = body.select_given_options()
    return StoryRequest(
        kind=StoryKind.MIX,
        caller=caller,
        options=given,
        chunk_keys=tuple(body.chunk_keys),
        music=body.music or "",
        warnings=tuple(warnings),
    )


def _build_answer(result: MixResult, request: StoryRequest, lifetime_s: int) -> dict[str, Any]:
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
