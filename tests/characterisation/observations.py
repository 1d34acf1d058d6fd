"""What is observed, in groups that need nothing of each other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.characterisation.normalised import describe
from tests.characterisation.workplace import ROOT, Answer, Server, Workplace

Observations = dict[str, Any]

SHORT = ROOT / "tests/characterisation/short.md"
STORY, PLAY = ROOT / "demo/story.md", ROOT / "demo/play.md"
FORMATS = ("wav", "flac", "opus", "m4a", "m4b")
OUTPUTS = "chapter_files,read_aloud"

HTML = (
    "<html><body><h1>A Gate</h1><p>It was <em>open</em>.</p><h2>Next</h2><p>No.</p></body></html>"
)
SSML = '<speak>One.<break time="800ms"/>Two, <prosody rate="slow">three</prosody>.</speak>'

IMPATIENT = {"GATEWAY_TIMEOUT_S": "2"}
"""A gateway that has given up before the voice has begun."""

WITH_TOKENS = {"AUTH_MODE": "token", "TOKENS_SECRET": "none"}
"""A secret that is never read: no request here sends a token."""

RINGS = 30
LONG_MIX = 240
"""Chunks of a mix that takes far longer than such a gateway waits."""


def plan_texts(place: Workplace) -> Observations:
    """Everything that reads a text and makes no sound of it; commands that are refused."""
    page, book = place.folder / "page.html", place.folder / "missing.epub"
    page.write_text(HTML, encoding="utf-8")
    refused = {
        "missing text": place.run("narrate", book),
        "ending of the output": place.run("narrate", SHORT, "--out", "story.doc"),
        "option out of range": place.run("narrate", SHORT, "--rate", "1000"),
        "output over the input": place.run(
            "mix", place.music / "bell.flac", "--out", "music/bell.flac"
        ),
        "missing sound": place.run("plan", PLAY),
    }
    return {
        "plan": place.read("plan", SHORT, "--json"),
        "plan of a play": place.read("plan", PLAY, "--music", place.music, "--json"),
        "plan of a page": place.read("plan", page, "--json"),
        "estimate": place.read("estimate", SHORT, "--json"),
        "exit codes": {name: done.returncode for name, done in refused.items()},
    }


def narrate_short(place: Workplace) -> Observations:
    """A short story with music, its chapter files and read-aloud book, and that book read."""
    made = place.produce("short.mp3", *_narrate(place, SHORT), "--outputs", OUTPUTS)
    folder = place.folder / "out/short-mp3"
    audio, picture = folder / "short.mp3", folder / "inspected.png"
    book = next(folder.rglob("*.epub"))
    looked = place.read("inspect", audio, "--json", "--preset", "story", "--picture", picture)
    return {
        "narrate": made,
        "inspect": looked,
        "inspect --picture": describe(picture.name, picture.read_bytes()),
        "plan of the book": place.read("plan", book, "--json"),
    }


def mix_bells(place: Workplace) -> Observations:
    """Sound files mixed, and held against rules that the mix does not keep."""
    bells = [place.music / "bell.flac", place.music / "knock.flac"]
    mixed = place.produce("bells.mp3", "mix", *bells, "--gap-ms", "500", "--title", "Bells")
    out = place.folder / "out/bells-mp3/bells.mp3"
    return {"mix": mixed, "inspect": place.read("inspect", out, "--json", "--preset", "broadcast")}


def encode_formats(place: Workplace) -> Observations:
    """The short story in all other formats, and for an audiobook."""
    made = {kind: place.produce(f"as.{kind}", *_narrate(place, SHORT)) for kind in FORMATS}
    acx = ("--preset", "audiobook-acx", "--outputs", "chapter_files")
    made["acx"] = place.produce("acx.mp3", *_narrate(place, SHORT), *acx)
    return {f"narrate {kind}": each for kind, each in made.items()}


def narrate_play(place: Workplace) -> Observations:
    """What `make play` makes."""
    arguments = ("narrate", PLAY, "--music", place.music, "--store", place.folder / "store")
    return {"make play": place.produce("play.mp3", *arguments)}


def narrate_demo(place: Workplace) -> Observations:
    """What `make demo` makes, and again from what the store holds."""
    first = place.produce("story.mp3", *_narrate(place, STORY))
    again = place.produce("again.mp3", *_narrate(place, STORY))
    same = [
        each["files"][name]["bytes"] for each, name in ((first, "story.mp3"), (again, "again.mp3"))
    ]
    foreseen = place.read("estimate", STORY, "--json")
    return {
        "estimate": foreseen,
        "make demo": first,
        "make demo again is the same": same[0] == same[1],
    }


def ask_routes(place: Workplace) -> Observations:
    """The answers of all routes, and how a server refuses."""
    with place.serve("routes") as server:
        return {
            **_describe_all(_ask_descriptions(server)),
            "GET /capabilities": _describe_capabilities(server.ask("/capabilities")),
            "GET /openapi.json": _list_operations(server.ask("/openapi.json")),
            **_describe_all(_ask_wrongly(server)),
            **_describe_all(_ask_as_stranger(server)),
            **_speak_and_mix(server),
        }


def refuse_without_token(place: Workplace) -> Observations:
    """A server that wants tokens."""
    with place.serve("tokens", **WITH_TOKENS) as server:
        answers = {
            "GET /voices without a token": server.ask("/voices"),
            "POST /mixstory without a token": server.ask("/mixstory", {"chunk_keys": ["a.mp3"]}),
            "GET /voices with no bearer": server.ask("/voices", headers={"Authorization": "abc"}),
        }
        opened = server.ask("/capabilities")
        wants = {"status": opened.status, "auth": opened.json["auth"]}
        return {**_describe_all(answers), "GET /capabilities without a token": wants}


def run_stories(place: Workplace) -> Observations:
    """Stories over HTTP: the play with its sounds; an upload with music and a cover, as M4B."""
    with place.serve("stories") as server:
        play = {
            "text": PLAY.read_text("utf-8"),
            "text_type": "markdown",
            "outputs": OUTPUTS.split(","),
        }
        source = server.upload("short.md", SHORT.read_bytes())
        cover = server.upload("cover.png", _draw_cover(place))
        book = {
            "source": source,
            "cover": cover,
            "music": "quiet.flac",
            "format": "m4b",
            "text_type": "markdown",
        }
        stories = {"play": _run_story(server, play), "upload": _run_story(server, book)}
        listed = server.ask("/stories").describe()
        dry_run = server.await_story(server.ask("/stories", {**play, "dry_run": True}))
        refused = server.ask("/stories", {"text": "A door.\n\n[[sound gone.flac]]", "foo": 1})
        others = {"dry run": dry_run, "missing sound": refused}
        return {**stories, "GET /stories": listed, **_describe_all(others)}


def defer_requests(place: Workplace) -> Observations:
    """What takes longer than the gateway waits: 202, and in the end what 200 would have said."""
    text = "\n\n* * *\n\n".join(f"The bell rang {number} times." for number in range(RINGS))
    body = {"text": text, "text_type": "markdown"}
    with place.serve("deferred", **IMPATIENT) as server:
        speech = server.ask("/synthesize", body)
        spoken = server.await_story(speech)
    with place.serve("deferred") as server:
        at_once = server.ask("/synthesize", body)
    keys = at_once.json["chunk_keys"]
    many = [keys[(number * 7 + number // RINGS) % RINGS] for number in range(LONG_MIX)]
    mix = {"chunk_keys": many, "title": "Bells", "music": "quiet.flac"}
    with place.serve("deferred", **IMPATIENT) as server:
        mixing = server.ask("/mixstory", mix)
        mixed = server.await_story(mixing)
        audio = server.follow(mixed.json["download_url"]).describe("mix.mp3")
    return {
        "POST /synthesize 202": [speech.describe(), spoken.describe()],
        "POST /synthesize afterwards": at_once.describe(),
        "POST /mixstory 202": [mixing.describe(), mixed.describe(), audio],
        "same chunks": spoken.json["chunk_keys"] == keys,
    }


Observe = Callable[[Workplace], Observations]

FAST: Mapping[str, Observe] = {
    "texts": plan_texts,
    "short": narrate_short,
    "mixes": mix_bells,
    "routes": ask_routes,
    "tokens": refuse_without_token,
    "stories": run_stories,
}
"""Groups that every run of the tests observes."""

ALL: Mapping[str, Observe] = {
    **FAST,
    "formats": encode_formats,
    "play": narrate_play,
    "demo": narrate_demo,
    "deferred": defer_requests,
}


def _narrate(place: Workplace, text: Path) -> tuple[str | Path, ...]:
    music, store = place.music / "quiet.flac", place.folder / "store"
    return ("narrate", text, "--music", music, "--store", store)


def _describe_all(answers: Mapping[str, Answer]) -> Observations:
    return {name: answer.describe() for name, answer in answers.items()}


def _ask_descriptions(server: Server) -> dict[str, Answer]:
    """What a server says of itself, and of texts that it does not speak."""
    return {
        "GET /voices": server.ask("/voices"),
        "GET /music": server.ask("/music"),
        "GET /docs": server.ask("/docs"),
        "GET /": server.ask("/"),
        "GET /stories of nobody": server.ask("/stories"),
        "POST /uploads": server.ask("/uploads", {"name": "a.md", "size_bytes": 10}),
        "POST /estimate": server.ask("/estimate", {"text": SHORT.read_text("utf-8")}),
        "POST /estimate html": server.ask("/estimate", {"text": HTML, "text_type": "html"}),
        "POST /estimate ssml": server.ask("/estimate", {"text": SSML, "text_type": "ssml"}),
        "POST /synthesize dry_run": server.ask("/synthesize", {"text": "Hi.", "dry_run": True}),
    }


def _describe_capabilities(answer: Answer) -> Observations:
    """What a server can do; of its options the ranges, not the names."""
    told = answer.describe()
    ranges = sorted(map(str, told["body"].pop("options").values()))
    return {**told, "ranges": ranges}


def _list_operations(answer: Answer) -> Observations:
    """Paths, methods and statuses of an OpenAPI document."""
    paths = answer.json["paths"]
    return {
        f"{method} {path}": sorted(operation["responses"])
        for path, operations in sorted(paths.items())
        for method, operation in sorted(operations.items())
    }


def _ask_wrongly(server: Server) -> dict[str, Answer]:
    """Requests that cannot be answered."""
    chunk = ["narration_chunks/gone.mp3"]
    return {
        "400 no JSON": server.ask("/synthesize", b'{"text":'),
        "400 wrong type": server.ask("/synthesize", {"text": 7}),
        "400 out of range": server.ask("/synthesize", {"text": "a", "rate": 1000}),
        "400 no words": server.ask("/synthesize", {"text": " "}),
        "400 unknown voice": server.ask("/synthesize", {"text": "a", "voice": "Zoe"}),
        "400 no chunks": server.ask("/mixstory", {"chunk_keys": []}),
        "400 key that climbs": server.ask("/mixstory", {"chunk_keys": ["../a.mp3"]}),
        "400 no text": server.ask("/stories", {}),
        "400 chapters of opus": server.ask(
            "/stories", {"text": "a", "format": "opus", "outputs": ["chapter_files"]}
        ),
        "400 type of upload": server.ask("/uploads", {"name": "a.exe", "size_bytes": 10}),
        "403 other bucket": server.ask("/mixstory", {"chunk_keys": chunk, "bucket": "other"}),
        "403 folder of stories": server.ask("/mixstory", {"chunk_keys": ["stories/0/story.mp3"]}),
        "404 missing chunk": server.ask("/mixstory", {"chunk_keys": chunk}),
        "404 missing source": server.ask("/stories", {"source": "uploads/" + "0" * 32 + ".md"}),
        "404 story": server.ask("/stories/abc"),
        "404 route": server.ask("/nothing"),
        "405": server.ask("/voices", method="PUT"),
        "413 text": server.ask("/synthesize", {"text": "a " * 60_000}),
        "413 body": server.ask("/synthesize", {"text": "a" * 6_000_000}),
    }


def _ask_as_stranger(server: Server) -> dict[str, Answer]:
    """Requests as pages of other sites make them."""
    evil = "http://evil.example"
    return {
        "421 host": server.ask("/voices", headers={"Host": "evil.example"}),
        "403 origin": server.ask("/voices", headers={"Origin": evil}),
        "403 preflight": server.ask("/voices", method="OPTIONS", headers={"Origin": evil}),
        "403 unsigned": server.ask("/objects/narration_chunks/a.mp3"),
        "GET / climbing": server.ask("/../../etc/passwd"),
    }


def _speak_and_mix(server: Server) -> Observations:
    """The two endpoints, as long as nobody waits too long."""
    one = server.ask("/synthesize", {"text": "Hi there.", "foo": 1})
    body = {"text": SHORT.read_text("utf-8"), "text_type": "markdown"}
    speech = server.ask("/synthesize", body)
    keys = speech.json["chunk_keys"]
    mix = server.ask("/mixstory", {**speech.json, "music": "quiet.flac", "title": "The Ferry Bell"})
    link, plain = mix.json["download_url"], {"chunk_keys": keys, "format": "wav", "gap_ms": 300}
    other = server.ask("/mixstory", plain)
    missing = server.ask("/mixstory", {"chunk_keys": keys, "music": "gone.mp3"})
    forged = link[:-4] + ("0000" if not link.endswith("0000") else "1111")
    return {
        "POST /synthesize one chunk": _describe_chunk(one),
        "POST /synthesize 200": speech.describe(),
        "POST /synthesize again": server.ask("/synthesize", body).describe(),
        "POST /synthesize chunk keys": keys,
        "POST /mixstory 200": [mix.describe(), server.follow(link).describe("mix.mp3")],
        "POST /mixstory wav": [
            other.describe(),
            server.follow(other.json["download_url"]).describe("mix.wav"),
        ],
        "404 missing music": missing.describe(),
        "206": server.follow(link, headers={"Range": "bytes=10-19"}).describe("part"),
        "416": server.follow(link, headers={"Range": "bytes=999999999-"}).describe(),
        "HEAD": server.follow(link, method="HEAD").describe(),
        "403 forged link": server.follow(forged).describe(),
    }


def _describe_chunk(answer: Answer) -> Observations:
    told = answer.describe()
    told["body"]["audio_base64"] = describe("chunk", answer.json["audio_base64"].encode())
    return told


def _draw_cover(place: Workplace) -> bytes:
    """A picture: the one that `mixer inspect` draws of the bell."""
    path = place.folder / "cover.png"
    place.run("inspect", place.music / "bell.flac", "--picture", path)
    return path.read_bytes()


def _run_story(server: Server, body: Mapping[str, Any]) -> Observations:
    """A story from request to files; the request again, other words under its key, and its end."""
    key = {"Idempotency-Key": str(sorted(body))}
    accepted = server.ask("/stories", body, headers=key)
    done = server.await_story(accepted)
    links = {name: link for name, link in done.json["links"].items() if name != "expires_s"}
    again = server.ask("/stories", body, headers=key)
    return {
        "202": accepted.describe(),
        "done": done.describe(),
        "files": {
            name: server.follow(link).describe(link.partition("?")[0].rpartition("/")[2])
            for name, link in sorted(links.items())
        },
        "same story again": again.json["story_id"] == accepted.json["story_id"],
        "409 key reused": server.ask("/stories", {"text": "No."}, headers=key).describe(),
        "409 cancelled when done": server.ask(
            accepted.json["status_url"], method="DELETE"
        ).describe(),
    }
