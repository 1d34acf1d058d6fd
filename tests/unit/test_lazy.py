"""Exports and patterns that are made when they are first used, and what starts do without."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import mixer
from mixer.errors import MixerError
from mixer.lazy import compile_lazily, require_extra

ROOT = Path(mixer.__file__).parent
PACKAGES = [
    path for path in sorted(ROOT.rglob("__init__.py")) if "export_lazily(" in path.read_text()
]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_packages_export_what_type_checkers_see(path):
    package = import_module(".".join(path.relative_to(ROOT.parent).parent.parts))
    own_modules = {each.stem for each in path.parent.iterdir()}
    (block,) = (each for each in ast.parse(path.read_text()).body if isinstance(each, ast.If))
    declared = {name.name for each in block.body for name in getattr(each, "names", ())}
    assert not own_modules & declared, "a module of that name would hide the export"
    assert all(getattr(package, name) is not None for name in declared)


def test_unknown_export_is_an_attribute_error():
    assert mixer.Options.__module__ == "mixer.requests"
    with pytest.raises(AttributeError, match="'mixer' has no attribute 'nothing'"):
        mixer.nothing  # noqa: B018 - the attribute is looked up


def test_missing_extra_is_refused_with_the_command_that_installs_it():
    require_extra("aws", "json", "Amazon Polly")
    expected = r"^Amazon Polly needs packages .*: run pip install '\.\[aws\]' in Mixer's folder\.$"
    with pytest.raises(MixerError, match=expected):
        require_extra("aws", "no_such_package", "Amazon Polly")


def test_pattern_is_compiled_when_first_used():
    broken = compile_lazily("(")
    with pytest.raises(Exception, match="missing"):
        broken.search("text")
    pattern = compile_lazily(r"(?P<word>\p{L}+)", 0)
    assert [match["word"] for match in pattern.finditer("one, two")] == ["one", "two"]
    assert pattern.sub("x", "ab 1") == "x 1"
    assert compile_lazily(rb"\d").search(b"a1") is not None


PLAN = """
import mixer
mixer.plan("# A page\\n\\nIt has 12 words.", mixer.Options(text_type="markdown"))
"""
PLAN_GOES_WITHOUT = """
mixer.script.readers.epub mixer.script.readers.page_reader mixer.script.speakers
mixer.speech.polly.engine mixer.speech.embedded.kokoro.engine
mixer.sound.render mixer.sound.analysis mixer.publish mixer.stories.model
mixer.sound.ffmpeg mixer.speech.embedded.worker multiprocessing subprocess
"""
HANDLER = """
import os, types
os.environ |= {"OUTPUT_BUCKET": "b", "AWS_DEFAULT_REGION": "us-east-1"}
import polly_handler
http = {"method": "GET", "path": "/voices"}
event = {"version": "2.0", "rawPath": "/voices", "headers": {}, "requestContext": {"http": http}}
context = types.SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="a:b:c", aws_request_id="r",
    get_remaining_time_in_millis=lambda: 30_000,
)
assert polly_handler.handler(event, context)["statusCode"] == 401
"""
HANDLER_GOES_WITHOUT = """
mixer.api.routes.stories mixer.api.routes.projects mixer.api.feed_schemas mixer.stories.versions
mixer.stories.model mixer.stories.foreground.speech mixer.publish.cover mixer.store.s3
mixer.script.readers.registry PIL numpy onnxruntime
"""


@pytest.mark.parametrize(
    ("code", "most", "unneeded"),
    [(PLAN, 105, PLAN_GOES_WITHOUT), (HANDLER, 70, HANDLER_GOES_WITHOUT)],
    ids=["plan", "speech handler"],
)
def test_start_loads_what_it_needs(code, most, unneeded):
    listing = "\nimport json, sys\nprint(json.dumps([*sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code + listing], capture_output=True, check=True, text=True
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert not {*unneeded.split()} & {*loaded}
    own = sorted(name for name in loaded if name.startswith("mixer"))
    assert len(own) <= most, own
