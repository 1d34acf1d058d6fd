"""How close the bounded pool comes to the ideal schedule that Amazon Polly's quota allows.

A strict Polly on localhost allows 8 calls a second and 26 in flight; its latency grows with the
characters. A hundred chunks are synthesized twice, in the pool that narration uses: once
undisturbed, once with 20 % of the calls throttled and 2 % of the connections cut. Measuring and
storing the chunks is left out: the cores bound it, not the quota. The ideal is what an omniscient
scheduler would need: every call starts the moment the quota lets it, in order, and costs nothing
but its latency. With faults only 0.78 of the calls succeed, so the ideal is divided by that.
"""

import heapq
import time
from collections.abc import Sequence
from contextlib import closing

from mixer.parallel import run_in_parallel
from mixer.speech import VoiceSettings
from mixer.speech.engine import Speech
from mixer.speech.polly import PollyEngine, sample_count
from tests.emulators.polly_tables import ALLOWANCES, Allowance
from tests.emulators.strict_polly import Counts, Faults, Latency, StrictPolly

CHUNKS = 100
THROTTLED = 0.20
CUT = 0.02
SUCCESS_SHARE = 1 - THROTTLED - CUT
TOLERANCE = 1.1
"""The figure to reach: so many times the ideal."""

LATENCY = Latency(base_s=0.4, per_char_s=0.001)
"""A call of 1,000 characters takes 1.4 s; about what generative voices need."""

SEED = 2
"""The first whose draws give the nominal share: 28 of the first 128 calls fail, and 2 are cut."""

ENGINE = "generative"


def build_chunks(count: int = CHUNKS) -> list[str]:
    """Chunks of 200 to 2,900 characters, mixed, all different."""
    return [
        f"<speak><s>{number} {'word ' * (40 + number * 37 % 540)}</s></speak>"
        for number in range(count)
    ]


def ideal_s(latencies_s: Sequence[float], allowance: Allowance) -> float:
    """When the last call ends if each starts as soon as rate, burst and places in flight allow."""
    level, filled_s, now_s = allowance.burst, 0.0, 0.0
    ends: list[float] = []
    for latency_s in latencies_s:
        if len(ends) >= allowance.in_flight:
            now_s = max(now_s, heapq.heappop(ends))
        level = min(allowance.burst, level + (now_s - filled_s) * allowance.calls_per_s)
        if level < 1:
            now_s += (1 - level) / allowance.calls_per_s
            level = 1.0
        level, filled_s = level - 1, now_s
        heapq.heappush(ends, now_s + latency_s)
    return max(ends)


def measure_pool(faults: Faults) -> tuple[float, list[Speech], Counts]:
    """Say all chunks; returns seconds, speeches and what the server counted."""
    with StrictPolly(faults=faults, latency=LATENCY) as polly, closing(polly.client()) as client:
        engine, delivery = PollyEngine(client, engine=ENGINE), VoiceSettings("Joanna", ENGINE)

        def speak(ssml: str) -> Speech:
            return engine.synthesize(ssml, delivery)

        began_s = time.monotonic()
        spoken = [
            outcome.result()
            for _, outcome in run_in_parallel(build_chunks(), speak, engine.parallelism)
        ]
        return time.monotonic() - began_s, spoken, polly.counts


def measure_row(what: str, faults: Faults, ideal: float) -> dict[str, object]:
    """Measure, and hold it against the figure; a lost or doubly paid chunk fails it too."""
    seconds, spoken, counts = measure_pool(faults)
    lost = CHUNKS - sum(sample_count(speech.audio) > 0 for speech in spoken)
    ratio = seconds / ideal
    return {
        "what": what,
        "measured": f"{ratio:.2f} × ideal ({seconds:.1f} s of {ideal:.1f} s), {lost} lost, "
        f"{counts.calls} calls, {counts.injected} faults injected, "
        f"{counts.throttled} throttled",
        "figure": f"≤ {TOLERANCE} × ideal, none lost",
        "ok": ratio <= TOLERANCE and lost == 0 and set(counts.texts.values()) == {1},
    }


def run() -> list[dict[str, object]]:
    """The two figures, as rows; takes about half a minute."""
    latencies_s = [
        LATENCY.call_s(len(text) - len("<speak><s></s></speak>")) for text in build_chunks()
    ]
    ideal = ideal_s(latencies_s, ALLOWANCES[ENGINE])
    with_faults = Faults(throttled=THROTTLED, cut=CUT, seed=SEED)
    return [
        measure_row("100 chunks, 8 calls/s, 26 in flight", Faults(), ideal),
        measure_row("the same, 20 % throttled, 2 % cut", with_faults, ideal / SUCCESS_SHARE),
    ]


def main() -> None:
    """Print the rows."""
    for each in run():
        mark = "ok  " if each["ok"] else "MISS"
        print(f"{mark} {each['what']}: {each['measured']} (figure: {each['figure']})")


if __name__ == "__main__":
    main()
