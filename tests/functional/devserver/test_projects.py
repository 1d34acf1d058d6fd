"""Projects of a local server as clients see them: saved, listed, changed in two places, refused."""

import json
from dataclasses import dataclass

import pytest

from mixer.api import build_authorizer
from mixer.devserver.gateway import ApiFunction
from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.store.folder import FolderStore
from tests.engines import ToneEngine
from tests.functional.devserver.test_stories import laptop_with
from tests.servers import RunningServer, run_server

ID = "5f0c3a52-0b9e-4f5e-9c57-1f6f5b3c9a10"
PATH = f"/projects/{ID}"
WHOLE = {
    "name": "The Lighthouse",
    "text": "Ann: Hello.\n\n[[sting bell]]\n\nBen: No.",
    "text_type": "markdown",
    "voice": "tone",
    "cast": {"Ann": "one", "Ben": "two"},
    "lexicon": "Boot = /boːt/",
    "music": "uploads/0a.mp3",
    "music_level_lu": 18,
    "duck_db": 6,
    "sounds": {"bell": "uploads/0b.wav"},
    "files": {"uploads/0b.wav": "bell.wav"},
    "title": "The Lighthouse",
    "author": "Ann",
    "cover": "uploads/0c.png",
    "source": "uploads/0d.epub",
    "chapters": "2-5,9",
    "outputs": ["transcript"],
    "stories": ["0" * 32],
}


@dataclass
class Projects:
    """A server's projects, for one caller."""

    served: RunningServer

    def call(self, method, path=PATH, body=None, **headers):
        body = None if body is None else json.dumps(body)
        return self.served.send(method, path, body, headers)

    def save(self, body, etag=None, path=PATH):
        headers = {"If-Match": f'"{etag}"'} if etag else {}
        return self.call("PUT", path, body, **headers)


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    with laptop_with(tmp_path_factory.mktemp("projects"), ToneEngine(suffix="mp3")) as stories:
        yield Projects(stories.served)


def test_project_is_kept_whole_and_survives_the_server(tmp_path):
    for is_restarted in (False, True):
        with laptop_with(tmp_path, ToneEngine(suffix="mp3")) as stories:
            projects = Projects(stories.served)
            saved = projects.call("GET") if is_restarted else projects.save(WHOLE)
            assert saved.status == 200, saved.body
            assert saved.json["project"] == WHOLE
            assert saved.headers["ETag"] == f'"{saved.json["etag"]}"'
            links = saved.json["links"]
            assert sorted(links) == [
                f"uploads/0{each}" for each in ("a.mp3", "b.wav", "c.png", "d.epub")
            ]
            stories.served.store.put("uploads/0b.wav", b"bell")
            assert stories.fetch_link(links["uploads/0b.wav"]).body == b"bell"
            (listed,) = projects.call("GET", "/projects").json["projects"]
            assert (listed["name"], listed["author"], listed["etag"]) == (
                *("The Lighthouse", "Ann"),
                saved.json["etag"],
            )
            assert listed["stories"] == WHOLE["stories"]


def test_second_of_two_changes_is_refused_with_the_present_state(projects):
    path = PATH + "-two"
    first = projects.save({"name": "Two", "text": "One."}, path=path).json
    second = projects.save({"name": "Two", "text": "Two."}, first["etag"], path).json
    stale = projects.save({"name": "Two", "text": "Three."}, first["etag"], path)
    assert (stale.status, stale.json["code"]) == (412, "project_changed")
    current = stale.json["details"]["project"]
    assert (current["project"]["text"], current["etag"]) == ("Two.", second["etag"])
    assert projects.save({"name": "Two", "text": "Three."}, path=path).status == 412
    repeated = projects.save({"name": "Two", "text": "Two."}, first["etag"], path)
    assert (repeated.status, repeated.json["etag"]) == (200, second["etag"])
    assert projects.call("DELETE", path).json == {"project_id": path.rpartition("/")[2]}
    gone = projects.save({"name": "Two", "text": "Four."}, second["etag"], path)
    assert (gone.status, "deleted" in gone.json["error"]) == (404, True)
    assert projects.save({"name": "Two", "text": "Four."}, path=path).status == 200


