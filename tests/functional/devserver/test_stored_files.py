"""What the local server shows of the disk: stored audio by signed links, and the page's files."""

import gzip
import http.client
import json
import socket
import time
import tracemalloc
from urllib.parse import quote, urlsplit

import psutil
import pytest

from mixer.store import SignedLinks
from tests.servers import SECRET, send_request, start_server

SOUND = bytes(range(256)) * 4
KEY = "mixed/a story.mp3"


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now_s = 1_000_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def server(tmp_path_factory, clock):
    folder = tmp_path_factory.mktemp("server")
    web = folder / "web"
    (web / "parts").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Mixer</title>")
    (web / "app.js").write_text("export {};")
    (web / "long.js").write_text("export const word = 'lamp';\n" * 100)
    (web / "style.css").write_text("body {}")
    (web / "parts" / "player.js").write_text("export {};")
    (web / "a b.txt").write_text("spaces")
    (web / ".hidden").write_text("hidden")
    (folder / "secret.txt").write_text("secret")
    (web / "way-out.txt").symlink_to(folder / "secret.txt")
    (web / "way-out").symlink_to(folder)
    (web / "inside.js").symlink_to(web / "app.js")
    (web / "loop").symlink_to(web / "loop")
    with start_server(folder, now_s=clock) as running:
        running.store.put(KEY, SOUND)
        running.store.put("empty.mp3", b"")
        yield running


def get(server, headers=None, key=KEY, method="GET"):
    return server.send(method, server.link(key), headers=headers)


# Stored audio


def test_object_is_handed_out_whole(server):
    got = get(server)
    assert (got.status, got.body) == (200, SOUND)
    assert got.headers["Content-Type"] == "audio/mpeg"
    assert got.headers["Content-Length"] == "1024"
    assert got.headers["Accept-Ranges"] == "bytes"
    assert got.headers["ETag"].startswith('"')
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("byte_range", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1024),
        ("bytes=100-199", 100, 200),
        ("bytes=1023-", 1023, 1024),
        ("bytes=1000-9999", 1000, 1024),
        ("bytes=-1", 1023, 1024),
        ("bytes=-1024", 0, 1024),
        ("bytes=-9999", 0, 1024),
        ("Bytes= 5-6 ", 5, 7),
    ],
)
def test_single_range_is_served(server, byte_range, start, end):
    got = get(server, {"Range": byte_range})
    assert (got.status, got.body) == (206, SOUND[start:end])
    assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    assert got.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("byte_range", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_range_behind_the_end_is_refused(server, byte_range):
    got = get(server, {"Range": byte_range})
    assert (got.status, got.json["code"]) == (416, "bad_range")
    assert got.headers["Content-Range"] == "bytes */1024"
    assert got.headers.get_all("Content-Type") == ["application/json"]


@pytest.mark.parametrize(
    "byte_range",
    [
        *("bytes=", "bytes=-", "bytes=a-b", "bytes=9-3", "bytes", "items=0-1", "bytes=0-1,4-5"),
        *("bytes=1-2-3", "bytes=--1", "bytes=+1-2", f"bytes={'9' * 5000}-", "0-1"),
    ],
)
def test_range_of_another_kind_is_answered_with_the_whole(server, byte_range):
    got = get(server, {"Range": byte_range})
    assert (got.status, got.body) == (200, SOUND)


@pytest.mark.parametrize("byte_range", ["bytes=0-", "bytes=-1"])
def test_nothing_has_no_range(server, byte_range):
    assert get(server, key="empty.mp3").body == b""
    assert get(server, {"Range": byte_range}, "empty.mp3").status == 416


def test_head_tells_the_length_and_sends_nothing(server):
    with server.connect() as connection:
        for headers in ({}, {"Range": "bytes=0-9"}):
            got = send_request(connection, "HEAD", server.link(KEY), headers=headers)
            assert (got.status, got.body) == (200, b"")
            assert got.headers["Content-Length"] == "1024"
        assert send_request(connection, "GET", server.link(KEY)).body == SOUND


@pytest.mark.parametrize("pattern", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_is_not_sent_again(server, pattern):
    etag = get(server).headers["ETag"]
    with server.connect() as connection:
        headers = {"If-None-Match": pattern.format(etag)}
        got = send_request(connection, "GET", server.link(KEY), headers=headers)
        assert (got.status, got.body, got.headers["ETag"]) == (304, b"", etag)
        assert send_request(connection, "GET", server.link(KEY)).body == SOUND


def test_range_of_a_file_that_has_changed_is_answered_with_the_whole(server):
    etag = get(server).headers["ETag"]
    same = get(server, {"Range": "bytes=0-9", "If-Range": etag})
    changed = get(server, {"Range": "bytes=0-9", "If-Range": '"older"'})
    assert (same.status, changed.status) == (206, 200)


def test_new_content_has_a_new_tag(server):
    server.store.put("changing.mp3", b"one")
    before = get(server, key="changing.mp3").headers["ETag"]
    server.store.put("changing.mp3", b"two")
    got = get(server, {"If-None-Match": before}, key="changing.mp3")
    assert (got.status, got.body) == (200, b"two")


def test_link_expires(server, clock):
    link = server.link(KEY, 60)
    clock.now_s += 59
    assert server.send("GET", link).status == 200
    clock.now_s += 2
    got = server.send("GET", link)
    assert (got.status, got.json["code"]) == (403, "link_expired")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signature=", "signature=0"),
        ("expires=1", "expires=2"),
        ("a%20story", "another"),
        ("?", "#"),
    ],
)
def test_tampered_link_opens_nothing(server, old, new):
    link = server.link(KEY)
    assert old in link
    got = server.send("GET", link.replace(old, new))
    assert (got.status, got.json["code"]) == (403, "bad_link")


