"""The overhead of the two endpoints: loading, planning an answer, fetching, storing.

Loading is measured in fresh interpreters, against boto3 alone. What the first request loads in
addition is reported without a target.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, redirect_stdout
from functools import cached_property
from http import HTTPStatus
from io import StringIO
from statistics import median
from typing import Any, cast

from mixer.api import build_mix_endpoint, build_speech_endpoint
from mixer.api.routing import Endpoint
from mixer.compose import AwsServices
from mixer.script import BreakKind, Chunk, Utterance
from mixer.sound import ProcessGroup
from mixer.speech import Narrator, VoiceSettings
from mixer.store import S3Store
from mixer.stories import MixResult, MixService
from tests.emulators.strict_polly import StrictPolly
from tests.engines import ToneEngine
from tests.functional.clouds import BUCKET, OPEN_ALLOWANCES, build_settings, mock_s3
from tests.functional.lambdas import FakeContext, event_v2

HANDLERS = ("polly_handler", "app", "authorizer")
IMPORT_FIGURE = 1.6
ESTIMATE_MS = 10.0
OVERHEAD_SHARE = 0.10
ROUNDS = 7
STORY = ("The lamp was lit, and the keeper counted the ships that came in, one by one. " * 40)[
    :2000
]
CHUNKS = 40
SETUP_CODE = (
    "from mixer.api.endpoints import *; from mixer.compose import AwsServices; "
    "from mixer.settings import load_settings; s = load_settings({'OUTPUT_BUCKET': 'b'});"
)
BUILDERS = {"polly_handler": "build_speech_endpoint", "app": "build_mix_endpoint"}

Row = dict[str, object]


def time_code(code: str) -> float:
    """Measure the minimum time of a piece of code in several fresh interpreters."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    runs = (
        subprocess.run([sys.executable, "-c", timed], check=True, capture_output=True, text=True)
        for _ in range(ROUNDS)
    )
    return min(float(done.stdout) for done in runs)


def measure_imports() -> Iterator[Row]:
    """Measure the import of each handler, and what its first request loads."""
    boto3_s = time_code("import boto3")
    for name in HANDLERS:
        ratio = time_code(f"import {name}") / boto3_s
        yield build_row(
            f"import {name}",
            f"{ratio:.2f} × boto3 ({boto3_s * 1000:.0f} ms)",
            f"≤ {IMPORT_FIGURE} × boto3",
            ok=ratio <= IMPORT_FIGURE,
        )
    for name in HANDLERS[:2]:
        ready = f"{SETUP_CODE} {BUILDERS[name]}(AwsServices(settings=s)); import boto3"
        ratio = time_code(ready) / boto3_s
        yield build_row(
            f"{name}, ready for a request", f"{ratio:.2f} × boto3", "reported only", ok=True
        )


def measure_estimate() -> Row:
    """Measure a warm /estimate."""
    with (
        StrictPolly(allowances=OPEN_ALLOWANCES) as polly,
        closing(polly.client()) as client,
        mock_s3() as s3,
    ):
        chosen = build_settings()
        services = AwsServices(settings=chosen, polly=client, s3=s3)
        handler = build_speech_endpoint(services)
        times_ms = []
        for number in range(30):
            event = event_v2({"text": f"{number} {STORY}"}, "/estimate")
            began_s = time.perf_counter()
            call_handler(handler, event)
            times_ms.append(1000 * (time.perf_counter() - began_s))
    measured_ms = median(times_ms[5:])
    return build_row(
        "warm /estimate of 2,000 characters",
        f"{measured_ms:.1f} ms",
        f"< {ESTIMATE_MS:g} ms",
        ok=measured_ms < ESTIMATE_MS,
    )


class MixRecorder:
    """A mix service that records the times of its stages."""

    def __init__(self, work: MixService) -> None:
        self._work = work
        self.link_lifetime_s = work.link_lifetime_s
        self.stages_s: Mapping[str, float] = {}

    def mix_chunks(self, *ordered: Any, **options: Any) -> MixResult:  # noqa: ANN401 - passed on
        """Mix and record the times."""
        made = self._work.mix_chunks(*ordered, **options)
        self.stages_s = made.seconds
        return made


class RecordingServices(AwsServices):
    """Services whose mixes are timed."""

    @cached_property
    def recorder(self) -> MixRecorder:
        """The recorder of the mixes."""
        return MixRecorder(super().mix_service)

    @property
    def mix_service(self) -> MixService:
        """The timed mix service."""
        return cast("MixService", self.recorder)


def measure_mix() -> Row:
    """Measure /mixstory without rendering, which is mixing and verifying."""
    with mock_s3() as s3:
        services = RecordingServices(settings=build_settings(), s3=s3)
        work, handler = services.recorder, build_mix_endpoint(services)
        event = event_v2({"chunk_keys": synthesize_chunks(S3Store(s3, BUCKET))}, "/mixstory")
        call_handler(handler, event)
        began_s = time.perf_counter()
        answered = call_handler(handler, event)
        total_s = time.perf_counter() - began_s
    rendering_s = sum(work.stages_s.values())
    added = (total_s - rendering_s) / rendering_s
    minutes = json.loads(answered["body"])["duration_s"] / 60
    return build_row(
        f"/mixstory of {minutes:.0f} minutes, without rendering",
        f"{added:.1%} of {rendering_s:.1f} s",
        f"≤ {OVERHEAD_SHARE:.0%}",
        ok=added <= OVERHEAD_SHARE,
    )


def synthesize_chunks(store: S3Store) -> list[str]:
    """Synthesize chunks with measurements, as the service does."""
    engine = ToneEngine(suffix="mp3")
    narrator = Narrator(engine, store, VoiceSettings("Joanna", "generative"), ProcessGroup())
    chunks = [_build_chunk(f"{number} {STORY[:250]}") for number in range(CHUNKS)]
    return [each.key for each in narrator.narrate(chunks).recordings if each]


def _build_chunk(text: str) -> Chunk:
    utterance = Utterance(text, text, BreakKind.PARAGRAPH)
    return Chunk((utterance,), f"<speak><s>{text}</s></speak>", len(text), 650)


def call_handler(handler: Endpoint, event: dict[str, Any]) -> dict[str, Any]:
    """Call a handler without its log."""
    with redirect_stdout(StringIO()):
        answered = handler(event, FakeContext())
    if answered["statusCode"] != HTTPStatus.OK:
        raise RuntimeError(answered["body"])
    return answered


def build_row(what: str, measured: str, figure: str, *, ok: bool) -> Row:
    """Build a row of the table."""
    return {"what": what, "measured": measured, "figure": figure, "ok": ok}


def run() -> list[Row]:
    """Measure all rows; takes about a minute."""
    logging.getLogger("mixer").setLevel(logging.CRITICAL)
    return [*measure_imports(), measure_estimate(), measure_mix()]


def main() -> None:
    """Print the rows."""
    for each in run():
        mark = "ok  " if each["ok"] else "MISS"
        print(f"{mark} {each['what']}: {each['measured']} (figure: {each['figure']})")


if __name__ == "__main__":
    main()
