"""docs/operations.md speaks of every alarm, and of nothing that is not there."""

import re

import pytest

from tests.infra.cloudformation import ROOT, list_resources, load_templates

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TEMPLATES = load_templates()
ALARMS = {name: p for _, name, p, _ in list_resources(TEMPLATES, "AWS::CloudWatch::Alarm")}
ROWS = dict(re.findall(r"^\| `(\w+Alarm)` \| (.*) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_is_told_as_it_tells_itself_and_says_what_to_do(name):
    meaning, _, advice = ROWS[name].partition(" | ")
    assert meaning == ALARMS[name]["AlarmDescription"]
    assert len(advice) > 20


def test_no_alarm_is_told_that_does_not_exist():
    assert set(ROWS) == set(ALARMS)


def test_every_name_on_the_page_exists():
    known = {name for template in TEMPLATES.values() for part in template.values()
             if isinstance(part, dict) for name in part}  # fmt: skip
    named = set(re.findall(r"`(?:\w+\.)?([A-Z][a-z]+[A-Z]\w+)(?:=\w+)?`", PAGE))
    assert named - known == set()
    assert {"DashboardUrl", "MaxDailyUsd", "SpeechFailures", "TokensSecretArn"} <= named


def test_every_command_exists():
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z0-9]+)", PAGE)) <= targets
