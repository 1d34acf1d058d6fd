"""What takes longer than the gateway waits is answered 202, and done as a story."""

import json
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from mixer.api.endpoints import (
    build_mix_endpoint,
    build_speech_endpoint,
    build_story_endpoint,
)
from mixer.api.handlers import create_requested_story, is_story_request
from mixer.aws import StoryFunction
from mixer.compose import AwsServices
from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.errors import BadInput
from mixer.store.folder import FolderStore
from mixer.store.s3 import S3Store
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import REQUEST, StoryFolder
from mixer.stories.model import StoredRequest, StoryKind, StoryState
from mixer.stories.service import StoryService
from tests.emulators.strict_polly import Latency, StrictPolly
from tests.engines import ToneEngine
from tests.functional.clouds import BUCKET, OPEN_ALLOWANCES, build_settings, list_keys, mock_s3
from tests.functional.lambdas import FakeContext, event_v1, event_v2
from tests.functional.story_world import Executions
from tests.servers import RunningServer, run_server
from tests.sounds import VOICE_HZ, speech, write_sound

PATIENCE_S = 6.0
CALL_S = 0.75
CHUNKS = 12
ENDED = {StoryState.DONE, StoryState.FAILED, StoryState.CANCELLED}


def text_of(word, chunks=CHUNKS):
    """So many chunks that no other text has."""
    return "\n\n* * *\n\n".join(f"The {word} rang {number} times." for number in range(chunks))


def build_text_request(word, chunks=CHUNKS):
    return {"text": text_of(word, chunks), "text_type": "markdown"}


@dataclass(frozen=True)
class Laptop:
    """A server whose gateway has little patience, and a voice that takes its time."""

    served: RunningServer
    engine: ToneEngine
    store: FolderStore

    def post(self, path, body):
        return self.served.send("POST", path, json.dumps(body))

    def await_end(self, url):
        begun_s = time.monotonic()
        while (status := self.served.send("GET", url).json)["state"] not in ENDED:
            assert time.monotonic() - begun_s < 300, status
            time.sleep(0.05)
        return status


@contextmanager
def laptop_in(folder, patience_s=PATIENCE_S):
    server = DevServer(0)
    folders = Folders(folder / "store", folder / "web")
    chosen = load_laptop_settings({"GATEWAY_TIMEOUT_S": str(patience_s)})
    engine = ToneEngine(suffix="mp3", parallelism=1, delay_s=CALL_S)
    with open_laptop(chosen, server.url, folders, engine) as app, run_server(server, app):
        store = FolderStore(folders.store)
        yield Laptop(RunningServer(server, store, folder, None), engine, store)


@pytest.fixture
def here(tmp_path):
    with laptop_in(tmp_path) as served:
        yield served


def expect_accepted(response):
    assert response.status == 202, response.body
    body = response.json
    url = urlsplit(body["status_url"])
    assert (url.scheme, url.hostname) == ("http", "127.0.0.1")
    assert url.path == f"/stories/{body['story_id']}"
    return url.path


def test_speech_that_runs_out_of_time_goes_on_as_a_story_and_is_paid_once(here):
    url = expect_accepted(here.post("/synthesize", build_text_request("bell")))
    chunks = len(list(here.store.list("narration_chunks/")))
    assert chunks > 0
    status = here.await_end(url)
    assert status["state"] == "done", status
    assert here.engine.calls <= CHUNKS + 1  # the one under way when it was handed over
    now = here.post("/synthesize", build_text_request("bell"))
    assert now.status == 200
    for name in ("chunk_keys", "bucket", "voice", "engine", "language", "characters"):
        assert status[name] == now.json[name], name
    assert len(set(status["chunk_keys"])) == CHUNKS


def test_same_request_is_the_same_story_as_long_as_it_takes(here):
    url = expect_accepted(here.post("/synthesize", build_text_request("drum", 3 * CHUNKS)))
    assert expect_accepted(here.post("/synthesize", build_text_request("drum", 3 * CHUNKS))) == url
    assert here.served.send("DELETE", url).status == 200


def test_long_mix_is_a_story_that_answers_what_the_caller_would_have_got(here, tmp_path):
    here.store.put("narration_chunks/a.wav", write_sound(tmp_path / "a.wav", speech(5.0), VOICE_HZ))
    short = {"chunk_keys": ["narration_chunks/a.wav"]}
    now = here.post("/mixstory", {**short, "format": "wav"})
    assert now.status == 200, now.body
    made = here.post("/synthesize", build_text_request("horn", 1)).json["chunk_keys"]
    many = {"chunk_keys": made * 50, "title": "Horns"}
    with laptop_in(tmp_path, patience_s=PATIENCE_S / 12) as hurried:
        status = hurried.await_end(expect_accepted(hurried.post("/mixstory", many)))
        parts = urlsplit(status["download_url"])
        audio = hurried.served.send("GET", f"{parts.path}?{parts.query}")
    assert (status["state"], status["title"]) == ("done", "Horns"), status
    assert status["chunk_keys"] == many["chunk_keys"]
    assert {*now.json} - {"warnings"} <= {*status}
    assert status["bucket"] == "local"
    assert audio.status == 200
    assert len(audio.body) / 16_000 == pytest.approx(status["duration_s"], abs=0.5)


