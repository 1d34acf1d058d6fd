"""Malformed and hostile requests on all routes of the local server."""

import http.client
import io
import json
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from tests.attack.campaign import Row, Tally
from tests.attack.mutation import TOKENS, mutate_bytes
from tests.engines import ToneEngine
from tests.servers import run_server

TIMEOUT_S = 60
MAX_GROWTH_BYTES = 300 << 20
"""Of the process between the first tenth of the requests and the last."""

BUSY = 503

ROUTES = (
    *("GET /", "GET /voices", "GET /capabilities", "GET /openapi.json", "GET /music"),
    *("GET /stories", "GET /stories/{id}", "POST /stories", "DELETE /stories/{id}"),
    *("POST /stories/{id}/cancel", "POST /synthesize", "POST /mixstory", "POST /estimate"),
    *(
        "POST /uploads",
        "POST /objects/",
        "GET /objects/{id}",
        "GET /music/{id}",
        "OPTIONS /stories",
    ),
    *("PUT /stories", "PATCH /estimate", "HEAD /voices", "TRACE /", "POST /v1/audio/speech"),
    *("GET /v1/models", "POST /preview", "GET /nothing", "POST /cast", "GET /projects"),
    *("GET /projects/{id}", "PUT /projects/{id}", "DELETE /projects/{id}", "GET /feeds"),
    *("POST /feeds", "GET /feeds/{id}", "POST /feeds/{id}", "DELETE /feeds/{id}"),
    *("GET /feed/{id}/feed.xml", "HEAD /feed/{id}/{id}", "GET /stories/{id}/versions"),
    *("POST /stories/{id}/versions", "POST /stories/{id}/edits", "GET /stories/{id}/events"),
    *("GET /stories/{id}/sentences", "GET /stories/{id}/comparison", "GET /v2/voices"),
    *("GET /stories/{id}/listen.m3u8", "GET /stories/{id}/listen.mp3", "GET /v1/voices/{id}"),
    *("GET /stories/{id}/listen/{id}.ts", "POST /v1/text-to-speech/{id}/with-timestamps"),
)
ID = "abcdefgh-0"
"""Valid as the id of a project."""

BODY: dict[str, Any] = {
    "text": "One bell.",
    "text_type": "markdown",
    "voice": "Joanna",
    "engine": "neural",
    "dry_run": True,
    "music": "bed.flac",
    "chunk_keys": ["narration_chunks/a.mp3"],
    "bucket": "b",
    "gap_ms": 400,
    "format": "mp3",
    "lexicon": "a = b",
    "webhook": "https://example.com/hook",
    "name": "bed.flac",
    "size_bytes": 100,
    "title": "A",
    "version": 1,
    "changes": [{"sentence": 0, "text": "Two bells."}],
    "model": "mixer",
    "input": "One bell.",
    "max_cost_usd": 1,
    "stories": ["x"],
    "sounds": {"bell": "uploads/a.mp3"},
    "link": "https://example.com/",
}
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 10**30, "", "a" * 5_000, [], {}, [[]], {"a": {"b": []}}),
    *("\0", "../../etc/passwd", "http://169.254.169.254/", "file:///etc/passwd", "x://[", "{id}"),
)
HEADERS = (
    ("Content-Type", ("application/json", "text/plain", "multipart/form-data", "", "a" * 3_000)),
    ("Authorization", ("Bearer", "Bearer x", "Basic eDp4", "Bearer " + "x" * 5_000)),
    ("If-Match", ("*", '"x"', 'W/"x", "y"', '"', "\\")),
    ("If-None-Match", ("*", '"x", W/"y"', "," * 3_000)),
    ("xi-api-key", ("x", "x" * 5_000)),
    ("Idempotency-Key", ("a", "a" * 500, "é", "\t")),
    ("Range", ("bytes=0-", "bytes=-1", "bytes=9-1", "bytes=" + "0-1," * 500, "items=1")),
    ("Origin", ("null", "http://evil.example", "http://127.0.0.1:1")),
    ("Accept", ("text/html", "text/event-stream", "*/*;q=x")),
    ("Transfer-Encoding", ("gzip", "chunked, chunked")),
)


