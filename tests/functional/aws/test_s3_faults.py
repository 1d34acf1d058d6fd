"""Answers of S3 that are lost or break off."""

from contextlib import closing
from io import BytesIO

import pytest
from boto3 import Session
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from mixer.errors import StoreFailed
from mixer.store import S3Store, create_s3_client
from tests.functional.retention.cleanup_world import RawBody

CONTENT = bytes(range(256)) * 40
ENDPOINT = "https://nowhere.invalid/"


@pytest.fixture
def client():
    session = Session("test", "test", region_name="us-east-1")
    with mock_aws(), closing(create_s3_client(session=session)) as s3:
        s3.create_bucket(Bucket="mixer")
        yield s3


def read_range(store, _path):
    file = BytesIO(b"before")
    file.seek(0, 2)
    store.read_into("key", file, 10, 90)
    return file.getvalue() == b"before" + CONTENT[10:90]


def fetch(store, path):
    store.fetch("key", path)
    return path.read_bytes() == CONTENT


READS = {
    "get": lambda store, _path: store.get("key") == CONTENT,
    "fetch": fetch,
    "read_into": read_range,
    "digest": lambda store, _path: len(store.digest("key")) == 64,
}


def break_answers(client, count):
    """Let the bodies of so many answers end before they are complete."""
    left = [count]

    def answer(request, **_):
        if not left[0]:
            return None
        left[0] -= 1
        headers = {"Content-Length": str(len(CONTENT))}
        return AWSResponse(request.url, 200, headers, RawBody(CONTENT[:99]))

    client.meta.events.register("before-send.s3.GetObject", answer)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_answers_that_break_off_are_asked_for_again(client, tmp_path, read):
    store = S3Store(client, "mixer")
    store.put("key", CONTENT)
    break_answers(client, 2)
    assert read(store, tmp_path / "file")


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_answers_that_always_break_off_are_an_error(client, tmp_path, read):
    store = S3Store(client, "mixer")
    store.put("key", CONTENT)
    break_answers(client, 3)
    with pytest.raises(StoreFailed, match="key cannot be reached"):
        read(store, tmp_path / "file")
    assert not list(tmp_path.iterdir())


def lose_first_answer(client, before):
    """Carry out the first write, and answer it as an overloaded server."""
    lost = []

    def answer(request, **_):
        if lost:
            return None
        lost.append(request)
        before()
        return AWSResponse(request.url, 503, {}, RawBody(b""))

    client.meta.events.register("before-send.s3.PutObject", answer)


@pytest.mark.parametrize("is_own", [True, False])
def test_claim_whose_answer_is_lost_is_not_taken_for_that_of_another(client, is_own):
    store, about = S3Store(client, "mixer"), {}
    client.meta.events.register(
        "before-parameter-build.s3.PutObject", lambda params, **_: about.update(params)
    )

    def write():
        fields = {"Metadata": about["Metadata"]} if is_own else {}
        with closing(
            create_s3_client(session=Session("test", "test", region_name="us-east-1"))
        ) as s3:
            s3.put_object(Bucket="mixer", Key="key", Body=CONTENT, **fields)

    lose_first_answer(client, write)
    assert store.claim("key", CONTENT) is is_own
    assert not store.claim("key", CONTENT)
