"""What the local server shows of the disk: stored audio by signed links, and the page's files."""

import http.client
import socket
import time
import tracemalloc
from urllib.parse import quote

import psutil
import pytest

from tests.servers import send_request, start_server

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
def served(tmp_path_factory, clock):
    folder = tmp_path_factory.mktemp("server")
    web = folder / "web"
    (web / "parts").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Mixer</title>")
    (web / "app.js").write_text("export {};")
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


def get(served, headers=None, key=KEY, method="GET"):
    return served.send(method, served.link(key), headers=headers)


# Stored audio


def test_object_is_handed_out_whole(served):
    got = get(served)
    assert (got.status, got.body) == (200, SOUND)
    assert got.headers["Content-Type"] == "audio/mpeg"
    assert got.headers["Content-Length"] == "1024"
    assert got.headers["Accept-Ranges"] == "bytes"
    assert got.headers["ETag"].startswith('"')
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("asked_range", "start", "end"),
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
def test_single_range_is_served(served, asked_range, start, end):
    got = get(served, {"Range": asked_range})
    assert (got.status, got.body) == (206, SOUND[start:end])
    assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    assert got.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("asked_range", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_range_behind_the_end_is_refused(served, asked_range):
    got = get(served, {"Range": asked_range})
    assert (got.status, got.json["code"]) == (416, "bad_range")
    assert got.headers["Content-Range"] == "bytes */1024"
    assert got.headers.get_all("Content-Type") == ["application/json"]


@pytest.mark.parametrize(
    "asked_range",
    [
        *("bytes=", "bytes=-", "bytes=a-b", "bytes=9-3", "bytes", "items=0-1", "bytes=0-1,4-5"),
        *("bytes=1-2-3", "bytes=--1", "bytes=+1-2", f"bytes={'9' * 5000}-", "0-1"),
    ],
)
def test_range_of_another_kind_is_answered_with_the_whole(served, asked_range):
    got = get(served, {"Range": asked_range})
    assert (got.status, got.body) == (200, SOUND)


@pytest.mark.parametrize("asked_range", ["bytes=0-", "bytes=-1"])
def test_nothing_has_no_range(served, asked_range):
    assert get(served, key="empty.mp3").body == b""
    assert get(served, {"Range": asked_range}, "empty.mp3").status == 416


def test_head_tells_the_length_and_sends_nothing(served):
    with served.connect() as connection:
        for headers in ({}, {"Range": "bytes=0-9"}):
            got = send_request(connection, "HEAD", served.link(KEY), headers=headers)
            assert (got.status, got.body) == (200, b"")
            assert got.headers["Content-Length"] == "1024"
        assert send_request(connection, "GET", served.link(KEY)).body == SOUND


@pytest.mark.parametrize("pattern", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_is_not_sent_again(served, pattern):
    etag = get(served).headers["ETag"]
    with served.connect() as connection:
        headers = {"If-None-Match": pattern.format(etag)}
        got = send_request(connection, "GET", served.link(KEY), headers=headers)
        assert (got.status, got.body, got.headers["ETag"]) == (304, b"", etag)
        assert send_request(connection, "GET", served.link(KEY)).body == SOUND


def test_range_of_a_file_that_has_changed_is_answered_with_the_whole(served):
    etag = get(served).headers["ETag"]
    same = get(served, {"Range": "bytes=0-9", "If-Range": etag})
    changed = get(served, {"Range": "bytes=0-9", "If-Range": '"older"'})
    assert (same.status, changed.status) == (206, 200)


def test_new_content_has_a_new_tag(served):
    served.store.put("changing.mp3", b"one")
    before = get(served, key="changing.mp3").headers["ETag"]
    served.store.put("changing.mp3", b"two")
    got = get(served, {"If-None-Match": before}, key="changing.mp3")
    assert (got.status, got.body) == (200, b"two")


def test_link_expires(served, clock):
    link = served.link(KEY, 60)
    clock.now_s += 59
    assert served.send("GET", link).status == 200
    clock.now_s += 2
    got = served.send("GET", link)
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
def test_tampered_link_opens_nothing(served, old, new):
    link = served.link(KEY)
    assert old in link
    got = served.send("GET", link.replace(old, new))
    assert (got.status, got.json["code"]) == (403, "bad_link")


def test_unsigned_key_tells_nothing_of_what_is_there(served):
    answers = [served.send("GET", f"/objects/{key}") for key in (quote(KEY), "no-such.mp3")]
    assert {(each.status, each.json["error"]) for each in answers} == {
        (403, "This link was not made by this server.")
    }


def test_signed_key_that_is_not_there_is_named(served):
    got = get(served, key="mixed/none.mp3")
    assert (got.status, got.json["code"]) == (404, "not_found")
    assert "mixed/none.mp3" in got.json["error"]


def test_even_a_signed_key_stays_in_the_store(served):
    for key in ("../secret.txt", ".link-secret", ".metadata/mixed/a story.mp3.json", "/etc/passwd"):
        target = served.links.sign_link(key, 60).partition(str(served.port))[2]
        assert served.send("GET", target).status == 404


def test_objects_are_only_read(served):
    for method in ("PUT", "POST", "DELETE"):
        assert served.send(method, served.link(KEY), b"x").status == 404
    assert get(served).body == SOUND


def test_objects_may_be_read_by_pages_of_any_origin_and_run_nothing(served):
    got = get(served, {"Origin": "https://pages.example"})
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "sandbox" in got.headers["Content-Security-Policy"]


def test_large_object_is_never_whole_in_memory(served):
    size = 200_000_000
    with (served.folder / "large.wav").open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        with served.connect() as connection:
            connection.request("GET", served.link("large.wav"))
            response = connection.getresponse()
            read = sum(len(piece) for piece in iter(lambda: response.read(1 << 20), b""))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (response.headers["Content-Type"], read) == ("audio/wav", size)
    assert peak_bytes < 8_000_000


def test_client_that_leaves_in_the_middle_disturbs_nobody(served):
    with (served.folder / "long.wav").open("wb") as file:
        file.truncate(50_000_000)
    process = psutil.Process()
    before = process.num_fds()
    for _ in range(20):
        with served.connect() as connection:
            connection.request("GET", served.link("long.wav"))
            assert connection.getresponse().read(1000)
    assert get(served).body == SOUND
    until_s = time.monotonic() + 10
    while process.num_fds() > before + 2 and time.monotonic() < until_s:
        time.sleep(0.05)
    assert process.num_fds() <= before + 2


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
def test_files_of_the_page_are_shown(served, target, content_type):
    got = served.send("GET", target)
    assert (got.status, got.headers["Content-Type"]) == (200, content_type)
    assert got.body


def test_page_may_run_only_its_own_scripts(served):
    headers = served.send("GET", "/").headers
    rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_head_and_etag_of_a_page(served):
    got = served.send("HEAD", "/app.js")
    assert (got.body, got.headers["Content-Length"]) == (b"", "10")
    again = served.send("GET", "/app.js", headers={"If-None-Match": got.headers["ETag"]})
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
def test_no_way_leads_out_of_the_page_s_folder(served, target):
    got = served.send("GET", target)
    assert (got.status, got.json["code"]) == (404, "not_found")
    assert b"secret" not in got.body


def test_address_in_full_loses_its_host(served):
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(b"GET http://localhost/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        response = http.client.HTTPResponse(client)
        response.begin()
        assert (response.status, response.read()) == (200, b"export {};")


def test_without_pages_the_server_says_so(tmp_path):
    with start_server(tmp_path) as bare:
        assert bare.send("GET", "/").status == 404
