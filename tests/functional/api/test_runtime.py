"""The handlers as Lambda runs them: processes of the runtime's client, fed by a Runtime API."""

import json
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import boto3
import psutil
import pytest
import requests
from moto.server import ThreadedMotoServer

from mixer.api.auth import digest_token
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, measure
from mixer.store.s3 import S3Store, create_s3_client
from tests.emulators.runtime_api import FunctionError, start_function
from tests.emulators.strict_polly import HANG, Faults, StrictPolly
from tests.functional.api.test_mixstory import tone
from tests.functional.clouds import BUCKET, MUSIC_BUCKET, OPEN_ALLOWANCES, list_keys
from tests.functional.lambdas import event_v2, parse_body

SYNTHESIZE = (
    '{"text": "The lamp went out at nine. Nobody in the village noticed.", "voice": "Joanna"}'
)
MIXSTORY = '{"chunk_keys": %s, "bucket": "%s", "music": "quiet.flac"}'
"""The contract's two requests, as a client of years ago sends them."""

TOKEN, SECRET = "a long and random token", "runtime-tokens"
STORY_LUFS = -18
HANDLERS = {"speech": "polly_handler.handler", "mix": "app.handler", "door": "authorizer.handler"}


@pytest.fixture(scope="module")
def aws():
    """S3 and Secrets Manager behind a real port; clients in the functions find it by variables."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        server._server.server_close()


@pytest.fixture(scope="module")
def polly():
    with StrictPolly(allowances=OPEN_ALLOWANCES) as server:
        yield server


@pytest.fixture(scope="module")
def session():
    return boto3.Session("test", "test", region_name="us-east-1")


@pytest.fixture(scope="module", autouse=True)
def s3(aws, session, tmp_path_factory):
    with closing(create_s3_client(session=session, endpoint_url=aws)) as client:
        for name in (BUCKET, MUSIC_BUCKET):
            client.create_bucket(Bucket=name)
        music = tone(tmp_path_factory.mktemp("music") / "quiet.flac", 6.0, hz=200)
        S3Store(client, MUSIC_BUCKET).put("quiet.flac", music)
        yield client


@pytest.fixture(scope="module")
def environ(aws, polly, session, tmp_path_factory):
    digests = json.dumps({"anna": [digest_token(TOKEN)]})
    with closing(session.client("secretsmanager", endpoint_url=aws)) as secrets:
        secrets.create_secret(Name=SECRET, SecretString=digests)
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL_S3": aws,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws,
        "AWS_ENDPOINT_URL_POLLY": polly.endpoint_url,
        "OUTPUT_BUCKET": BUCKET,
        "MUSIC_BUCKET": MUSIC_BUCKET,
        "TOKENS_SECRET": SECRET,
        "TMPDIR": str(tmp_path_factory.mktemp("tmp")),
    }


@pytest.fixture(scope="module")
def functions(environ, tmp_path_factory):
    """All three, started together and warm for every test; their logs stay readable."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(start_function(handler, environ, logs / name))
            for name, handler in HANDLERS.items()
        }
        yield SimpleNamespace(**started, logs=logs)


@pytest.fixture(autouse=True)
def _reset_server(polly):
    polly.reset()


def ok(answered):
    assert answered["statusCode"] == 200, answered["body"]
    return parse_body(answered)


def caller_behind(door, token):
    """The name that the gateway hands on, if the door is opened."""
    headers = {"authorization": f"Bearer {token}"}
    answer = door.invoke({**event_v2(None, headers=headers), "type": "REQUEST"})
    return answer["context"].get("caller") if answer["isAuthorized"] else None


