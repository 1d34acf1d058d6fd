"""The route of the mix: POST /mixstory."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer.http.answers import answer, rounded_db
from mixer.http.bodies import MixAnswer, MixBody, SynthesizeAnswer
from mixer.http.docs import described
from mixer.http.observing import emit, subsegment
from mixer.http.routing import Api
from mixer.jobs.assembly import Assembled, Assembler, Order

SERVICE = "mix"


def add_mix_routes(api: Api, assembler: Callable[[], Assembler]) -> None:
    """Give an API the route of the mix.

    Args:
        api: that gets it.
        assembler: does the work; asked for when the first request comes.
    """

    @api.post("/mixstory", **described("Mix chunks, with or without music", MixAnswer))
    def mixstory(body: Annotated[MixBody, Body()]) -> Response[str]:
        work = assembler()
        order = Order(tuple(body.chunk_keys), body.bucket or None, body.music or None)
        with subsegment("mix"):
            made = work.assemble(order, body.options(), api.call.deadline_s)
        emit(SERVICE, _metrics(made))
        told = _told(made, order, work.link_lifetime_s)
        # Clients may send on what POST /synthesize has answered, as it is.
        warnings = body.warnings(known=SynthesizeAnswer.model_fields)
        return answer(200, {**told, "warnings": warnings})


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
