"""A process that dies in the middle of a synthesis loses nothing that was stored."""

import json
import subprocess
import sys
import time

import pytest

from mixer.store.folder import FolderStore
from tests.emulators.strict_polly import Latency, StrictPolly

CHUNKS = 40
TEXT = "\n\n* * *\n\n".join(f"Scene {n} is told in one sentence of its own." for n in range(CHUNKS))
BODY = json.dumps({"text": TEXT, "text_type": "markdown"})
KILL_AFTER = 12


@pytest.fixture
def polly():
    with StrictPolly(latency=Latency(base_s=0.4)) as server:
        yield server


def start_process(polly, folder):
    command = [sys.executable, "-m", "tests.functional.stories.synthesis_process"]
    process = subprocess.Popen(
        [*command, polly.endpoint_url, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdin.write(BODY.encode())
    process.stdin.close()
    process.stdin = None
    return process


def wait_until(condition, process):
    deadline_s = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the process ended before it was killed"
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def await_quiet(polly):
    """What has happened once the server has ended its calls."""
    while polly.counts.in_flight:
        time.sleep(0.01)
    return polly.counts


def list_chunks(store):
    return [each.key for each in store.list("narration_chunks/")]


def test_the_second_run_pays_only_for_what_the_killed_one_did_not_store(polly, tmp_path):
    store = FolderStore(tmp_path / "store")
    killed = start_process(polly, tmp_path / "store")
    try:
        wait_until(lambda: polly.counts.answered >= KILL_AFTER and list_chunks(store), killed)
    finally:
        killed.kill()
        killed.communicate()
    paid, stored = await_quiet(polly).answered, list_chunks(store)
    assert 0 < len(stored) <= paid < CHUNKS
    again = start_process(polly, tmp_path / "store")
    output, _ = again.communicate(timeout=120)
    answer = json.loads(output.splitlines()[-1])
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert len(set(body["chunk_keys"])) == CHUNKS
    assert set(stored) <= set(body["chunk_keys"])
    assert polly.counts.answered - paid == CHUNKS - len(stored)
    in_flight = paid - len(stored)
    twice = sum(times - 1 for times in polly.counts.texts.values())
    assert twice <= in_flight <= 26
    entries = [each.key for each in store.list("spending/")]
    assert len(entries) == 2, "what the killed one had reserved, and what the second one paid"
