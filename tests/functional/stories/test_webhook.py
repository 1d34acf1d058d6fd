"""A webhook as a caller's server sees it, and as a hostile one tries to use it."""

import hmac
import json
import socket
import ssl
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mixer.stories.model import StoredRequest, StoryKind
from mixer.stories.request import derive_webhook_secret
from mixer.stories.steps.webhook import Webhook, WebhookFailed

HOST = "hooks.example.com"
SECRET, STORY = b"a secret of the tests", "0" * 32
NOTICE = {"story_id": STORY, "state": "done", "title": "Größe"}
MOMENT_S = 1_764_000_000.5
HOLD_S, PATIENCE_S = 90, 30
"""How long a server holds up a caller who waits for it, and what comes well before that."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of HOST that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(key.private_bytes(pem, *plain) + made.public_bytes(pem))
    return path


class Caller:
    """A caller's server, with TLS; what it answers can be set."""

    def __init__(self, certificate):
        self.heard, self.statuses, self.status, self.headers = [], [], 204, {}
        self.answers = threading.Event()
        self.answers.set()
        self.drips_for_s = 0.0
        caller = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                caller.heard.append((self.path, dict(self.headers), body))
                caller.answers.wait(HOLD_S)
                self.send_response(caller.statuses.pop(0) if caller.statuses else caller.status)
                for name, value in caller.headers.items():
                    self.send_header(name, value)
                self.flush_headers()
                caller.drip(self.wfile)
                self.end_headers()

            def log_message(self, *_):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def drip(self, file):
        """A header now and then, for so long, or until the connection is closed."""
        until_s = time.monotonic() + self.drips_for_s
        with suppress(OSError):
            while time.monotonic() < until_s:
                time.sleep(0.1)
                file.write(b"X-More: y\r\n")

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def caller(certificate):
    server = Caller(certificate)
    yield server
    server.close()


def webhook(certificate, addresses=("127.0.0.1",), **others):
    """Trusts the test's certificate, finds HOST on this machine, and lets it be told."""
    given = {
        "resolve": lambda _host, _port: list(addresses),
        "check_addresses": lambda _: None,
        "context": ssl.create_default_context(cafile=str(certificate)),
        "now_s": lambda: MOMENT_S,
        "timeout_s": PATIENCE_S,
    }
    return Webhook(SECRET, **{**given, **others})


def request(url):
    return StoredRequest(StoryKind.STORY, "anna", "f", 0.0, {}, webhook=url)


def test_news_arrive_whole_and_signed(certificate, caller):
    webhook(certificate).notify(NOTICE, request(f"https://{HOST}:{caller.port}/told?by=mixer"))
    ((path, headers, body),) = caller.heard
    assert path == "/told?by=mixer"
    assert json.loads(body) == NOTICE
    assert (headers["Content-Type"], headers["Host"]) == (
        "application/json",
        f"{HOST}:{caller.port}",
    )
    moment, signed = (part.partition("=")[2] for part in headers["Mixer-Signature"].split(","))
    key = derive_webhook_secret(SECRET, STORY).encode()
    assert moment == str(int(MOMENT_S))
    assert signed == hmac.new(key, moment.encode() + b"." + body, sha256).hexdigest()


def test_signature_is_worth_nothing_for_another_body_or_story(certificate, caller):
    for notice in (NOTICE, {**NOTICE, "state": "failed"}, {**NOTICE, "story_id": "1" * 32}):
        webhook(certificate).notify(notice, request(f"https://{HOST}:{caller.port}/"))
    assert len({headers["Mixer-Signature"] for _, headers, _ in caller.heard}) == 3


def test_nobody_is_told_where_nobody_asked(certificate, caller):
    webhook(certificate).notify(NOTICE, request(""))
    assert not caller.heard


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 500, 503])
def test_answer_that_is_no_success_is_a_failure_and_redirects_are_not_followed(
    certificate, caller, status
):
    caller.status = status
    caller.headers = {"Location": f"https://{HOST}:{caller.port}/elsewhere"}
    with pytest.raises(WebhookFailed) as failed:
        webhook(certificate).notify(NOTICE, request(f"https://{HOST}:{caller.port}/"))
    assert failed.value.details["status"] == status
    assert [path for path, *_ in caller.heard] == ["/"]


def test_where_no_state_machine_tries_again_a_thread_does(certificate, caller):
    caller.statuses = [503, 503]
    caller.answers.clear()
    tell = webhook(certificate, retry_delays_s=(0.1,) * 4).notify_in_background
    tell(NOTICE, request(f"https://{HOST}:{caller.port}/"))
    assert len(caller.heard) <= 1
    caller.answers.set()
    wait_until(lambda: len(caller.heard) == 3)
    time.sleep(0.5)
    assert len(caller.heard) == 3


