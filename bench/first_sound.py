"""Listening while a story is made: the first sound, and stalls.

A local server answers real requests, with the embedded voice or with a strict Polly that takes as
long as the real one; it is warm after a first story, and each trial begins when the one before has
ended. CPU time counts all processes from the request to the first sound, whatever they work on. The
player is virtual: it gets pieces as a growing response and counts when one came too late.
"""

import http.client
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from mixer.devserver import DevServer, Folders, load_laptop_settings, open_laptop
from mixer.speech import SpeechEngine
from mixer.speech.polly import EngineQuotas, PollyEngine, VoiceCatalogue
from mixer.stories.renditions import piece_span_s
from tests.emulators.strict_polly import Latency, StrictPolly
from tests.functional.clouds import OPEN_ALLOWANCES

SENTENCES = (
    "The lamp on the pier of {0} was lit at nine, as it had been for thirty years. ",
    "Anna counted the boats of {0} twice and wrote the number down. ",
    "The people of {0} had not expected the letter, and no one asked who had sent it. ",
)
TRIALS = {1_000: 12, 600_000: 6}
MAX_P50_S, MAX_P95_S = 1.0, 2.0
POLLY_TRIALS = {1_000: 6, 600_000: 4}
POLLY_CALL_S, MAX_POLLY_P95_S = 0.6, 3.0
QUIET_S, QUIET_SHARE = 0.5, 0.15
"""A server that has nothing to do uses less than this share of a core."""
HOUR_CHARS, SPEED = 52_000, 4.0
TEN_HOURS_CHARS = 520_000

ENDED = {"done", "failed", "cancelled"}

BYTES_PER_S = 16_000
"""At 128 kbit/s."""


@dataclass(frozen=True)
class Laptop:
    """A running local server."""

    port: int

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return the JSON of its answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as server:
            server.request(method, path, None if body is None else json.dumps(body))
            return json.loads(server.getresponse().read())

    def fetch(self, path: str) -> bytes:
        """Fetch a segment; empty if it is not there."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as server:
            server.request("GET", path)
            response = server.getresponse()
            return response.read() if response.status == HTTPStatus.OK else b""

    def begin(self, text: str) -> str:
        """Start a story."""
        return str(self.send("POST", "/stories", {"text": text})["story_id"])

    def await_end(self, story: str) -> None:
        """Wait for the end of a story."""
        while self.send("GET", f"/stories/{story}")["state"] not in ENDED:
            time.sleep(0.1)

    @contextmanager
    def open_stream(self, story: str) -> Iterator[http.client.HTTPResponse]:
        """Open the growing response of a story."""
        link = urlsplit(self.send("GET", f"/stories/{story}")["listen"]["audio"])
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as server:
            server.request("GET", f"{link.path}?{link.query}")
            yield server.getresponse()


@contextmanager
def open_server(folder: Path, voice: SpeechEngine | None = None) -> Iterator[Laptop]:
    """Run a local server on a folder, by default with the embedded voice."""
    server = DevServer(0)
    folders = Folders(folder / "store", Path("web"), folder)
    with open_laptop(load_laptop_settings({}), server.url, folders, voice) as app:
        server.start(app)
        try:
            yield Laptop(server.port)
        finally:
            server.stop(5)


def write_text(chars: int, name: str) -> str:
    """Write a text that has not been spoken before."""
    paragraphs: list[str] = []
    written = 0
    while written < chars:
        number = len(paragraphs)
        paragraphs.append("".join(each.format(f"{name} {number}") for each in SENTENCES).strip())
        written += len(paragraphs[-1]) + 2
    return "\n\n".join(paragraphs)[:chars]


def time_first_sound(laptop: Laptop, text: str) -> tuple[float, float]:
    """Measure from the request to the first bytes of sound: wall time and CPU time."""
    begun_s, cpu_s = time.monotonic(), _sum_cpu_s()
    story = laptop.begin(text)
    with laptop.open_stream(story) as stream:
        stream.read(1_000)
        took_s, cpu_s = time.monotonic() - begun_s, _sum_cpu_s() - cpu_s
    laptop.send("DELETE", f"/stories/{story}")
    _await_quiet()
    return took_s, cpu_s


def _await_quiet() -> None:
    """Wait until what was cancelled has ended."""
    before_s = -QUIET_S
    while (now_s := _sum_cpu_s()) - before_s > QUIET_SHARE * QUIET_S:
        before_s = now_s
        time.sleep(QUIET_S)


def _sum_cpu_s() -> float:
    """CPU time of this process, its children and theirs, running or ended."""
    ticks = os.sysconf("SC_CLK_TCK")
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    numbers = sorted(int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    parents = {pid: _read_stat(pid) for pid in numbers}
    below = {os.getpid()}
    for pid, fields in parents.items():
        if fields and int(fields[1]) in below:
            below.add(pid)
            total += sum(map(int, fields[11:15])) / ticks
    return total


def _read_stat(pid: int) -> list[str]:
    """Read the fields of a process after its name (proc(5)); empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def count_stalls(laptop: Laptop, text: str, speed: float) -> tuple[int, float]:
    """Play a story while it is made; returns the stalls and the minutes that were played."""
    story, stalls, played_to_s, total = laptop.begin(text), 0, 0.0, 0
    with laptop.open_stream(story) as stream:
        while content := stream.read1(65_536):
            now_s = time.monotonic()
            stalls += bool(total) and now_s > played_to_s
            total += len(content)
            played_to_s = max(played_to_s, now_s) + len(content) / BYTES_PER_S / speed
            time.sleep(max(0.0, played_to_s - now_s - 10))
    return stalls, total / BYTES_PER_S / 60


