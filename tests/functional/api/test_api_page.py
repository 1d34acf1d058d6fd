"""docs/api.md, with the pages for clients and feeds, says what the API's own description says."""

import json
import re
from pathlib import Path

import pytest

from mixer.api.endpoints import build_mix_endpoint
from mixer.compose import AwsServices
from tests.functional.clouds import build_settings
from tests.functional.lambdas import FakeContext, event_v2

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "api.md").read_text(encoding="utf-8")
PAGES = [PAGE, *((DOCS / name).read_text(encoding="utf-8") for name in ("clients.md", "feeds.md"))]
EXAMPLES = re.findall(r"^```.*?^```", "\n".join(PAGES), re.DOTALL | re.MULTILINE)
PROSE = re.sub(r"^```.*?^```", "", "\n".join(PAGES), flags=re.DOTALL | re.MULTILINE)
TICKED = set(re.findall(r"`([^`]+)`", PROSE))
WORDS = {word for text in TICKED for word in re.findall(r"[a-z]\w+", text)}
WORDS |= {word for text in EXAMPLES for word in re.findall(r'"([a-z]\w+)":', text)}


def load_page():
    handler = build_mix_endpoint(AwsServices(settings=build_settings("token")))
    return json.loads(handler(event_v2(None, "/openapi.json", "GET"), FakeContext())["body"])


DOCUMENT = load_page()
SCHEMAS = DOCUMENT["components"]["schemas"]
ROUTES = [
    f"{method.upper()} {path}"
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
]
OPEN = {"GET /openapi.json", "GET /docs", "GET /feed/{}/…"}


def fields(kind):
    return {
        (name, field)
        for name, schema in SCHEMAS.items()
        if name.endswith(kind)
        for field in schema.get("properties", {})
    }


def find_documented_routes():
    table = PAGE.partition("\n## ")[0]
    found = re.findall(r"`((?:GET|POST|DELETE|PUT) /[^`]*)`", table)
    return {re.sub(r"\{\w+\}", "{}", each) for each in found}


def test_routes_are_those_that_are_told():
    assert find_documented_routes() - OPEN == {re.sub(r"\{\w+\}", "{}", each) for each in ROUTES}


@pytest.mark.parametrize(("body", "field"), sorted(fields("Body")))
def test_field_of_a_request_is_told(body, field):
    assert field in WORDS, body


@pytest.mark.parametrize(("answer", "field"), sorted(fields("Answer")))
def test_field_of_an_answer_is_told(answer, field):
    assert field in WORDS, answer


@pytest.mark.parametrize(
    "field", sorted(set(re.findall(r"^\| `([a-z_]+)`[^|]*\| [^|]+\|", PAGE, re.MULTILINE)))
)
def test_told_field_exists(field):
    known = {name for schema in SCHEMAS.values() for name in schema.get("properties", {})}
    parameters = {
        each["name"]
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        for each in operation.get("parameters", [])
    }
    assert field in known | parameters
