"""The state machine's definition: one in two places, and at one with the code."""

import json

from mixer import errors
from mixer.stories.steps.webhook import WebhookFailed
from tests.infra.cloudformation import load_templates
from tests.infra.definition import (
    list_states,
    load_definition,
    load_without_comments,
    parse_copy,
)

NAMED = {name: name for name in ("SpeechTask", "MixTask", "EndTask")}
LATER = {"OutOfTime", "StoreFailed", "SpeechUnavailable", "WebhookFailed"}
"""The only errors of ours that trying again can mend."""

STACK = load_templates()["StoryStack"]["Resources"]


def load_named_definition():
    return load_definition(NAMED)


def resolve(part):
    return part["Fn::Sub"] if isinstance(part, dict) else part


def test_template_holds_the_definition_of_the_file():
    embedded, given = STACK["StoryMachine"]["Properties"]["DefinitionString"]["Fn::Sub"]
    parts = {name: resolve(text) for name, text in given.items() if name not in NAMED}
    assert parse_copy(embedded, parts) == load_without_comments()
    assert set(NAMED) < set(given)


def test_every_state_is_reached_and_leads_somewhere():
    definition = load_named_definition()
    names = set(definition["States"])
    named = {definition["StartAt"]}
    for state in definition["States"].values():
        named |= {state[each] for each in ("Next", "Default") if each in state}
        named |= {each["Next"] for each in (*state.get("Catch", []), *state.get("Choices", []))}
        assert state.keys() & {"Next", "Default", "End"} or state["Type"] in {"Succeed", "Fail"}
    assert named == names


def test_steps_are_retried_for_what_may_pass_alone():
    ours = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    ours.add(WebhookFailed.__name__)
    for state in list_states(load_named_definition()):
        if state["Type"] == "Task" and "record" not in json.dumps(state["Parameters"]):
            retried = {name for each in state["Retry"] for name in each["ErrorEquals"]}
            assert retried & ours <= LATER
            assert all(each["JitterStrategy"] == "FULL" for each in state["Retry"])
            assert "States.ALL" not in retried


def test_every_step_that_fails_is_recorded():
    for name, state in load_named_definition()["States"].items():
        if state["Type"] in {"Task", "Map"} and name != "Record":
            (caught,) = state["Catch"]
            assert caught["ErrorEquals"] == ["States.ALL"]


def test_as_many_speak_at_once_as_share_the_quota():
    speech = STACK["StorySpeechFunction"]["Properties"]["Environment"]["Variables"]
    assert load_named_definition()["States"]["Synthesize"]["MaxConcurrency"] == int(
        speech["STORY_WORKERS"]
    )


def test_running_story_keeps_the_code_that_it_began_with():
    _, given = STACK["StoryMachine"]["Properties"]["DefinitionString"]["Fn::Sub"]
    for version in (given[name]["Ref"] for name in NAMED):
        resource = STACK[version]
        assert resource["Type"] == "AWS::Lambda::Version"
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"
