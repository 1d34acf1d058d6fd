"""AWS's limits are kept with the longest names of a deployment and of a region."""

import json

import pytest

from deploy.stacks import name_stacks
from tests.infra.cloudformation import load_templates
from tests.infra.permissions.deployment import GIVEN, NAMES, REGION, ExampleDeployment

LONGEST_NAME, LONGEST_REGION = "n" * 20, "ap-southeast-5"
"""The former is the most that `make deploy` accepts."""

TEMPLATES = load_templates()
DEPLOYMENT = ExampleDeployment(TEMPLATES, {**GIVEN, **name_stacks(LONGEST_NAME)}, name=LONGEST_NAME)

ROLE_CHARS = 10_240
"""Of all policies in a role, without spaces (IAM quotas)."""

ENVIRONMENT_BYTES = 4_096
"""Of a function's variables, as JSON (Lambda quotas)."""

SUFFIX, EXAMPLE = "-ABCDEFGHIJKL", "-EXAMPLE"
"""What CloudFormation appends to the names that it makes, and what the example does."""

NAME_CHARS = {
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 80,
    "AWS::Scheduler::Schedule": 64,
    "AWS::StepFunctions::StateMachine": 80,
    "AWS::CloudFront::OriginAccessControl": 64,
}
"""CloudFormation shortens longer names, and then no policy's prefix fits (API references)."""

WORLDWIDE = {
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
    "AWS::CloudWatch::Dashboard": "",
}
"""Types whose names an account has once for all regions, and the property that holds the name."""


def list_resources(*kinds):
    return [
        (file, name)
        for file, template in TEMPLATES.items()
        for name, resource in template["Resources"].items()
        if resource["Type"] in kinds
    ]


def read_resource(place):
    resource = TEMPLATES[place[0]]["Resources"][place[1]]
    return resource["Type"], resource.get("Properties", {})


@pytest.mark.parametrize("role", list(DEPLOYMENT.list_roles()), ids=lambda role: role.name)
def test_policies_fit_into_their_role(role):
    policies = [
        json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
        for statements in role.policies.values()
    ]
    assert len("".join(policies).replace(REGION, LONGEST_REGION)) <= ROLE_CHARS


@pytest.mark.parametrize("place", list_resources(*NAME_CHARS), ids=".".join)
def test_names_are_not_shortened(place):
    kind, properties = read_resource(place)
    name = DEPLOYMENT.physical_id(*place)
    is_own = NAMES.get(kind) in properties
    assert len(name) + (0 if is_own else len(SUFFIX) - len(EXAMPLE)) <= NAME_CHARS[kind]


@pytest.mark.parametrize("place", list_resources(*WORLDWIDE), ids=".".join)
def test_names_of_all_regions_hold_the_region(place):
    kind, properties = read_resource(place)
    name = properties.get(WORLDWIDE[kind], properties)[NAMES.get(kind, "Name")]["Fn::Sub"]
    assert "${AWS::Region}" in name
    assert "${AWS::StackName}" in name


def test_variables_fit_into_an_environment():
    for command, properties in DEPLOYMENT.list_functions():
        variables = json.dumps(properties["Environment"]["Variables"])
        assert len(variables.encode()) <= ENVIRONMENT_BYTES / 2, command
