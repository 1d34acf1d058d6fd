"""Running local servers for the page, with voices that say tones and troubles on demand."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mixer.api.authorizer import authorize_request
from mixer.api.tokens import TokenRegistry, digest_token
from mixer.devserver.functions import Function
from mixer.devserver.listener import Listener
from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.messages import HttpRequest, Reply, error_reply
from mixer.devserver.router import Router
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
        slow_s: answered after so many seconds.
        requests: every request line received.
    """

    failing: set[str] = field(default_factory=set)
    slow_s: dict[str, float] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def reply(self, request: HttpRequest, site: Router) -> Reply:
        request_line = f"{request.method} {request.path}"
        self.requests.append(request_line)
        for pattern, wait_s in list(self.slow_s.items()):
            time.sleep(wait_s if _matches(request_line, pattern) else 0)
        if any(_matches(request_line, pattern) for pattern in list(self.failing)):
            message = "Something broke on the server."
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return error_reply(status, "internal", message, request.request_id)
        return site.reply(request)

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


def require_token(site: Router) -> Router:
    """The same for callers with a token alone."""
    secret = json.dumps({"anna": [digest_token(TOKEN)]})
    book = TokenRegistry(lambda: secret)

    def doorkeeper(event: Any, _context: object) -> dict[str, Any]:
        return authorize_request(event, Auth(mode="token"), book)

    return replace(
        site, gateway=replace(site.gateway, authorizer=Function("doorkeeper", doorkeeper))
    )


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
    with ExitStack() as stack:
        listener = Listener(port)
        site = stack.enter_context(
            open_laptop(load_laptop_settings(environ), listener.url, folders, engine)
        )
        if environ.get("AUTH_MODE") == "token":
            site = require_token(site)
        server = PageServer(listener.url, engine, folder)
        listener.start(lambda request: server.faults.reply(request, site))
        stack.callback(listener.stop, 5)
        yield server
