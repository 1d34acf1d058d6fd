"""Webhooks whose names a hostile DNS server resolves: other answers later, private ones, or none.

The server, the system's resolver and two HTTPS servers run in namespaces of their own, where the
server is the only one and an address of the internet is this machine's. Where namespaces may not
be created, nothing is tried.
"""

import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.stories.model import StoredRequest, StoryKind
from mixer.stories.steps.webhook import Webhook, WebhookFailed
from tests.attack.campaign import Row, Tally

PUBLIC = "93.184.215.14"
HOST = "hooks.example.com"
SILENT: tuple[str, ...] = ()
LIMIT_S = 6.0
TIMEOUT_S = 2.0
A_RECORD, AAAA_RECORD = 1, 28
SETUP = (
    f"ip link set lo up && ip address add {PUBLIC}/32 dev lo && mount --bind resolv.conf "
    '/etc/resolv.conf && exec "$0" -m tests.attack.names "$1"'
)

ANSWERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "public": ((PUBLIC,),),
    "first public, then private": ((PUBLIC,), ("127.0.0.1",)),
    "first public, then a link": ((PUBLIC,), ("169.254.169.254",)),
    "private": (("127.0.0.1",),),
    "public and private": ((PUBLIC, "127.0.0.1"),),
    "public, private in IPv6": ((PUBLIC, "::1"),),
    "embedded in IPv6": (("::ffff:127.0.0.1",),),
    "translated": (("64:ff9b::7f00:1",),),
    "6to4": (("2002:7f00:1::1",),),
    "anycast of 6to4": (("192.88.99.1",),),
    "unspecified": ((str(ip_address(0)),),),
    "no answer": (SILENT,),
}
"""What a name resolves to, the first time and later; what is public is notified."""


class NameServer:
    """Answers A and AAAA queries over UDP on port 53, as long as the process runs."""

    def __init__(self) -> None:
        self.answers: tuple[tuple[str, ...], ...] = (SILENT,)
        self._asked = {A_RECORD: 0, AAAA_RECORD: 0}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def use(self, answers: tuple[tuple[str, ...], ...]) -> None:
        self._asked, self.answers = {A_RECORD: 0, AAAA_RECORD: 0}, answers

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            kind = struct.unpack("!H", query[end - 4 : end - 2])[0]
            turn = min(self._asked.get(kind, 0), len(self.answers) - 1)
            self._asked[kind] = turn + 1
            if addresses := self.answers[turn]:
                packed = [ip_address(each).packed for each in addresses]
                wanted = 16 if kind == AAAA_RECORD else 4
                found = [each for each in packed if len(each) == wanted]
                head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
                records = b"".join(
                    b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, wanted) + each for each in found
                )
                self._socket.sendto(head + query[12:end] + records, client)


def count_connections(address: str, certificate: str) -> list[str]:
    """Serve HTTPS on port 443 of an address; returns the list that each request is added to."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer((address, 443), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return seen


def try_names(certificate: str) -> None:
    """Notify each name twice; prints a line for each, with what did not hold."""
    names = NameServer()
    outside, inside = (count_connections(each, certificate) for each in (PUBLIC, "127.0.0.1"))
    hook = Webhook(
        b"a secret",
        context=ssl.create_default_context(cafile=certificate),
        timeout_s=TIMEOUT_S,
    )
    request = StoredRequest(StoryKind.STORY, "anna", "f", 0.0, {}, webhook=f"https://{HOST}/")
    for name, answers in ANSWERS.items():
        names.use(answers)
        outside.clear()
        begun_s = time.monotonic()
        for _ in range(2):
            with suppress(WebhookFailed):
                hook.notify({"story_id": "0" * 32}, request)
        took_s = time.monotonic() - begun_s
        expected = sum(answers[min(n, len(answers) - 1)] == (PUBLIC,) for n in range(2))
        is_held = not inside and len(outside) == expected and took_s < LIMIT_S
        failure = f"{len(inside)} inside, {len(outside)} outside of {expected}, {took_s:.1f} s"
        sys.stdout.write(f"{name}: {'held' if is_held else failure}\n")
        inside.clear()


def attack_names(tally: Tally, _draw: random.Random, count: int) -> None:
    """Try all names in namespaces, so many times in all."""
    with TemporaryDirectory(prefix="attack-") as folder:
        certificate, key = Path(folder, "server.pem"), Path(folder, "key.pem")
        Path(folder, "resolv.conf").write_text("nameserver 127.0.0.1\n")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={HOST}",
             "-addext", f"subjectAltName=DNS:{HOST}"],
            check=True, capture_output=True,
        )  # fmt: skip
        certificate.write_text(certificate.read_text() + key.read_text())
        for _ in range(0, count, len(ANSWERS)):
            _try_in_namespace(tally, folder, str(certificate))


def _try_in_namespace(tally: Tally, folder: str, certificate: str) -> None:
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
    shell = SETUP.replace("resolv.conf /", f"{folder}/resolv.conf /", 1)
    command = [*namespace, "bash", "-c", shell, sys.executable, certificate]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if not lines and "nshare" in done.stderr:
        tally.notes.append("no namespaces here: nothing was tried")
        tally.count()
        return
    for line in lines or [f"nothing tried: {done.stderr[-300:]}"]:
        tally.count("" if line.endswith(": held") else line)


ROW = Row(
    "webhooks by hostile name servers",
    "only addresses of the internet are connected to, in time",
    short=1,
    full=len(ANSWERS),
    attack=attack_names,
)

if __name__ == "__main__":
    try_names(sys.argv[1])