class Functions:
    """A client of Lambda that knows one function: the one that takes stories in."""

    def __init__(self, service):
        self._service, self.events = service, []

    def invoke(self, FunctionName, InvocationType, Payload):  # noqa: N803 - as boto3 names them
        assert InvocationType == "RequestResponse"
        if FunctionName != "stories":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Invoke")
        self.events.append(json.loads(Payload))
        answer = json.dumps(create_requested_story(self._service, self.events[-1]))
        return {"StatusCode": 200, "Payload": BytesIO(answer.encode())}


@dataclass
class Deployment:
    """The handlers in the cloud, and what they are connected with."""

    s3: object
    polly: object

    def __post_init__(self):
        self.chosen = build_settings("token", gateway_timeout_s=PATIENCE_S)
        self.store = S3Store(self.s3, BUCKET)
        self.executions = Executions()
        spending = DailyBudget(self.store, 50.0)
        self.service = StoryService(self.store, b"a secret", self.executions, spending)
        self.functions = Functions(self.service)

    @property
    def services(self):
        return AwsServices(
            settings=self.chosen,
            s3=self.s3,
            polly=self.polly,
            secret=b"a secret",
            launcher=self.executions,
        )

    def begin_by(self, name):
        return StoryFunction(self.functions, name).invoke

    def synthesize(self, body, name="stories", caller="anna"):
        handler = build_speech_endpoint(self.services, self.begin_by(name))
        return handler(event_v2(body, caller=caller), FakeContext())

    def mixstory(self, body, caller="anna"):
        handler = build_mix_endpoint(self.services, self.begin_by("stories"))
        return handler(event_v2(body, "/mixstory", caller=caller), FakeContext())

    def status(self, story, caller):
        handler = build_story_endpoint(self.services)
        path = f"/stories/{story}"
        return handler(event_v2(None, path, "GET", caller=caller), FakeContext())


@pytest.fixture
def there():
    slow = Latency(base_s=CALL_S)
    with (
        StrictPolly(allowances=OPEN_ALLOWANCES, latency=slow) as polly,
        closing(polly.client()) as client,
        mock_s3() as s3,
    ):
        yield Deployment(s3, client)


LONG = {"text": text_of("wave", 60), "text_type": "markdown", "engine": "generative"}


def test_in_the_cloud_the_story_is_begun_by_its_own_function_and_is_the_callers_alone(there):
    answered = there.synthesize(LONG)
    assert answered["statusCode"] == 202, answered["body"]
    body = json.loads(answered["body"])
    story = body["story_id"]
    assert there.executions.started == [(story, 1)]
    request = StoryFolder(there.store, story).read(REQUEST, StoredRequest)
    assert (request.kind, request.caller) == (StoryKind.SPEECH, "anna")
    assert request.options == {"text_type": "markdown", "engine": "generative"}
    assert there.status(story, "anna")["statusCode"] == 200
    assert there.status(story, "ben")["statusCode"] == 404
    mine = json.loads(there.synthesize(LONG, caller="ben")["body"])["story_id"]
    assert mine != story


def test_without_stories_it_is_worked_on_to_the_end_of_its_time_and_refused_as_before(there):
    answered = there.synthesize(LONG, name="stranger")
    assert (answered["statusCode"], json.loads(answered["body"])["code"]) == (504, "out_of_time")
    assert not list_keys(there.s3, "stories/")


def test_mix_that_takes_longer_than_the_gateway_waits_is_a_story(there):
    there.chosen = build_settings("token", gateway_timeout_s=29.0)
    spoken = json.loads(there.synthesize({"text": "One bell rang."})["body"])
    body = {"chunk_keys": spoken["chunk_keys"], "format": "wav", "gap_ms": 0}
    assert there.mixstory(body)["statusCode"] == 200
    there.chosen = build_settings("token", gateway_timeout_s=1.2)  # less than storing it may take
    answered = there.mixstory(body)
    assert answered["statusCode"] == 202
    story = json.loads(answered["body"])["story_id"]
    request = StoryFolder(there.store, story).read(REQUEST, StoredRequest)
    assert (request.kind, request.caller) == (StoryKind.MIX, "anna")
    assert request.chunk_keys == tuple(spoken["chunk_keys"])
    assert request.options == {"format": "wav", "gap_ms": 0}


def test_chunks_are_checked_before_a_mix_becomes_a_story(there):
    forbidden = there.mixstory({"chunk_keys": ["stories/0/story.mp3"] * 1000})
    assert forbidden["statusCode"] == 403
    gone = there.mixstory({"chunk_keys": ["narration_chunks/gone.mp3"] * 1000})
    assert gone["statusCode"] == 404
    assert there.functions.events == []


def test_refusals_of_cost_come_before_any_story(there):
    there.chosen = build_settings("token", gateway_timeout_s=29.0)
    dear = there.synthesize({**LONG, "max_cost_usd": 0.001})
    assert dear["statusCode"] == 400
    assert there.functions.events == []


def test_nobody_can_hand_over_a_story_through_the_gateway():
    event = {"task": "begin", "order": {"caller": "another caller"}}
    assert is_story_request(event)
    for asked in (event_v2(event, "/stories"), event_v1(event, "/stories")):
        assert not is_story_request(asked)


STORY = {"kind": "story", "caller": "anna"}


@pytest.mark.parametrize(
    "order",
    [
        *({"text": "One bell."}, {}, None, 7, "x", ["kind"], {"kind": 1}),
        *(STORY | {"options": options} for options in (None, {"rate": "x"}, {"format": 1})),
    ],
)
def test_what_is_not_the_request_of_a_story_is_refused(order):
    with pytest.raises(BadInput, match="order: it is not the request"):
        create_requested_story(None, {"task": "begin", "order": order})
