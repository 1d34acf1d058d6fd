"""docs/infrastructure.md says what the templates say."""

import re
import tomllib

import pytest

from deploy.stacks import STACKS
from mixer.speech.prices import cost_usd
from tests.infra.cloudformation import ROOT, list_resources, load_templates
from tests.infra.rules_of_code import list_functions

PAGE = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")
TEMPLATES = load_templates()
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
    for file, _, properties, _ in list_functions(TEMPLATES):
        (command,) = properties["ImageConfig"]["Command"]
        (row,) = [line for line in PAGE.splitlines() if f"`{command}`" in line]
        assert f"`{file}.yml`" in row


def test_every_route_is_told():
    for template in TEMPLATES.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::ApiGatewayV2::Route":
                assert f"`{resource['Properties']['RouteKey']}`" in PAGE


def test_alarms_are_counted_in_the_cost_at_rest():
    alarms = sum(1 for _ in list_resources(TEMPLATES, "AWS::CloudWatch::Alarm"))
    assert f"| {alarms} alarms, " in PAGE


@pytest.mark.parametrize("stack", STACKS, ids=lambda each: each.short_name)
def test_wishes_of_every_stack_are_told(stack):
    assert f"`{stack.short_name}`" in PAGE.partition("## Stacks")[0]
    assert f"| `{stack.name('mixer')}` |" in PAGE


AN_HOUR_CHARS = 60_000
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_badges_are_true():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    badges = dict(
        re.findall(r"^!\[([^\]]+)\]\(https://img\.shields\.io/badge/(\S+)\)$", README, re.MULTILINE)
    )
    assert len(badges) == 4
    assert project["project"]["requires-python"] == ">=3.11"
    assert "Python-3.11_|_3.12_|_3.13" in badges["Python 3.11, 3.12, 3.13"]
    assert project["tool"]["mypy"]["strict"] is True
    assert project["project"]["license"] == "CC-BY-NC-4.0"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^e2e:", makefile, re.MULTILINE)
    assert "make e2e" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_price_in_the_readme_is_that_of_polly():
    assert f"{cost_usd(AN_HOUR_CHARS, 'generative'):.2f} USD with a generative voice" in README
    assert f"An hour is about {AN_HOUR_CHARS:,} characters." in PAGE
