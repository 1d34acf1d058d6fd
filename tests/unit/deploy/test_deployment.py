"""What a deployment decides before it touches anything."""

import io
import shlex
import sys
from contextlib import redirect_stdout

import pytest
from click.testing import CliRunner

from deploy.__main__ import main
from deploy.deployment import SENTENCE, curl_line
from deploy.errors import DeploymentError
from deploy.smoke import build_event
from deploy.stacks import (
    INFRA,
    MIXER,
    SPEECH,
    STACKS,
    TEMPLATES,
    check_parameters,
    name_stacks,
    parse_parameters,
)
from deploy.terminal import open_terminal
from tests.functional.lambdas import event_v2
from tests.infra.cloudformation import load_templates

LOADED = load_templates()
DECLARED = {
    each.short_name: set(LOADED[each.template.removesuffix(".yml")]["Parameters"])
    for each in STACKS
}

NAMED_BEFORE_MADE = {"StoryStackName"}
"""Nothing is imported from it: stories are handed to its function by name, once there is one."""


def test_every_template_is_deployed_once():
    assert sorted(each.template for each in STACKS) == [
        p.name for p in sorted(TEMPLATES.glob("*.yml"))
    ]


def test_stack_comes_after_those_it_is_told_the_names_of():
    order = [each.name_parameter for each in STACKS]
    for stack in STACKS[1:]:
        asked = {key for key in DECLARED[stack.short_name] if key.endswith("StackName")}
        assert asked - NAMED_BEFORE_MADE <= set(order[: STACKS.index(stack)])


def test_every_name_that_a_template_asks_for_is_known():
    asked = {key for keys in DECLARED.values() for key in keys if key.endswith("StackName")}
    assert asked <= set(name_stacks("mixer"))


def test_defaults_of_templates_are_the_names_of_the_usual_deployment():
    for template in LOADED.values():
        for key, parameter in template["Parameters"].items():
            if key.endswith("StackName"):
                assert parameter["Default"] == name_stacks("mixer")[key]


@pytest.mark.parametrize("stack", STACKS, ids=lambda each: each.short_name)
def test_parameters_are_those_of_the_template(stack):
    assert stack.list_parameters() == DECLARED[stack.short_name]


def test_first_stack_needs_no_image():
    assert "ImageDigest" not in DECLARED[INFRA.short_name]


def test_wish_goes_to_every_stack_or_to_one():
    wishes = parse_parameters(["AuthMode=none", "app.MemoryMb=2048", "LogRetentionDays=7"])
    check_parameters(wishes, DECLARED)
    assert wishes.select_for(SPEECH) == {"AuthMode": "none", "LogRetentionDays": "7"}
    assert wishes.select_for(MIXER)["MemoryMb"] == "2048"


@pytest.mark.parametrize("written", ["AuthMode", "cellar.MemoryMb=1", "Autmode=none"])
def test_wish_that_nobody_can_fulfil_is_refused_by_name(written):
    with pytest.raises(DeploymentError, match=written.partition("=")[0]):
        check_parameters(parse_parameters([written]), DECLARED)


def test_wish_of_a_stack_that_lacks_the_parameter_is_refused():
    with pytest.raises(DeploymentError, match="web has no parameter MemoryMb"):
        check_parameters(parse_parameters(["web.MemoryMb=1"]), DECLARED)


def test_curl_line_is_one_command_with_a_request_in_it():
    words = shlex.split(curl_line("https://api.example/prod/synthesize", "t0"))
    assert words[0] == "curl"
    assert words[-1] == "https://api.example/prod/synthesize"
    assert "Authorization: Bearer t0" in words
    assert f'{{"text": "{SENTENCE}"}}' in words
    assert "Authorization" not in curl_line("https://api.example", None)


def test_variable_in_the_curl_line_is_for_the_shell_to_fill_in():
    assert '"Authorization: Bearer $MIXER_TOKEN"' in curl_line("https://a.example", "$MIXER_TOKEN")


def test_smoke_test_calls_functions_as_the_gateway_does():
    told = {"text": "Hello."}
    as_tests_do = event_v2(told, "/synthesize", caller="smoke-test")
    ours = build_event("/synthesize", told)
    assert ours["requestContext"]["authorizer"] == as_tests_do["requestContext"]["authorizer"]
    assert set(ours) <= set(as_tests_do)
    assert ours["body"] == as_tests_do["body"]


def test_nobody_at_the_terminal_is_no_consent(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(DeploymentError, match="YES=1"):
        open_terminal(yes=False).confirm("Delete it?")


def test_agreeing_to_everything_says_so():
    said = io.StringIO()
    with redirect_stdout(said):
        assert open_terminal(yes=True).confirm("Make it?")
    assert said.getvalue() == "Make it? yes (YES=1)\n"


@pytest.mark.parametrize("name", ["Mixer", "-a", "a-", "a" * 21, "a_b", ""])
def test_name_that_no_bucket_can_bear_is_refused(name):
    done = CliRunner().invoke(main, ["smoke", "--name", name])
    assert done.exit_code == 2
    assert "lower-case" in done.output
