"""Running local servers for the page, with voices of tones and faults on demand."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mixer.api.auth import TokenRegistry, authorize_request, digest_token
from mixer.devserver import DevServer, Folders, load_laptop_settings, open_laptop
from mixer.devserver.gateway import ApiFunction
from mixer.devserver.guard import HttpRefusal
from mixer.settings import Auth
from mixer.sound import ffmpeg
from mixer.speech.engine import SpeechEngine
from tests.engines import ToneEngine

WEB = Path(__file__).parents[3] / "web"
TOKEN = "open-sesame-1234567890"  # noqa: S105 - it opens nothing but these servers


@dataclass
class ServerFaults:
    """What goes wrong on a server, by `METHOD /path`; one that ends with a slash means all below.

    Attributes:
        failing: answered with 500.
        held: answered once it is removed.
        requests: every request line received.
    """

    failing: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        request = f"{scope['method']} {scope['path']}"
        self.requests.append(request)
        while any(_matches(request, pattern) for pattern in list(self.held)):
            await asyncio.sleep(0.02)
        if any(_matches(request, pattern) for pattern in list(self.failing)):
            message = "Something broke on the server."
            raise HttpRefusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)
        await app(scope, receive, send)

    @contextmanager
    def hold(self, pattern: str) -> Iterator[None]:
        """Answer such requests after the block."""
        self.held.add(pattern)
        try:
            yield
        finally:
            self.held.remove(pattern)

    def count(self, request: str) -> int:
        return self.requests.count(request)


def _matches(request: str, pattern: str) -> bool:
    return request == pattern or (pattern.endswith("/") and request.startswith(pattern))


@dataclass
class PageServer:
    """A running local server."""

    url: str
    engine: SpeechEngine
    folder: Path
    faults: ServerFaults = field(default_factory=ServerFaults)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def build_authorizer() -> ApiFunction:
    """Admits callers with a token alone."""
    secret = json.dumps({"anna": [digest_token(TOKEN)]})
    registry = TokenRegistry(lambda: secret)

    def answer(event: Any, _context: object) -> dict[str, Any]:
        return authorize_request(event, Auth(mode="token"), registry)

    return ApiFunction("authorizer", answer)


@contextmanager
def start_server(
    folder: Path, engine: SpeechEngine | None = None, port: int = 0, **environ: str
) -> Iterator[PageServer]:
    """A server until the block ends; the same folder and port make it the one of before."""
    engine = engine or ToneEngine(suffix="mp3")
    music = folder / "music"
    if not music.exists():
        music.mkdir(parents=True)
        tone = ["-f", "lavfi", "-i", "sine=f=220:d=9", str(music / "evening-hum.flac")]
        ffmpeg.run(["-y", *tone], timeout_s=60)
    folders = Folders(folder / "store", WEB, music)
    settings = load_laptop_settings(environ)
    authorizer = build_authorizer() if settings.auth.mode == "token" else None
    with ExitStack() as stack:
        server = DevServer(port)
        app = stack.enter_context(open_laptop(settings, server.url, folders, engine, authorizer))
        running = PageServer(server.url, engine, folder)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await running.faults.serve(app, scope, receive, send)

        server.start(serve)
        stack.callback(server.stop, 5)
        yield running