def attack_server(tally: Tally, draw: random.Random, count: int) -> None:
    """Send random requests; no 5xx but 503, no broken connection, memory flat."""
    process, sizes = psutil.Process(), list[int]()
    with (
        silence_logs(),
        # A story that was stopped may still write its last object.
        TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as name,
        _serve(Path(name)) as port,
    ):
        for number in range(count):
            tally.count(_send_request(draw, port, number))
            if number % max(1, count // 10) == 0:
                sizes.append(process.memory_info().rss)
    growth_bytes = max(sizes[1:], default=0) - sizes[min(1, len(sizes) - 1)]
    tally.notes.append(f"memory grew by {growth_bytes >> 20} MiB after the first tenth")
    if growth_bytes > MAX_GROWTH_BYTES:
        tally.count(f"memory grew by {growth_bytes >> 20} MiB")


def _send_request(draw: random.Random, port: int, number: int) -> str:
    method, path = draw.choice(ROUTES).split()
    path = path.replace("{id}", draw.choice(("x", "..%2f..", "%00", "a" * 2_000, "%ff", "%5C", ID)))
    body, headers = _draw_body(draw), _draw_headers(draw)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    what = f"number {number}: {method} {path[:60]}"
    try:
        connection.request(method, path + _draw_query(draw), body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"{what}: {type(error).__name__}: {error}"
    finally:
        connection.close()
    if answer.status > 499 and answer.status != BUSY:
        return f"{what}: {answer.status} {content[:200]!r}"
    return f"{what}: a traceback" if b"Traceback" in content else ""


def _draw_body(draw: random.Random) -> bytes:
    fields = {name: value for name, value in BODY.items() if draw.random() < 0.5}
    for name in draw.sample(list(BODY), draw.randint(0, 3)):
        fields[name] = draw.choice((*VALUES, *TOKENS))
    content = json.dumps(fields).encode(errors="replace")
    match draw.randrange(8):
        case 0:
            return mutate_bytes(draw, content)
        case 1:
            return json.dumps(content.decode()).encode()
        case 2:
            return b"[" * draw.choice((10, 5_000, 100_000))
        case 3:
            return b'{"text":"\\ud800","voice":"\\u005cud800"}'
        case _:
            return content


def _draw_headers(draw: random.Random) -> dict[str, str]:
    chosen = draw.sample(HEADERS, draw.randint(0, 3))
    headers = {name: draw.choice(values) for name, values in chosen}
    return {
        name: value.encode("latin-1", "replace").decode("latin-1")
        for name, value in headers.items()
    }


def _draw_query(draw: random.Random) -> str:
    return draw.choice(
        (
            *("", "", "?a=b", "?limit=-1", "?limit=x&limit=2", "?%00=%ff", "?" + "a" * 2_000),
            *("?at_s=1e999", "?first=-1&count=x", "?before=1&after=0", "?cursor=-&start=nan"),
            *("?expires=1&signature=x", "?signature=%00&start=live", "?output_format=pcm_0"),
        )
    )


@contextmanager
def silence_logs() -> Iterator[None]:
    """Each request is a line of the log, and the metrics another of standard output."""
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _serve(folder: Path) -> Iterator[int]:
    folders = Folders(folder / "store", folder / "web", folder / "music")
    server, engine = DevServer(0), ToneEngine(suffix="mp3")
    settings = load_laptop_settings({})
    with (
        open_laptop(settings, server.url, folders, engine) as application,
        run_server(server, application),
    ):
        yield server.port


ROW = Row(
    "hostile requests, all routes",
    "no 5xx but 503, no traceback, memory flat",
    short=150,
    full=20_000,
    attack=attack_server,
)