def test_unsigned_key_tells_nothing_of_what_is_there(server):
    answers = [server.send("GET", f"/objects/{key}") for key in (quote(KEY), "no-such.mp3")]
    assert {(each.status, each.json["error"]) for each in answers} == {
        (403, "This link was not made by this server.")
    }


def test_signed_key_that_is_not_there_is_named(server):
    got = get(server, key="mixed/none.mp3")
    assert (got.status, got.json["code"]) == (404, "not_found")
    assert "mixed/none.mp3" in got.json["error"]


def test_even_a_signed_key_stays_in_the_store(server):
    for key in ("../secret.txt", ".link-secret", ".metadata/mixed/a story.mp3.json", "/etc/passwd"):
        target = server.links.sign_link(key, 60).partition(str(server.port))[2]
        assert server.send("GET", target).status == 404


def test_objects_are_only_read(server):
    for method in ("PUT", "POST", "DELETE"):
        assert server.send(method, server.link(KEY), b"x").status == 404
    assert get(server).body == SOUND


def test_objects_may_be_read_by_pages_of_any_origin_and_run_nothing(server):
    got = get(server, {"Origin": "https://pages.example"})
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "sandbox" in got.headers["Content-Security-Policy"]


def test_large_object_is_never_whole_in_memory(server):
    size = 200_000_000
    with (server.folder / "large.wav").open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        with server.connect() as connection:
            connection.request("GET", server.link("large.wav"))
            response = connection.getresponse()
            read = sum(len(piece) for piece in iter(lambda: response.read(1 << 20), b""))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (response.headers["Content-Type"], read) == ("audio/wav", size)
    assert peak_bytes < 8_000_000


def test_client_that_leaves_in_the_middle_disturbs_nobody(server):
    with (server.folder / "long.wav").open("wb") as file:
        file.truncate(50_000_000)
    process = psutil.Process()
    before = process.num_fds()
    for _ in range(20):
        with server.connect() as connection:
            connection.request("GET", server.link("long.wav"))
            assert connection.getresponse().read(1000)
    assert get(server).body == SOUND
    deadline_s = time.monotonic() + 60
    while process.num_fds() > before + 2 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert process.num_fds() <= before + 2


# Uploads


BOUNDARY = "multipart/form-data; boundary=limit"


def write_fields(fields):
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields
    ]
    head = '--limit\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'
    return "".join([*parts, head]).encode()


def sign_fields(server, max_bytes, lifetime_s=60):
    form = server.links.sign_form("uploads/a.mp3", "audio/mpeg", max_bytes, lifetime_s)
    return list(form.fields.items())


def test_uploaded_file_is_an_object(server):
    body = write_fields(sign_fields(server, 100)) + SOUND[:100] + b"\r\n--limit--\r\n"
    answer = server.send("POST", "/objects/", body, {"Content-Type": BOUNDARY})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert server.store.get("uploads/a.mp3") == SOUND[:100]


def test_larger_file_than_signed_is_not_kept(server):
    server.store.delete("uploads/a.mp3")
    body = write_fields(sign_fields(server, 99)) + SOUND[:100] + b"\r\n--limit--\r\n"
    answer = server.send("POST", "/objects/", body, {"Content-Type": BOUNDARY})
    assert (answer.status, answer.json["code"]) == (400, "object_too_large")
    assert server.store.head("uploads/a.mp3") is None


