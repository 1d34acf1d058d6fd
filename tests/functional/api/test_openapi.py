"""The API describes itself: the document of the whole API, and a page that needs nothing else."""

import base64
import gzip
import json
import re

import pytest

from mixer.api.endpoints import build_mix_endpoint, build_speech_endpoint, build_story_endpoint
from mixer.compose import AwsServices
from tests.functional.clouds import build_settings
from tests.functional.lambdas import FakeContext, event_v2

CLOSED = AwsServices(settings=build_settings("token"))
"""Never connected: a description does no work."""


PATHS = {
    *("/synthesize", "/estimate", "/cast", "/voices", "/mixstory"),
    *("/stories", "/stories/{story_id}"),
    *(f"/stories/{{story_id}}/{each}" for each in ("edits", "versions", "sentences", "comparison")),
    *("/projects", "/projects/{project_id}"),
    *("/feeds", "/feeds/{feed_id}", "/music", "/uploads", "/capabilities"),
    *("/v1/audio/speech", "/v1/audio/models", "/v1/audio/voices"),
    *("/v1/models", "/v1/models/{model_id}"),
    *("/v1/voices", "/v1/voices/{voice_id}", "/v2/voices", "/v1/text-to-speech/{voice_id}"),
    "/v1/text-to-speech/{voice_id}/stream",
    "/v1/text-to-speech/{voice_id}/with-timestamps",
    "/v1/text-to-speech/{voice_id}/stream/with-timestamps",
}

HANDLERS = {
    "speech": build_speech_endpoint(CLOSED),
    "mix": build_mix_endpoint(CLOSED),
    "stories": build_story_endpoint(CLOSED),
}


@pytest.fixture(params=HANDLERS)
def handler(request):
    return HANDLERS[request.param]


def test_every_function_describes_the_whole_api_without_a_token(handler):
    answered = handler(event_v2(None, "/openapi.json", "GET"), FakeContext())
    assert answered["statusCode"] == 200
    document = json.loads(answered["body"])
    assert document["openapi"].startswith("3.")
    assert set(document["paths"]) == PATHS
    assert document["security"] == [{"token": []}]


def test_nobody_is_asked_for_a_token_in_the_open_mode():
    handler = build_mix_endpoint(AwsServices(settings=build_settings("none")))
    document = json.loads(handler(event_v2(None, "/openapi.json", "GET"), FakeContext())["body"])
    assert not document.get("security")
    assert "securitySchemes" not in document["components"]


def test_a_dry_run_has_a_described_answer_too():
    event = event_v2(None, "/openapi.json", "GET")
    document = json.loads(HANDLERS["speech"](event, FakeContext())["body"])
    answered = document["paths"]["/synthesize"]["post"]["responses"]["200"]
    kinds = answered["content"]["application/json"]["schema"]["anyOf"]
    names = [each["$ref"].rpartition("/")[2] for each in kinds]
    assert names == ["SynthesizeAnswer", "EstimateAnswer"]


def find_error_schemas(path):
    """Clients of other protocols know errors in their own form alone."""
    if not path.startswith(("/v1/", "/v2/")):
        return {"ErrorAnswer"}
    return {"OpenAIErrorAnswer", "ElevenLabsErrorAnswer"}


def test_the_contract_stands_in_the_document():
    event = event_v2(None, "/openapi.json", "GET")
    document = json.loads(HANDLERS["mix"](event, FakeContext())["body"])
    schemas = document["components"]["schemas"]
    assert schemas["TextBody"]["required"] == ["text"]
    assert schemas["MixBody"]["required"] == ["chunk_keys"]
    assert {"chunk_keys", "bucket"} <= set(schemas["SynthesizeAnswer"]["required"])
    assert {"chunk_keys", "bucket", "download_url"} <= set(schemas["MixAnswer"]["required"])
    assert schemas["TextBody"]["properties"]["rate"]["maximum"] == 200
    for path, operations in document["paths"].items():
        for operation in operations.values():
            statuses = set(operation["responses"])
            assert {"200", "202"} & statuses
            assert {"400", "401", "413", "422", "429", "502", "504"} <= statuses
            schema = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert schema["$ref"].rpartition("/")[2] in find_error_schemas(path)


def test_the_page_brings_everything_along(handler):
    answered = handler(event_v2(None, "/docs", "GET"), FakeContext())
    assert answered["statusCode"] == 200
    assert answered["headers"]["Content-Type"].startswith("text/html")
    page = answered["body"]
    assert "SwaggerUIBundle(" in page
    assert "/mixstory" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert len(page) < 5_000_000


def test_the_page_is_sent_compressed_to_who_can_read_it(handler):
    event = event_v2(None, "/docs", "GET", headers={"Accept-Encoding": "gzip, br"})
    answered = handler(event, FakeContext())
    assert answered["isBase64Encoded"]
    assert b"SwaggerUIBundle(" in gzip.decompress(base64.b64decode(answered["body"]))