def test_contracts_two_requests_give_a_finished_sound(functions, s3, tmp_path):
    caller = caller_behind(functions.door, TOKEN)
    assert caller == "anna"
    speech = ok(functions.speech.invoke(event_v2(SYNTHESIZE, "/synthesize", caller=caller)))
    assert speech["chunk_keys"] == list_keys(s3, "narration_chunks/")
    assert speech["bucket"] == BUCKET
    wanted = MIXSTORY % (json.dumps(speech["chunk_keys"]), speech["bucket"])
    mixed = ok(functions.mix.invoke(event_v2(wanted, "/mixstory", caller=caller)))
    assert mixed["chunk_keys"] == speech["chunk_keys"]
    fetched = requests.get(mixed["download_url"], timeout=60)
    assert (fetched.status_code, fetched.headers["Content-Type"]) == (200, "audio/mpeg")
    sound = tmp_path / "story.mp3"
    sound.write_bytes(fetched.content)
    measured = measure(sound, channels=MUSIC_CHANNELS)
    assert measured.duration_s == pytest.approx(mixed["duration_s"], abs=0.1)
    assert measured.duration_s > speech["duration_s"]
    assert measured.loudness_lufs == pytest.approx(STORY_LUFS, abs=1)


def test_second_request_is_answered_by_the_same_warm_process_and_costs_nothing(functions, polly):
    event = event_v2(SYNTHESIZE, caller="anna")
    ok(functions.speech.invoke(event))
    before = polly.counts.calls
    again = ok(functions.speech.invoke(event))
    assert (again["billed_characters"], polly.counts.calls) == (0, before)
    assert functions.speech.process.poll() is None


def test_nobody_is_let_in_without_a_token_of_theirs(functions):
    assert caller_behind(functions.door, "another token") is None
    for function, path in ((functions.speech, "/synthesize"), (functions.mix, "/mixstory")):
        answered = function.invoke(event_v2("{}", path))
        assert (answered["statusCode"], parse_body(answered)["code"]) == (401, "unauthorized")


def test_errors_are_answers_and_the_process_lives_on(functions):
    missing = event_v2('{"chunk_keys": ["narration_chunks/none.mp3"]}', "/mixstory", caller="anna")
    assert functions.mix.invoke(missing)["statusCode"] == 404
    for event in (None, [], "text", 3, {"body": "{"}):
        assert functions.mix.invoke(event)["statusCode"] == 400
    assert functions.mix.process.poll() is None


def test_time_that_lambda_grants_is_kept(functions, polly):
    polly.reset(Faults(texts={"A storm": HANG}))
    event = event_v2('{"text": "A storm came up."}', caller="anna")
    answered = functions.speech.invoke(event, timeout_s=7)
    assert (answered["statusCode"], parse_body(answered)["code"]) == (504, "out_of_time")


def test_log_has_the_requests_ids_and_metrics_but_no_text(functions):
    ok(functions.speech.invoke(event_v2(SYNTHESIZE, caller="anna")))
    log = (functions.logs / "speech").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(each.get("request_id") == "gateway-request" for each in lines)
    assert any("CharactersBilled" in each for each in lines)
    assert "village" not in log


def test_nothing_is_left_in_tmp_and_no_process_behind_the_functions(functions, environ):
    keys_of_nothing = event_v2('{"chunk_keys": ["mixed/none.mp3"]}', "/mixstory", caller="anna")
    functions.mix.invoke(keys_of_nothing)
    assert list(Path(environ["TMPDIR"]).iterdir()) == []
    for function in (functions.speech, functions.mix, functions.door):
        assert psutil.Process(function.process.pid).children(recursive=True) == []


def test_missing_setting_is_an_answer_too(environ, tmp_path):
    bare = {name: value for name, value in environ.items() if name != "OUTPUT_BUCKET"}
    with start_function("app.handler", bare, tmp_path / "log") as function:
        answered = function.invoke(event_v2("{}", "/mixstory", caller="anna"))
    assert (answered["statusCode"], parse_body(answered)["code"]) == (500, "misconfigured")


def test_handler_that_cannot_be_loaded_is_told_as_such(environ, tmp_path):
    with (
        start_function("no_such_module.handler", environ, tmp_path / "log") as function,
        pytest.raises(FunctionError, match="no_such_module"),
    ):
        function.invoke({})
