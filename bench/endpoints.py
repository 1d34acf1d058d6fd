"""What the two endpoints add to the work itself: loading, planning an answer, fetching, keeping.

Loading is measured in fresh interpreters, against boto3 alone. A handler loads little before its
first request, so what a first request loads on top is told as well, without a figure.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, redirect_stdout
from http import HTTPStatus
from io import StringIO
from statistics import median
from typing import Any, cast

import app
import polly_handler
from mixer.http.routing import Endpoint
from mixer.jobs.assembly import Assembled, Assembler
from mixer.script.script import Chunk, Ending, Utterance
from mixer.sound.ffmpeg import Children
from mixer.speech.engine import Delivery
from mixer.speech.narrate import Narrator
from mixer.store.s3 import S3Store
from tests.emulators.strict_polly import StrictPolly
from tests.engines import ToneEngine
from tests.functional.clouds import BUCKET, OPEN, cloud, deployment
from tests.functional.lambdas import Context, version_2

HANDLERS = ("polly_handler", "app", "authorizer")
IMPORT_FIGURE = 1.6
ESTIMATE_MS = 10.0
OVERHEAD_SHARE = 0.10
ROUNDS = 7
STORY = ("The lamp was lit, and the keeper counted the ships that came in, one by one. " * 40)[
    :2000
]
CHUNKS = 40
SILENT = "from mixer.settings import settings; s = settings({'OUTPUT_BUCKET': 'b'});"

Row = dict[str, object]


def seconds_of(code: str) -> float:
    """The least that a piece of code took in several fresh interpreters."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    runs = (
        subprocess.run([sys.executable, "-c", timed], check=True, capture_output=True, text=True)
        for _ in range(ROUNDS)
    )
    return min(float(done.stdout) for done in runs)


def loading() -> Iterator[Row]:
    """Importing each handler, and what its first request loads."""
    boto3_s = seconds_of("import boto3")
    for name in HANDLERS:
        ratio = seconds_of(f"import {name}") / boto3_s
        yield row(
            f"import {name}",
            f"{ratio:.2f} × boto3 ({boto3_s * 1000:.0f} ms)",
            f"≤ {IMPORT_FIGURE} × boto3",
            ok=ratio <= IMPORT_FIGURE,
        )
    for name in HANDLERS[:2]:
        ready = f"import {name}; {SILENT} {name}.endpoint(s, None); import boto3"
        ratio = seconds_of(ready) / boto3_s
        yield row(f"{name}, ready for a request", f"{ratio:.2f} × boto3", "told only", ok=True)


def estimating() -> Row:
    """A warm /estimate."""
    with StrictPolly(allowances=OPEN) as polly, closing(polly.client()) as client, cloud() as s3:
        chosen = deployment()
        work = polly_handler.synthesizer(chosen, polly=client, s3=s3)
        handler = polly_handler.endpoint(chosen, lambda: work)
        times_ms = []
        for number in range(30):
            event = version_2({"text": f"{number} {STORY}"}, "/estimate")
            began_s = time.perf_counter()
            quietly(handler, event)
            times_ms.append(1000 * (time.perf_counter() - began_s))
    measured_ms = median(times_ms[5:])
    return row(
        "warm /estimate of 2,000 characters",
        f"{measured_ms:.1f} ms",
        f"< {ESTIMATE_MS:g} ms",
        ok=measured_ms < ESTIMATE_MS,
    )


class Recorder:
    """An assembler that remembers how long its stages took."""

    def __init__(self, work: Assembler) -> None:
        self._work = work
        self.link_lifetime_s = work.link_lifetime_s
        self.stages_s: Mapping[str, float] = {}

    def assemble(self, *ordered: Any, **options: Any) -> Assembled:  # noqa: ANN401 - passed on
        """Do the work and remember."""
        made = self._work.assemble(*ordered, **options)
        self.stages_s = made.stages_s
        return made


def mixing() -> Row:
    """What /mixstory takes besides rendering, which is mixing and checking."""
    with cloud() as s3:
        chosen = deployment()
        work = Recorder(app.assembler(chosen, s3=s3))
        handler = app.endpoint(chosen, lambda: cast("Assembler", work))
        event = version_2({"chunk_keys": spoken(S3Store(s3, BUCKET))}, "/mixstory")
        quietly(handler, event)
        began_s = time.perf_counter()
        answered = quietly(handler, event)
        total_s = time.perf_counter() - began_s
    rendering_s = work.stages_s["mixing"] + work.stages_s["checking"]
    added = (total_s - rendering_s) / rendering_s
    minutes = json.loads(answered["body"])["duration_s"] / 60
    return row(
        f"/mixstory of {minutes:.0f} minutes, besides rendering",
        f"{added:.1%} of {rendering_s:.1f} s",
        f"≤ {OVERHEAD_SHARE:.0%}",
        ok=added <= OVERHEAD_SHARE,
    )


def spoken(store: S3Store) -> list[str]:
    """Chunks as the service makes them, with their measurements."""
    engine = ToneEngine(suffix="mp3")
    narrator = Narrator(engine, store, Delivery("Joanna", "generative"), Children())
    chunks = [_chunk(f"{number} {STORY[:250]}") for number in range(CHUNKS)]
    return [each.key for each in narrator.narrate(chunks).recordings if each]


def _chunk(text: str) -> Chunk:
    utterance = Utterance(text, text, Ending.PARAGRAPH)
    return Chunk((utterance,), f"<speak><s>{text}</s></speak>", len(text), 650)


def quietly(handler: Endpoint, event: dict[str, Any]) -> dict[str, Any]:
    """Ask a handler without its log."""
    with redirect_stdout(StringIO()):
        answered = handler(event, Context())
    if answered["statusCode"] != HTTPStatus.OK:
        raise RuntimeError(answered["body"])
    return answered


def row(what: str, measured: str, figure: str, *, ok: bool) -> Row:
    """A line of the table."""
    return {"what": what, "measured": measured, "figure": figure, "ok": ok}


def run() -> list[Row]:
    """All figures, as rows; takes about a minute."""
    logging.getLogger("mixer").setLevel(logging.CRITICAL)
    return [*loading(), estimating(), mixing()]


def main() -> None:
    """Print the rows."""
    for each in run():
        mark = "ok  " if each["ok"] else "MISS"
        print(f"{mark} {each['what']}: {each['measured']} (figure: {each['figure']})")


if __name__ == "__main__":
    main()
