"""The local server against its own description: whatever fits is served, what does not is refused.

Not asked is whether everything that fits the description is accepted: which voices exist, whether
a text holds words and a key an object is more than a schema can say.
"""

import json
import os
import threading
from contextlib import ExitStack, closing
from hashlib import sha256

import boto3
import pytest
import requests
from moto import mock_aws
from schemathesis import openapi
from schemathesis.engine import Status, events, from_schema

from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.devserver.stories import MAX_CONCURRENT_STORIES
from mixer.sound import ffmpeg
from tests.engines import ToneEngine
from tests.servers import run_server

FACTOR = int(os.environ.get("DESCRIPTION_FACTOR", "1"))
"""The attack campaign tries more; its seeds are others."""

EXAMPLES = {"none": 5 * FACTOR, "token": 3 * FACTOR}
"""By mode, for each operation; what the description itself gives occasion for comes on top."""

SHARING = ("EstimateBody", "TextBody", "MixBody", "ProjectBody")
OWN = {"text", "source", "chunk_keys"}
"""Other fields that these bodies share with a story's are tried there, where nothing is mixed."""

STORIES = {
    *("POST /stories", "GET /stories", "GET /stories/{story_id}", "DELETE /stories/{story_id}"),
    *("GET /stories/{story_id}/versions", "GET /feeds", "GET /projects"),
    *(f"{method} /projects/{{project_id}}" for method in ("GET", "PUT", "DELETE")),
}
SPEECH = {"POST /synthesize", "POST /estimate", "GET /voices", "POST /cast", *STORIES}
LIBRARY = {"GET /music", "POST /uploads", "GET /capabilities"}
PROTOCOLS = {
    *("POST /v1/audio/speech", "GET /v1/audio/models", "GET /v1/audio/voices"),
    *("GET /v1/models", "GET /v1/voices"),
}
SERVED = {
    "none": {*SPEECH, *LIBRARY, "POST /mixstory"},
    "token": {*PROTOCOLS, "GET /capabilities", "GET /voices"},
}
"""Which operations succeed at times. The other protocols are asked with tokens only, and with
tokens of the rest only these two; names in their paths are rarely those of a voice."""

TWINS = ("/v2/voices", "/v1/text-to-speech/{voice_id}/stream")
"""Paths that answer as others do."""

NOT_ASKED = ["positive_data_acceptance", "use_after_free", "ensure_resource_availability"]
"""The last two: DELETE cancels a story, which can still be asked about; a 404 of a story that is
there names the version or the sentence that is not."""

TOKEN, SECRET = "a long and random token", "described-tokens"
EXAMPLE_KEY = "narration_chunks/0a1b2c.mp3"
"""That the description itself gives as an example: it is there, so that something is mixed."""


class GongEngine(ToneEngine):
    """Says tones; chunks about a gong wait until `is_over` is set, and cost nothing meanwhile."""

    def __init__(self):
        super().__init__(suffix="mp3")
        self.is_over = threading.Event()

    def synthesize(self, ssml, settings):
        if "gong" in ssml:
            self.is_over.wait()
        return super().synthesize(ssml, settings)


@pytest.fixture(params=EXAMPLES)
def mode(request):
    return request.param


@pytest.fixture
def url(mode, monkeypatch, tmp_path):
    """A laptop's server with tones for a voice, and a authorizer where tokens are wanted."""
    environment = {"AUTH_MODE": mode, "TOKENS_SECRET": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folders = Folders(tmp_path / "store", tmp_path / "web")
    if "POST /mixstory" in SERVED[mode]:
        _keep_chunk(folders.store / EXAMPLE_KEY)
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        _keep_token()
        server = DevServer(0)
        engine = GongEngine()
        app = open_laptop(load_laptop_settings(environment), server.url, folders, engine)
        stack.enter_context(run_server(server, stack.enter_context(app)))
        stack.callback(engine.is_over.set)
        yield server.url


def _keep_chunk(path):
    path.parent.mkdir(parents=True)
    ffmpeg.run(["-f", "lavfi", "-i", "sine=f=300:r=24000:d=0.5", str(path)], timeout_s=60)


def _keep_token():
    digests = json.dumps({"anna": [sha256(TOKEN.encode()).hexdigest()]})
    with closing(boto3.client("secretsmanager")) as secrets:
        secrets.create_secret(Name=SECRET, SecretString=digests)


def load_schema(url, mode):
    document = requests.get(f"{url}/openapi.json", timeout=120).json()
    # Thousands of chunks would be mixed for minutes; that more are refused is tested elsewhere.
    del document["components"]["schemas"]["MixBody"]["properties"]["chunk_keys"]["maxItems"]
    schemas = document["components"]["schemas"]
    for name in SHARING:
        for shared in {*schemas["StoryBody"]["properties"]} - OWN:
            schemas[name]["properties"].pop(shared, None)
    document["paths"] = {
        path: operations
        for path, operations in document["paths"].items()
        if path not in TWINS and is_asked(path, mode)
    }
    schema = openapi.from_dict(document)
    config = schema.config
    config.update(base_url=url)
    config.generation.update(max_examples=EXAMPLES[mode], deterministic=FACTOR == 1)
    config.seed = int(os.environ.get("DESCRIPTION_SEED", "0"))
    config.checks.update(excluded_check_names=NOT_ASKED)
    config.continue_on_failure = True
    if mode == "token":
        config.update(headers={"Authorization": f"Bearer {TOKEN}"})
    return schema


def is_asked(path, mode):
    if mode == "none":
        return not path.startswith(("/v1/", "/v2/"))
    return path.startswith("/v1/") or f"GET {path}" in SERVED[mode]


def find_violations(finished):
    """What a scenario found, each with the request that shows it."""
    for case_id, checks in finished.recorder.checks.items():
        asked = finished.recorder.interactions[case_id]
        for check in checks:
            if check.status is Status.FAILURE:
                request = f"{asked.request.method} {asked.request.uri} {asked.request.body!r}"
                yield f"{check.name}: {check.failure_info.failure.message}\n{request}"


def occupy_workers(url, mode):
    """Start as many endless stories as run at a time: later ones wait, and can be cancelled."""
    headers = {"Authorization": f"Bearer {TOKEN}"} if mode == "token" else {}
    for number in range(MAX_CONCURRENT_STORIES):
        text = f"The gong rang {number} times."
        answer = requests.post(f"{url}/stories", json={"text": text}, headers=headers, timeout=30)
        assert answer.status_code == 202, answer.text


def test_server_keeps_to_its_own_description(url, mode):
    occupy_workers(url, mode)
    found, errors, statuses, sent = [], [], {}, 0
    for event in from_schema(load_schema(url, mode)).execute():
        if isinstance(event, events.ScenarioFinished):
            found += find_violations(event)
            answered = statuses.setdefault(event.label, set())
            replies = (each.response for each in event.recorder.interactions.values())
            sent += len(event.recorder.interactions)
            answered.update(reply.status_code for reply in replies if reply is not None)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            errors.append(event)
    print(f"{sent} requests to {mode}")  # noqa: T201 - for the campaign
    assert not errors
    assert not found, "\n\n".join(found[:10])
    served = {label for label, seen in statuses.items() if seen & {200, 202} and label}
    assert {label for label in served if "/v1/" not in label or "{" not in label} == SERVED[mode]
