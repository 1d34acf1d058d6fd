"""A changed parameter reaches running code: it publishes a new version of its function."""

import json
import re

import pytest

from tests.infra.cloudformation import load_templates
from tests.infra.permissions.deployment import GIVEN, ExampleDeployment

TEMPLATES = load_templates()
STACK = TEMPLATES["StoryStack"]
VERSIONS = {
    name: resource["Properties"]["FunctionName"]["Ref"]
    for name, resource in STACK["Resources"].items()
    if resource["Type"] == "AWS::Lambda::Version"
}
NOT_NAMED = {
    "AllowedOrigins": "no step answers pages; only the function's own routes do",
    "InfraStackName": "another name is another deployment",
}
MAX_CHARS = 256
"""Of a version's description (Lambda API reference, PublishVersion)."""


def find_parameters(value):
    """The parameters that a value mentions, conditions included."""
    text = json.dumps(value)
    for condition, rule in STACK["Conditions"].items():
        if f'"{condition}"' in text:
            text += json.dumps(rule)
    named = set(re.findall(r'"Ref": "(\w+)"', text)) | set(re.findall(r"\$\{(\w+)\}", text))
    return named & set(STACK["Parameters"])


CASES = [
    (version, parameter)
    for version, function in VERSIONS.items()
    for parameter in sorted(find_parameters(STACK["Resources"][function]["Properties"]))
    if parameter not in NOT_NAMED
]


def describe_version(version, **changes):
    """The description of a version as CloudFormation makes it, after parameters were changed."""
    description = STACK["Resources"][version]["Properties"]["Description"]
    return ExampleDeployment(TEMPLATES, {**GIVEN, **changes}).resolve(description, "StoryStack")


@pytest.mark.parametrize(("version", "parameter"), CASES)
def test_changed_parameter_publishes_a_new_version(version, parameter):
    if parameter == "ImageDigest":
        assert "0" * 64 in describe_version(version)
    else:
        changed = describe_version(version, **{parameter: "a-new-value"})
        assert changed != describe_version(version)


@pytest.mark.parametrize("version", VERSIONS)
def test_description_fits_with_the_longest_values(version):
    longest = {
        name: str(one.get("MaxValue", "9" * one.get("MaxLength", 9)))
        for name, one in STACK["Parameters"].items()
        if one["Type"] == "Number" or "MaxLength" in one
    }
    key = f"arn:aws:kms:ap-southeast-5:123456789012:key/mrk-{'0' * 32}"
    described = describe_version(version, **longest, EventBus="b" * 64, SigningKeyArn=key)
    assert len(described) <= MAX_CHARS


def test_all_that_reaches_a_function_is_covered():
    assert len(CASES) > 15
    mentioned = {
        parameter
        for function in VERSIONS.values()
        for parameter in find_parameters(STACK["Resources"][function]["Properties"])
    }
    assert set(NOT_NAMED) <= mentioned
