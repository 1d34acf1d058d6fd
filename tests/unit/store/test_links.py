"""Signed links: good for one object until they expire, and for nothing else."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.store.folder import FolderStore
from mixer.store.links import SECRET_NAME, LinkStatus, SignedLinks, load_secret

BASE_URL = "http://127.0.0.1:8080/objects"
SECRET = b"s" * 32


def links(now_s: float = 1_000.0, secret: bytes = SECRET) -> SignedLinks:
    return SignedLinks(BASE_URL, secret, lambda: now_s)


def open_link(link: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(link)
    return unquote(parts.path.removeprefix("/objects/")), dict(parse_qsl(parts.query))


def test_link_is_valid_until_it_expires():
    key, query = open_link(links(1_000.0).sign_link("mixed/a b.mp3", 60))
    assert key == "mixed/a b.mp3"
    assert links(1_059.9).check_link(key, query) is LinkStatus.VALID
    assert links(1_060.0).check_link(key, query) is LinkStatus.EXPIRED


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_every_key_survives_the_way_through_a_link(key):
    given_key, query = open_link(links().sign_link(key, 60))
    assert given_key == key
    assert links().check_link(key, query) is LinkStatus.VALID


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "9999999999"},
        {"expires": "1060 "},
        {"expires": "+1060"},
        {"expires": ""},
        {"expires": "١٠٦٠"},
        {"signature": ""},
        {"signature": "ü" * 64},
        {"signature": "0" * 64},
    ],
)
def test_changed_link_is_forged(change):
    key, query = open_link(links().sign_link("a.mp3", 60))
    assert links().check_link(key, query | change) is LinkStatus.FORGED


def test_link_is_for_one_key_alone():
    _, query = open_link(links().sign_link("a.mp3", 60))
    assert links().check_link("b.mp3", query) is LinkStatus.FORGED


def test_link_without_query_is_forged():
    assert links().check_link("a.mp3", {}) is LinkStatus.FORGED


def test_link_of_another_secret_is_forged():
    key, query = open_link(links(secret=b"t" * 32).sign_link("a.mp3", 60))
    assert links().check_link(key, query) is LinkStatus.FORGED


def test_forged_link_is_not_called_expired():
    key, query = open_link(links().sign_link("a.mp3", 60))
    assert links(5_000.0).check_link(key, query | {"expires": "1001"}) is LinkStatus.FORGED


def test_secret_is_kept_and_private(tmp_path):
    folder = tmp_path / "store"
    secret = load_secret(folder)
    assert len(secret) == 32
    assert load_secret(folder) == secret
    assert (folder / SECRET_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [SECRET_NAME]


def test_secret_that_others_could_read_is_replaced(tmp_path):
    secret = load_secret(tmp_path)
    (tmp_path / SECRET_NAME).chmod(0o644)
    assert load_secret(tmp_path) != secret
    assert (tmp_path / SECRET_NAME).stat().st_mode & 0o777 == 0o600


def test_those_who_start_at_once_share_a_secret(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(load_secret, [tmp_path] * 64))) == 1


def test_folder_store_makes_links_that_its_server_honours(tmp_path):
    url = FolderStore(tmp_path, links()).url("mixed/a.mp3", 60)
    assert url.startswith(f"{BASE_URL}/mixed/a.mp3?")
    assert links().check_link(*open_link(url)) is LinkStatus.VALID


def test_folder_store_without_server_names_the_file(tmp_path):
    store = FolderStore(tmp_path)
    store.put("a b.mp3", b"sound")
    assert store.url("a b.mp3", 60) == (tmp_path / "a b.mp3").as_uri()