def find_least_lead(laptop: Laptop, text: str) -> tuple[float, float]:
    """Play a story at its own speed, on a clock that runs by the CPU time of all processes.

    That is the time of an idle machine with one core. Returns by how many seconds a piece was there
    before its time, at least, which is negative for a stall; and the minutes played.
    """
    story, least_s, piece, played_to_s = laptop.begin(text), math.inf, 0, 0.0
    link = urlsplit(laptop.send("GET", f"/stories/{story}")["listen"]["playlist"])
    folder, begun_s, has_ended = link.path.removesuffix(".m3u8"), _sum_cpu_s(), False
    while True:
        if laptop.fetch(f"{folder}/{piece}.ts?{link.query}"):
            now_s = _sum_cpu_s() - begun_s
            least_s = min(least_s, played_to_s - now_s) if piece else least_s
            begin_s, end_s = piece_span_s(piece)
            played_to_s = max(played_to_s, now_s) + end_s - begin_s
            piece += 1
        elif has_ended:
            return least_s, piece_span_s(piece)[0] / 60
        else:
            has_ended = laptop.send("GET", f"/stories/{story}")["state"] in ENDED
            time.sleep(0.5)


def run() -> list[dict[str, object]]:
    """Measure all rows."""
    rows: list[dict[str, object]] = []
    with (
        TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        open_server(Path(folder)) as laptop,
    ):
        laptop.await_end(laptop.begin(write_text(400, "Warmth")))
        for chars, trials in TRIALS.items():
            costs = _time_trials(laptop, chars, trials)
            rows.append(_build_time_row(f"{chars:,} characters", costs, (MAX_P50_S, MAX_P95_S)))
        stalls, minutes = count_stalls(laptop, write_text(HOUR_CHARS, "Hour"), SPEED)
        rows.append(
            {
                "what": f"stalls of {minutes:.0f} min listened to at {SPEED:g}× while made",
                "measured": str(stalls),
                "figure": "0",
                "ok": stalls == 0,
            }
        )
        least_s, minutes = find_least_lead(laptop, write_text(TEN_HOURS_CHARS, "Book"))
        rows.append(
            {
                "what": f"least lead in {minutes:.0f} min at 1×, on the clock of one idle core",
                "measured": f"{least_s:.2f} s",
                "figure": "no stall: ≥ 0 s",
                "ok": least_s >= 0,
            }
        )
    return [*rows, *_time_polly()]


def _time_polly() -> list[dict[str, object]]:
    """Measure the first sound of Amazon Polly's voices, at the price of the real ones."""
    rows = []
    with (
        TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        StrictPolly(allowances=OPEN_ALLOWANCES) as polly,
        closing(polly.client()) as client,
    ):
        polly.reset(latency=Latency(base_s=POLLY_CALL_S))
        engine = PollyEngine(client, quotas=EngineQuotas(1.0), catalogue=VoiceCatalogue())
        with open_server(Path(folder), engine) as laptop:
            laptop.await_end(laptop.begin(write_text(400, "Warmth")))
            for chars, trials in POLLY_TRIALS.items():
                costs = _time_trials(laptop, chars, trials)
                what = f"{chars:,} characters by Polly, {1000 * POLLY_CALL_S:.0f} ms a call"
                rows.append(_build_time_row(what, costs, (MAX_POLLY_P95_S, MAX_POLLY_P95_S)))
    return rows


def _time_trials(laptop: Laptop, chars: int, trials: int) -> list[tuple[float, float]]:
    texts = (write_text(chars, f"Port {chars} {trial}") for trial in range(trials))
    return [time_first_sound(laptop, text) for text in texts]


def _build_time_row(
    what: str, costs: list[tuple[float, float]], most_s: tuple[float, float]
) -> dict[str, object]:
    walls, cpus = zip(*costs, strict=True)
    cuts, cpu_cuts = (quantiles(each, n=20, method="inclusive") for each in (walls, cpus))
    p50_s, p95_s = cuts[9], cuts[18]
    return {
        "what": f"request to first sound, {what}",
        "measured": f"p50 {p50_s:.2f} s, p95 {p95_s:.2f} s; "
        f"CPU p50 {cpu_cuts[9]:.2f} s, p95 {cpu_cuts[18]:.2f} s",
        "figure": f"p50 ≤ {most_s[0]:g} s, p95 ≤ {most_s[1]:g} s",
        "ok": p50_s <= most_s[0] and p95_s <= most_s[1],
    }
