"""How long a warm server takes to the first bytes of sound of a text that is new to it.

python tests/clients/first_byte.py URL TOKEN
"""

import http.client
import json
import sys
import time
from urllib.parse import urlsplit

RUNS = 40
SENTENCE = "On day {} of the voyage the lamp went out at nine, and the sea was calm. "
LENGTHS = {"short": 1, "long": 40}
"""Sentences of a text; a long one has about 3,000 characters."""


def measure_s(host, token, text, stream_format="audio"):
    body = {"model": "mixer", "voice": "alloy", "input": text, "stream_format": stream_format}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(host, timeout=60)
    begun_s = time.perf_counter()
    connection.request("POST", "/v1/audio/speech", json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.read(64) and answer.status == 200
    taken_s = time.perf_counter() - begun_s
    answer.read()
    connection.close()
    return taken_s


def main(url, token):
    host, seed = urlsplit(url).netloc, time.time_ns() % 1_000_000
    measure_s(host, token, "This loads the voice.")
    for name, sentences in LENGTHS.items():
        taken = sorted(
            measure_s(
                host,
                token,
                "".join(SENTENCE.format(seed + 100 * run + n) for n in range(sentences)),
            )
            for run in range(RUNS if sentences == 1 else RUNS // 4)
        )
        p50, p95 = taken[len(taken) // 2], taken[int(0.95 * len(taken))]
        print(
            f"{name}: {len(taken)} texts, p50 {p50:.3f} s, p95 {p95:.3f} s, max {taken[-1]:.3f} s"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
