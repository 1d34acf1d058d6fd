"""The route of the mix: POST /mixstory."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.http.answers import answer, rounded_db
from mixer.http.bodies import MixAnswer, MixBody, SynthesizeAnswer
from mixer.http.docs import described
from mixer.http.later import Begin, StoryAccepted, now_or_later
from mixer.http.observing import emit, subsegment
from mixer.http.routing import Api
from mixer.jobs.assembly import Assembled, Assembler, Order
from mixer.jobs.looking import music_key
from mixer.jobs.story import orders as stories
from mixer.jobs.story.values import Kind
from mixer.requests import Options

SERVICE = "mix"


def add_mix_routes(
    api: Api, assembler: Callable[[], Assembler], begin: Begin | None = None
) -> None:
    """Give an API the route of the mix.

    Args:
        api: that gets it.
        assembler: does the work; asked for when the first request comes.
        begin: begins stories, for what takes longer than a caller is kept waiting.
    """
    answers = described("Mix chunks, with or without music", MixAnswer, later=StoryAccepted)

    @api.post("/mixstory", **answers)
    def mixstory(body: Annotated[MixBody, Body()]) -> Response[str]:
        work = assembler()
        order = Order(tuple(body.chunk_keys), body.bucket or None, body.music or None)
        # Clients may send on what POST /synthesize has answered, as it is.
        warnings = body.warnings(known=SynthesizeAnswer.model_fields)

        def mix(until_s: float, *, only_if_it_fits: bool) -> Response[str]:
            with subsegment("mix"):
                made = work.assemble(
                    order, body.options(), until_s, only_if_it_fits=only_if_it_fits
                )
            emit(SERVICE, _metrics(made))
            told = _told(made, order, work.link_lifetime_s)
            return answer(200, {**told, "warnings": warnings})

        caller = api.call.caller or ""
        as_story = _as_story(body, caller, warnings) if work.is_own(order.bucket) else None
        return now_or_later(api.call, begin, as_story, mix)


def _as_story(body: MixBody, caller: str, warnings: list[str]) -> stories.Order:
    """The request as a story; stories know the service's own bucket only."""
    given = body.model_dump(include={*Options.model_fields}, exclude_unset=True)
    return stories.Order(
        kind=Kind.MIX,
        caller=caller,
        options=given,
        chunk_keys=tuple(body.chunk_keys),
        music=music_key(body.music) if body.music else "",
        warnings=tuple(warnings),
    )


def _told(made: Assembled, order: Order, lifetime_s: int) -> dict[str, Any]:
    checked = made.mix.checked
    return {
        "chunk_keys": list(order.chunk_keys),
        "bucket": made.bucket,
        "download_url": made.url,
        "expires_s": lifetime_s,
        "key": made.key,
        "duration_s": round(made.mix.timeline.duration_s, 3),
        "integrated_loudness_lufs": rounded_db(checked.integrated_lufs),
        "true_peak_dbtp": rounded_db(checked.true_peak_dbtp),
    }


def _metrics(made: Assembled) -> dict[str, float]:
    duration_s = made.mix.timeline.duration_s
    mixing_s = made.stages_s["mixing"] + made.stages_s["checking"]
    return {"AudioSeconds": duration_s, "RenderSpeed": duration_s / max(mixing_s, 0.001)}
