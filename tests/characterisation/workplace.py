"""Where observations are made: commands run, and a server asked, in a folder of their own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.characterisation.normalised import Names, describe, normalise

ROOT = Path(__file__).parents[2]
PINNED_HEADERS = ("Allow", "Location", "WWW-Authenticate", "Content-Range", "Accept-Ranges")
START_S, END_S, STORY_S, ANSWER_S = 120, 60, 300, 300
ENDED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True)
class Workplace:
    """A folder with music, sounds and a store; no settings and no cloud of the user's.

    Attributes:
        folder: everything lies in it.
    """

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Workplace":
        """Fill a folder with the demo's music and sounds."""
        place = cls(folder)
        for each in (place.music, folder / "temp"):
            each.mkdir(parents=True)
        place.call(ROOT / "demo/bed.py", place.music / "quiet.flac", check=True)
        place.call(ROOT / "demo/sounds.py", place.music, check=True)
        return place

    @property
    def music(self) -> Path:
        """The folder of music and sounds."""
        return self.folder / "music"

    @property
    def environment(self) -> dict[str, str]:
        """What commands find: paths and the language, nothing else."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        home, temp = str(self.folder), str(self.folder / "temp")
        fixed = {"PYTHONPATH": str(ROOT), "MIXER_SIGNING": "off"}  # no two signatures are the same
        return {**kept, **fixed, "HOME": home, "TMPDIR": temp}

    def call(self, *arguments: str | Path, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run Python with arguments."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=check,
        )

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run `mixer`."""
        return self.call("-m", "mixer", *arguments)

    def read(self, *arguments: str | Path) -> dict[str, Any]:
        """What a command that prints JSON says."""
        done = self.run(*arguments)
        return {"exit": done.returncode, "json": normalise(json.loads(done.stdout or "null"))}

    def produce(self, name: str, *arguments: str | Path) -> dict[str, Any]:
        """Run `mixer … --out`, and describe all files that it makes.

        Args:
            name: of the finished file, in a folder of its own.
            arguments: of the command.
        """
        out = self.folder / "out" / name.replace(".", "-") / name
        out.parent.mkdir(parents=True)
        done = self.run(*arguments, "--out", out)
        files = sorted(path for path in out.parent.rglob("*") if path.is_file())
        return {
            "exit": done.returncode,
            "files": {
                str(path.relative_to(out.parent)): describe(path.name, path.read_bytes())
                for path in files
            },
        }

    @contextmanager
    def serve(self, store: str = "served", **settings: str) -> Iterator["Server"]:
        """Run `mixer serve` for a block.

        Args:
            store: name of the folder that keeps what is made.
            settings: environment variables.
        """
        port = _find_port()
        arguments = ["-m", "mixer", "serve", "--port", str(port), "--grace-s", "0"]
        arguments += ["--store", str(self.folder / store), "--music", str(self.music)]
        with (self.folder / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env={**self.environment, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                _await_port(port, process)
                yield Server(port, self.folder)
            finally:
                _end(process)


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.content)

    def describe(self, name: str = "") -> dict[str, Any]:
        """What is pinned of it.

        Args:
            name: how a file of such content is called; of other bodies only JSON is pinned.
        """
        names = Names()
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        kept = {
            each: names.replace(self.headers[each])
            for each in PINNED_HEADERS
            if each in self.headers
        }
        told: dict[str, Any] = {"status": self.status, "type": kind, "headers": kept}
        if name:
            return {**told, "body": describe(name, self.content)}
        return {**told, "body": normalise(self.json)} if kind.endswith("json") else told


@dataclass(frozen=True)
class Server:
    """A server at work."""

    port: int
    folder: Path

    def ask(
        self,
        target: str,
        body: Any = None,
        *,
        method: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request: GET, or POST where there is a body."""
        content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        method = method or ("GET" if body is None else "POST")
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)) as line:
            line.request(method, target, content, dict(headers or {}))
            response = line.getresponse()
            return Answer(response.status, response.headers, response.read())

    def follow(self, link: str, **more: Any) -> Answer:
        """Ask for what a link leads to."""
        parts = urlsplit(link)
        return self.ask(f"{parts.path}?{parts.query}", **more)

    def await_story(self, accepted: Answer) -> Answer:
        """The last answer about a story."""
        begun_s = time.monotonic()
        while (answer := self.ask(accepted.json["status_url"])).json["state"] not in ENDED:
            if time.monotonic() - begun_s > STORY_S:
                raise TimeoutError(answer.content.decode())
            time.sleep(0.2)
        return answer

    def upload(self, name: str, content: bytes) -> str:
        """Send a file as a browser does; its key."""
        form = self.ask("/uploads", {"name": name, "size_bytes": len(content)}).json
        fields = [(f'name="{key}"', value.encode()) for key, value in form["fields"].items()]
        parts = [*fields, (f'name="file"; filename="{name}"', content)]
        head = b"--limit\r\nContent-Disposition: form-data; "
        body = b"".join(head + how.encode() + b"\r\n\r\n" + part + b"\r\n" for how, part in parts)
        kind = {"Content-Type": "multipart/form-data; boundary=limit"}
        self.follow(form["url"], body=body + b"--limit--\r\n", headers=kind)
        return str(form["key"])


def _find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < START_S and process.poll() is None:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"mixer serve does not listen (exit code {process.poll()})")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