def wait_until(is_so):
    until_s = time.monotonic() + HOLD_S
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_certificate_must_be_trusted_and_the_names_own(certificate, caller):
    url = f"https://{HOST}:{caller.port}/"
    with pytest.raises(WebhookFailed, match="SSLCertVerificationError"):
        webhook(certificate, context=None).notify(NOTICE, request(url))
    with pytest.raises(WebhookFailed, match="SSLCertVerificationError"):
        webhook(certificate).notify(NOTICE, request(f"https://other.example.com:{caller.port}/"))
    assert not caller.heard


def test_name_that_leads_to_this_machine_is_not_told(certificate, caller):
    """The real resolver and the real policy: both names are this machine's own."""
    real = Webhook(SECRET, context=ssl.create_default_context(cafile=str(certificate)))
    inside = Webhook(SECRET, resolve=lambda *_: ["8.8.8.8", "127.0.0.1"])
    for hook, host in ((real, "localhost"), (real, socket.gethostname()), (inside, HOST)):
        with pytest.raises(WebhookFailed, match=r"BadInput|gaierror"):
            hook.notify(NOTICE, request(f"https://{host}:{caller.port}/"))
    assert not caller.heard


def test_name_is_resolved_once_and_the_connection_goes_where_was_looked(certificate, caller):
    asked, judged = [], []

    def resolve_twice(host, _port):
        """Harmless at first, another address ever after."""
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    hook = webhook(certificate, resolve=resolve_twice, check_addresses=judged.append)
    hook.notify(NOTICE, request(f"https://{HOST}:{caller.port}/"))
    assert (asked, judged) == ([HOST], [["127.0.0.1"]])
    assert len(caller.heard) == 1


def test_name_that_is_never_resolved_holds_up_nobody(certificate, caller):
    answered = threading.Event()
    hook = webhook(certificate, resolve=lambda *_: answered.wait(HOLD_S), timeout_s=0.3)
    with end_soon(), pytest.raises(WebhookFailed, match="TimeoutError"):
        hook.notify(NOTICE, request(f"https://{HOST}:{caller.port}/"))
    answered.set()


def test_next_address_is_tried_where_one_does_not_answer(certificate, caller):
    hook = webhook(certificate, addresses=["127.0.0.9", "127.0.0.1"])
    hook.notify(NOTICE, request(f"https://{HOST}:{caller.port}/"))
    assert len(caller.heard) == 1


@contextmanager
def end_soon():
    """The block ends long before a server that holds it up would let it go."""
    begun_s = time.monotonic()
    yield
    assert time.monotonic() - begun_s < PATIENCE_S


@contextmanager
def serve_drop_by_drop(first, every_s=0.2):
    """A server that never ends: some bytes, then one after the other."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.sendall(first)
                while not stopped.wait(every_s):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        stopped.set()


def test_server_that_drips_its_handshake_holds_up_nobody(certificate):
    hook = webhook(certificate, timeout_s=0.7)
    with (
        serve_drop_by_drop(b"\x16\x03\x03\x40\x00") as port,
        end_soon(),
        pytest.raises(WebhookFailed),
    ):
        hook.notify(NOTICE, request(f"https://{HOST}:{port}/"))


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\nX-More: "])
def test_local_server_that_drips_its_status_holds_up_nobody(first):
    with serve_drop_by_drop(first) as port:
        local = Webhook(SECRET, timeout_s=0.7, allows_localhost=True)
        with pytest.raises(WebhookFailed):
            local.notify(NOTICE, request(f"http://127.0.0.1:{port}/"))


def test_server_that_drips_its_answer_holds_up_nobody(certificate, caller):
    """Its status came in time; what it says after that is not waited for."""
    caller.drips_for_s = HOLD_S
    hook = webhook(certificate, timeout_s=2)
    with end_soon():
        hook.notify(NOTICE, request(f"https://{HOST}:{caller.port}/"))
    assert len(caller.heard) == 1


def test_name_with_many_dead_addresses_takes_no_longer(certificate):
    """A server whose queue is full answers to no knock."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        port = server.getsockname()[1]
        for _ in range(4):
            knocking = waiting.enter_context(closing(socket.socket()))
            knocking.setblocking(False)
            knocking.connect_ex(("127.0.0.1", port))
        dead = webhook(certificate, addresses=["127.0.0.1"] * 200, timeout_s=0.9)
        with end_soon(), pytest.raises(WebhookFailed, match="TimeoutError"):
            dead.notify(NOTICE, request(f"https://{HOST}:{port}/"))
