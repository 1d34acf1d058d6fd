"""The local server with `--aws`: the same endpoints on Amazon Polly and S3, with a authorizer."""

import contextlib
import hashlib
import json

import boto3
import pytest

from mixer.devserver.local import load_laptop_settings, open_cloud
from mixer.devserver.server import DevServer
from tests.emulators.strict_polly import StrictPolly
from tests.functional import clouds
from tests.servers import RunningServer, run_server

TOKEN, SECRET = "a long and random token", "local-server-tokens"


@pytest.fixture
def server(monkeypatch, tmp_path):
    with contextlib.ExitStack() as stack:
        polly = stack.enter_context(StrictPolly(allowances=clouds.OPEN_ALLOWANCES))
        stack.enter_context(clouds.mock_s3())
        environment = {
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_POLLY": polly.endpoint_url,
            "OUTPUT_BUCKET": clouds.BUCKET,
            "MUSIC_BUCKET": clouds.MUSIC_BUCKET,
            "AUTH_MODE": "token",
            "TOKENS_SECRET": SECRET,
            "ALLOWED_ORIGINS": "https://page.example",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        _keep_token()
        server = DevServer(0)
        app = stack.enter_context(open_cloud(load_laptop_settings(environment), tmp_path))
        stack.enter_context(run_server(server, app))
        yield RunningServer(server, None, tmp_path, None)


def _keep_token():
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    with contextlib.closing(boto3.client("secretsmanager")) as secrets:
        secrets.create_secret(Name=SECRET, SecretString=json.dumps({"anna": [digest]}))


def test_whole_way_with_a_token(server):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = json.dumps({"text": "The lamp went out at nine.", "voice": "Joanna"})
    speech = server.send("POST", "/synthesize", body, headers)
    assert speech.status == 200
    assert speech.json["engine"] == "generative"
    wanted = {"chunk_keys": speech.json["chunk_keys"], "bucket": clouds.BUCKET}
    mixed = server.send("POST", "/mixstory", json.dumps(wanted), headers)
    assert mixed.status == 200
    assert "amazonaws.com" in mixed.json["download_url"]


def test_nobody_speaks_without_the_right_token(server):
    body = json.dumps({"text": "The lamp went out at nine."})
    assert server.send("POST", "/synthesize", body).status == 401
    wrong = {"Authorization": "Bearer another token"}
    assert server.send("POST", "/synthesize", body, wrong).status == 403


def test_description_needs_no_token_and_objects_are_s3_s(server):
    assert server.send("GET", "/openapi.json").status == 200
    assert server.send("GET", "/objects/a.mp3").status == 404


def test_preflight_of_a_listed_origin_is_answered(server):
    headers = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    got = server.send("OPTIONS", "/synthesize", headers=headers)
    assert got.status in (200, 204)
    assert got.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "Authorization" in got.headers["Access-Control-Allow-Headers"]
    assert "POST" in got.headers["Access-Control-Allow-Methods"]


def test_page_of_a_listed_origin_may_read_the_answer(server):
    headers = {"Origin": "https://page.example", "Authorization": f"Bearer {TOKEN}"}
    got = server.send("GET", "/voices", headers=headers)
    assert got.status == 200
    assert got.headers["Access-Control-Allow-Origin"] == "https://page.example"
