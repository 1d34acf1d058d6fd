"""`mixer serve --public-url`: other names of the server, with a token only."""

import pytest

from mixer.devserver import ServerLimits
from tests.commands import run
from tests.servers import echo, start_server

REFUSED = [
    (["--public-url", "http://nas:8080"], "needs --token"),
    (["--token", "t", "--public-url", "nas:8080"], "not an address such as"),
    (["--token", "t", "--public-url", "http://nas:8080/mixer"], "not an address such as"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED)
def test_public_url_is_refused(tmp_path, options, reason):
    done = run("serve", "--port", "0", *options, cwd=tmp_path)
    assert (done.code, done.error.startswith("--public-url: ")) == (2, True)
    assert reason in done.error


HOSTS = {"nas:8080": 200, "NAS:8080": 200, "127.0.0.1": 200, "nas": 421, "evil:8080": 421}


def test_server_answers_to_its_own_names_only(tmp_path):
    limits = ServerLimits(hosts=frozenset({"nas:8080"}))
    with start_server(tmp_path, echo, keys=["GET /echo"], limits=limits) as served:
        for host, status in HOSTS.items():
            assert served.send("GET", "/echo", None, {"Host": host}).status == status, host
