"""A server with S3's protocol is tried before it is used, and what it lacks is named."""

from contextlib import closing

import pytest
import requests
from boto3 import Session
from moto.server import ThreadedMotoServer

from mixer.devserver import load_laptop_settings
from mixer.errors import Misconfigured
from mixer.store import S3Store, create_s3_client


@pytest.fixture
def client():
    """Of moto as a server, which takes any form and enforces none of its limits."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    session = Session("test", "test", region_name="us-east-1")
    with closing(
        create_s3_client(endpoint_url=address, addressing_style="path", session=session)
    ) as s3:
        yield s3
    server.stop()


def test_what_a_server_lacks_is_named_and_nothing_is_left(client):
    client.create_bucket(Bucket="mixer")
    with pytest.raises(Misconfigured, match=r"does not take signed forms, or ignores") as raised:
        S3Store(client, "mixer").require_abilities()
    assert str(raised.value).count(";") == 0, "moto does all else"
    assert not list(S3Store(client, "mixer").list(""))


def test_links_for_get_and_head_state_the_length(client):
    client.create_bucket(Bucket="mixer")
    store = S3Store(client, "mixer")
    store.put("a b.mp3", b"mp3", content_type="audio/mpeg")
    got, head = store.url("a b.mp3", 60), store.url("a b.mp3", 60, for_head=True)
    assert got != head, "the signature covers the method"
    for method, link in (("GET", got), ("HEAD", head)):
        answer = requests.request(method, link, timeout=30)
        assert (answer.status_code, answer.headers["Content-Length"]) == (200, "3")
        assert answer.headers["Content-Type"] == "audio/mpeg"


def test_missing_bucket_is_named(client):
    with pytest.raises(Misconfigured, match=r"bucket absent cannot be used: it cannot be written"):
        S3Store(client, "absent").require_abilities()


@pytest.mark.parametrize(
    ("environment", "style"),
    [
        ({}, "virtual"),
        ({"S3_ENDPOINT_URL": "http://nas:9000"}, "path"),
        ({"S3_ENDPOINT_URL": "https://x.r2.dev", "S3_ADDRESSING_STYLE": "virtual"}, "virtual"),
    ],
)
def test_style_of_addresses(environment, style):
    assert load_laptop_settings(environment).s3_addressing_style == style


@pytest.mark.parametrize(
    "environment", [{"S3_ENDPOINT_URL": "nas:9000"}, {"S3_ADDRESSING_STYLE": "host"}]
)
def test_wrong_settings_are_named(environment):
    (name,) = environment
    with pytest.raises(Misconfigured, match=name):
        load_laptop_settings(environment)
