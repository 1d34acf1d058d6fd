"""docs/infrastructure.md says what the templates say."""

import pytest

from delivery.stacks import STACKS
from tests.infra.cloudformation import ROOT, resources, templates
from tests.infra.rules_of_code import functions

PAGE = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")
TEMPLATES = templates()
SECTIONS = {part.partition(".yml")[0]: part for part in PAGE.split("\n## `")[1:]}
PARAMETERS = [(stack, name) for stack in TEMPLATES for name in TEMPLATES[stack]["Parameters"]]


def shown(default):
    if default is None:
        return "none"
    return "empty" if default == "" else f"`{default}`"


def test_every_stack_has_its_section_and_place_in_the_order():
    assert set(SECTIONS) == set(TEMPLATES)
    assert all(f"| `{stack}.yml` |" in PAGE for stack in TEMPLATES)


@pytest.mark.parametrize(("stack", "name"), PARAMETERS)
def test_parameter_is_told_with_its_default(stack, name):
    parameter = TEMPLATES[stack]["Parameters"][name]
    description = " ".join(parameter["Description"].split())
    line = f"| `{name}` | {shown(parameter.get('Default'))} | {description} |"
    assert line in SECTIONS[stack]


def test_every_function_is_listed():
    for file, _, properties, _ in functions(TEMPLATES):
        (command,) = properties["ImageConfig"]["Command"]
        (row,) = [line for line in PAGE.splitlines() if f"`{command}`" in line]
        assert f"`{file}.yml`" in row


def test_every_route_is_told():
    for template in TEMPLATES.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::ApiGatewayV2::Route":
                assert f"`{resource['Properties']['RouteKey']}`" in PAGE


def test_alarms_are_counted_in_the_cost_at_rest():
    alarms = sum(1 for _ in resources(TEMPLATES, "AWS::CloudWatch::Alarm"))
    assert f"| {alarms} alarms, " in PAGE


@pytest.mark.parametrize("stack", STACKS, ids=lambda each: each.short)
def test_wishes_of_every_stack_are_told(stack):
    assert f"`{stack.short}`" in PAGE.partition("## Stacks")[0]
    assert f"| `{stack.name('mixer')}` |" in PAGE