@pytest.mark.parametrize(
    ("change", "code"), [({"key": "mixed/b.mp3"}, "bad_link"), ({}, "link_expired")]
)
def test_form_is_refused_before_its_file_is_sent(server, clock, change, code):
    fields = {**dict(sign_fields(server, 100, 60)), **change}
    clock.now_s += 120
    with server.connect() as connection:
        connection.putrequest("POST", "/objects/")
        connection.putheader("Content-Type", BOUNDARY)
        connection.putheader("Content-Length", "50000000")
        connection.endheaders(write_fields(fields.items()))
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["code"]) == (403, code)


@pytest.mark.parametrize(
    ("origin", "status", "code"),
    [
        ("http://evil.example", 403, "origin_refused"),
        ("http://127.0.0.1:80.evil.example", 403, "origin_refused"),
        ("http://localhost:8080", 400, "object_too_large"),
    ],
)
def test_upload_is_refused_for_its_origin_or_size_before_its_file_is_sent(
    server, origin, status, code
):
    with server.connect() as connection:
        connection.putrequest("POST", "/objects/")
        connection.putheader("Origin", origin)
        connection.putheader("Content-Type", BOUNDARY)
        connection.putheader("Content-Length", "50000000")
        connection.endheaders(write_fields(sign_fields(server, 100)))
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["code"]) == (status, code)


def test_signed_link_is_good_for_its_place_alone(server):
    elsewhere = SignedLinks(f"{server.dev_server.url}/music", SECRET, server.links.now_s)
    parts = urlsplit(elsewhere.sign_link(KEY, 60))
    moved = f"/objects/{quote(KEY)}?{parts.query}"
    assert server.send("GET", moved).json["code"] == "bad_link"


def test_large_upload_is_never_whole_in_memory(server):
    size = 60_000_000
    start, end = write_fields(sign_fields(server, size)), b"\r\n--limit--\r\n"
    tracemalloc.start()
    try:
        with server.connect() as connection:
            connection.putrequest("POST", "/objects/")
            connection.putheader("Content-Type", BOUNDARY)
            connection.putheader("Content-Length", str(len(start) + size + len(end)))
            connection.endheaders(start)
            for _ in range(size // 1_000_000):
                connection.send(bytes(1_000_000))
            connection.send(end)
            assert connection.getresponse().status == 204
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert server.store.head("uploads/a.mp3").size_bytes == size
    assert peak_bytes < 8_000_000


# The page


@pytest.mark.parametrize(
    ("target", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style.css?v=1", "text/css; charset=utf-8"),
        ("/parts/player.js", "text/javascript; charset=utf-8"),
        ("/a%20b.txt", "text/plain; charset=utf-8"),
        ("/inside.js", "text/javascript; charset=utf-8"),
    ],
)
def test_files_of_the_page_are_shown(server, target, content_type):
    got = server.send("GET", target)
    assert (got.status, got.headers["Content-Type"]) == (200, content_type)
    assert got.body


def test_page_may_run_only_its_own_scripts(server):
    headers = server.send("GET", "/").headers
    rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_page_is_compressed_for_clients_that_accept_it(server):
    page = server.send("GET", "/long.js").body
    packed = server.send("GET", "/long.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == page
    for headers in ({}, {"Accept-Encoding": "gzip", "Range": "bytes=0-999"}):
        plain = server.send("GET", "/long.js", headers=headers)
        assert "Content-Encoding" not in plain.headers
        assert page.startswith(plain.body)


def test_head_and_etag_of_a_page(server):
    got = server.send("HEAD", "/app.js")
    assert (got.body, got.headers["Content-Length"]) == (b"", "10")
    again = server.send("GET", "/app.js", headers={"If-None-Match": got.headers["ETag"]})
    assert again.status == 304


WAYS_OUT = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/parts/../../secret.txt",
    "/parts/%2e%2e/app.js",
    "/..%5csecret.txt",
    "/%252e%252e/secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "//etc/passwd",
    "///etc/passwd",
    "/%2fetc/passwd",
    "/app.js%00.html",
    "/way-out.txt",
    "/way-out/secret.txt",
    "/loop",
    "/.hidden",
    "/%2ehidden",
    "/parts",
    "/parts/",
    "/./app.js",
    "/app.js/",
    "/" + "a" * 5000,
    "/" + "a/" * 3000,
]


@pytest.mark.parametrize("target", WAYS_OUT, ids=lambda target: target[:30])
def test_no_way_leads_out_of_the_page_s_folder(server, target):
    got = server.send("GET", target)
    assert (got.status, got.json["code"]) == (404, "not_found")
    assert b"secret" not in got.body


def test_address_in_full_loses_its_host(server):
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET http://localhost/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        response = http.client.HTTPResponse(client)
        response.begin()
        assert (response.status, response.read()) == (200, b"export {};")


def test_without_pages_the_server_says_so(tmp_path):
    with start_server(tmp_path) as bare:
        assert bare.send("GET", "/").status == 404