@pytest.mark.parametrize(
    ("if_match", "is_refused"),
    [
        ("{etag}", False),
        ('"{etag}"', False),
        ('W/"{etag}"', False),
        ('"0123", "{etag}"', False),
        ("*", False),
        ('"*"', True),
        ('""', True),
        ('"0123"', True),
        ('"0123", "4567"', True),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_states_that_a_change_or_a_deletion_names(projects, method, if_match, is_refused):
    path = PATH + "-named"
    projects.call("DELETE", path)
    etag = projects.save({"name": "Now"}, path=path).json["etag"]
    body = {"name": "Then"} if method == "PUT" else None
    headers = {"If-Match": if_match.format(etag=etag)}
    answered = projects.call(method, path, body, **headers)
    assert answered.status == (412 if is_refused else 200), answered.body
    if is_refused:
        assert answered.json["details"]["project"]["etag"] == etag
        assert projects.call("GET", path).json["project"]["name"] == "Now"


@pytest.mark.parametrize(
    ("request_line", "body", "status", "word"),
    [
        (f"PUT {PATH}", {"text": "x"}, 400, "name"),
        (f"PUT {PATH}", {"name": " \t\u3000"}, 400, "name"),
        (f"PUT {PATH}", {"name": "x", "duck_db": 99}, 400, "duck_db"),
        (f"PUT {PATH}", {"name": "x", "cast": {"Ann": 5}}, 400, "cast.Ann"),
        (f"PUT {PATH}", {"name": "x", "stories": ["s"] * 51}, 400, "stories"),
        (f"PUT {PATH}", {"name": "x", "text": "x" * 4_000_000}, 413, "4,000,000"),
        ("PUT /projects/short", {"name": "x"}, 400, "project_id"),
        ("PUT /projects/UPPERCASE-ID", {"name": "x"}, 400, "project_id"),
        ("GET /projects/..%2F..%2Fstories", None, 404, ""),
        ("GET /projects/0123456789", None, 404, "does not exist"),
        ("DELETE /projects/0123456789", None, 404, "does not exist"),
        ("GET /projects?cursor=1-x", None, 400, "cursor"),
        (f"POST {PATH}", {"name": "x"}, 405, ""),
    ],
)
def test_wrong_request_is_refused_by_name(projects, request_line, body, status, word):
    answered = projects.call(*request_line.split(" "), body)
    assert (answered.status, word in answered.json["error"]) == (status, True), answered.body


def test_project_of_ten_megabytes_and_unknown_fields(projects):
    huge = projects.save({"name": "x", "text": "x" * 10_500_000}, path=PATH + "-big")
    assert huge.status == 413
    odd = projects.save({"name": "x", "colour": "red"}, path=PATH + "-odd")
    assert (odd.status, odd.json["project"]) == (200, {"name": "x"})
    assert "colour" in odd.json["warnings"][0]


def test_callers_do_not_see_each_other(tmp_path):
    server = DevServer(0)
    folders = Folders(tmp_path / "store", tmp_path / "web")
    tokens = {"ann": "the token of ann, long enough", "ben": "the token of ben, long enough"}
    settings = load_laptop_settings({"AUTH_MODE": "token"})
    authorizer = ApiFunction(
        "authorizer", build_authorizer({caller: [token] for caller, token in tokens.items()})
    )
    with (
        open_laptop(settings, server.url, folders, ToneEngine(), authorizer) as app,
        run_server(server, app),
    ):
        projects = Projects(RunningServer(server, FolderStore(folders.store), tmp_path, None))
        ann, ben = ({"Authorization": f"Bearer {each}"} for each in tokens.values())
        made = projects.call("PUT", PATH, {"name": "Secret"}, **ann)
        assert made.status == 200, made.body
        assert projects.call("GET", PATH, **ben).status == 404
        assert projects.call("DELETE", PATH, **ben).status == 404
        changed = projects.call("PUT", PATH, {"name": "x"}, **ben, **{"If-Match": "*"})
        assert changed.status == 404
        assert projects.call("GET", "/projects", **ben).json["projects"] == []
        assert projects.call("GET", PATH).status == 401
        assert projects.call("GET", PATH, **ann).json["project"]["name"] == "Secret"
