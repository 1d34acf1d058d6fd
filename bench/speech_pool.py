"""How close the bounded pool comes to the ideal schedule within Amazon Polly's quota.

A strict Polly on localhost allows 8 calls a second and 26 in flight; its latency grows with the
characters. A hundred chunks are synthesized twice in the narration's pool: undisturbed, and with 20
% of the calls throttled and 2 % of the connections cut. Measuring and storing chunks is excluded:
the cores limit it, not the quota. The ideal starts every call, in order, the moment the quota
allows, and costs only latency. With faults 0.78 of the calls succeed, so the ideal is divided by
that.
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
"""Target as a multiple of the ideal."""

LATENCY = Latency(base_s=0.4, per_char_s=0.001)
"""A call of 1,000 characters takes 1.4 s, about as generative voices."""

SEED = 2
"""The first seed with the nominal shares: 28 of the first 128 calls fail, and 2 are cut."""

ENGINE = "generative"


def build_chunks(count: int = CHUNKS) -> list[str]:
    """Build distinct chunks of 200 to 2,900 characters, mixed."""
    return [
        f"<speak><s>{number} {'word ' * (40 + number * 37 % 540)}</s></speak>"
        for number in range(count)
    ]


def ideal_s(latencies_s: Sequence[float], allowance: Allowance) -> float:
    """Compute when the last call ends if each starts as soon as rate, burst and slots allow."""
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
    """Synthesize all chunks; return seconds, results and the server's counts."""
    with StrictPolly(faults=faults, latency=LATENCY) as polly, closing(polly.client()) as client:
        engine, delivery = PollyEngine(client, engine=ENGINE), VoiceSettings("Joanna", ENGINE)

        def speak(ssml: str) -> Speech:
            return engine.synthesize(ssml, delivery)

        began_s = time.monotonic()
        speeches = [
            outcome.result()
            for _, outcome in run_in_parallel(build_chunks(), speak, engine.parallelism)
        ]
        return time.monotonic() - began_s, speeches, polly.counts


def measure_row(what: str, faults: Faults, ideal: float) -> dict[str, object]:
    """Measure and compare with the target; a lost or doubly paid chunk fails it too."""
    seconds, speeches, counts = measure_pool(faults)
    lost = CHUNKS - sum(sample_count(speech.audio) > 0 for speech in speeches)
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
    """Measure the two rows; takes about half a minute."""
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
