"""The documents agree with the templates, the code and each other."""

import re
import tomllib
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from deploy.stacks import STACKS
from mixer.publish import Picture
from mixer.requests import Options
from mixer.retention.plan import DELETING, Reason
from mixer.sound.formats import AudioTags
from mixer.sound.formats.model import FileSpec
from mixer.speech.charges import cost_usd
from tests.infra.cloudformation import ROOT, list_resources, load_templates
from tests.infra.rules_of_code import list_functions

DOCS = ROOT / "docs"
PAGE = (DOCS / "infrastructure.md").read_text(encoding="utf-8")
TEMPLATES = load_templates()
SECTIONS = {part.partition(".yml")[0]: part for part in PAGE.split("\n## `")[1:]}
PARAMETERS = [(stack, name) for stack in TEMPLATES for name in TEMPLATES[stack]["Parameters"]]


def format_default(default):
    if default is None:
        return "none"
    return "empty" if default == "" else f"`{default}`"


def test_every_stack_has_its_section_and_place_in_the_order():
    assert set(SECTIONS) == set(TEMPLATES)
    assert all(f"| `{stack}.yml` |" in PAGE for stack in TEMPLATES)


@pytest.mark.parametrize(("stack", "name"), PARAMETERS)
def test_parameter_is_documented_with_its_default(stack, name):
    parameter = TEMPLATES[stack]["Parameters"][name]
    description = " ".join(parameter["Description"].split())
    line = f"| `{name}` | {format_default(parameter.get('Default'))} | {description} |"
    assert line in SECTIONS[stack]


def test_every_function_is_listed():
    for file, _, properties, _ in list_functions(TEMPLATES):
        (command,) = properties["ImageConfig"]["Command"]
        (row,) = [line for line in PAGE.splitlines() if f"`{command}`" in line]
        assert f"`{file}.yml`" in row


def test_every_route_is_documented():
    for template in TEMPLATES.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::ApiGatewayV2::Route":
                assert f"`{resource['Properties']['RouteKey']}`" in PAGE


def test_alarms_are_counted_in_the_idle_cost():
    alarms = sum(1 for _ in list_resources(TEMPLATES, "AWS::CloudWatch::Alarm"))
    assert f"| {alarms} alarms, " in PAGE


@pytest.mark.parametrize("stack", STACKS, ids=lambda each: each.short_name)
def test_every_stack_has_its_short_name_and_default_name(stack):
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
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^run_targets .*\be2e\b", checks, re.MULTILINE)


def test_price_in_the_readme_is_that_of_polly():
    assert f"{cost_usd(AN_HOUR_CHARS, 'generative'):.2f} USD with a generative voice" in README
    assert f"An hour is about {AN_HOUR_CHARS:,} characters." in PAGE


OPTIONS = dict(re.findall(r"^\| `--([\w-]+)` \| (.+?) \|", README, re.MULTILINE))


@pytest.mark.parametrize("option", OPTIONS)
def test_option_in_the_readme_exists_with_its_default(option):
    field = Options.model_fields[option.replace("-", "_")]
    default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
    default = "no" if field.default is False else default
    stated = OPTIONS[option].strip("`")
    assert stated == default or field.default in ("", None, (), [])


ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))
INDEX = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
HEADINGS = ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_decision_has_its_form_and_its_place_in_the_index(path):
    text = path.read_text(encoding="utf-8")
    number = path.name[:3]
    title = re.match(rf"# {int(number)}\. (.+)\n\n- Date: 20\d\d-\d\d-\d\d", text)
    assert title
    (status,) = re.findall(r"^- Status: (.+)$", text, re.MULTILINE)
    replaced = re.match(r"superseded by \[\d{3}\]\(\d{3}-[\w-]+\.md\)", status)
    assert status == "accepted" or replaced
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    mark = " (superseded)" if replaced else ""
    assert INDEX.count(f"- [{number}]({path.name}) {title[1]}{mark}\n") == 1


def test_decisions_are_numbered_without_gaps_and_indexed_once():
    assert [int(path.name[:3]) for path in ADRS] == list(range(1, len(ADRS) + 1))
    assert len(re.findall(r"^- \[\d{3}\]", INDEX, re.MULTILINE)) == len(ADRS)


PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


ROOMS = ("mixer", "deploy", "bench", "tests", "demo", "IaC", "web")
NOT_FILES = {"mixer/mixer", "mixer/sound/formats/vorbis.py"}
"""The default of RepositoryId, and the example in CONTRIBUTING.md."""


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name != "adr"], ids=lambda page: page.name
)
def test_paths_in_documents_exist(page):
    rooms = "|".join(ROOMS)
    for path in re.findall(rf"`((?:{rooms})/[\w./-]+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists() or path in NOT_FILES, path


GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^\| (?!term |---)(.+?) \| .+? \| (`.+`) \|$", GLOSSARY, re.MULTILINE)


@cache
def list_definitions(path: Path) -> frozenset[str]:
    files = [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
    texts = (file.read_text(encoding="utf-8") for file in files)
    return frozenset(
        name for text in texts for name in re.findall(r"^(?:class|def) (\w+)", text, re.MULTILINE)
    )


@pytest.mark.parametrize("code", [code for _, code in TERMS], ids=[term for term, _ in TERMS])
def test_glossary_names_code_that_exists(code):
    path, *names = re.findall(r"`([^`]+)`", code)
    assert (ROOT / path).exists()
    assert set(names) <= list_definitions(ROOT / path)


def test_glossary_has_every_row_read_and_no_term_twice():
    rows = [line for line in GLOSSARY.splitlines() if re.match(r"\| (?!term |-)", line)]
    assert len(TERMS) == len(rows) > 50
    names = [name for term, _ in TERMS for name in term.strip("*").split(", ")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("reason", [each for each in Reason if each not in DELETING])
def test_reason_for_keeping_is_documented(reason):
    assert reason.value in (DOCS / "sanitation.md").read_text(encoding="utf-8")


EXAMPLES = [
    dedent(each)
    for each in re.findall(
        r"^   ```python\n(.*?)^   ```$",
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
]


def run_example(name):
    """What the example in CONTRIBUTING.md that defines a name defines."""
    defined: dict[str, Any] = {}
    for example in EXAMPLES:
        if re.search(rf"^class {name}\b", example, re.MULTILINE):
            exec(compile(example, "CONTRIBUTING.md", "exec"), defined)  # noqa: S102 - our own
    return defined


def test_example_of_a_format_is_complete():
    names = run_example("Vorbis")
    spec = FileSpec(bitrate_kbps=96, channels=2, samples=44_100)
    vorbis = names["Vorbis"]()
    assert "96k" in vorbis.codec_arguments(spec)
    fields = vorbis.select_fields(AudioTags({}, [], 9.0, Picture(b"JPEG", 640, 480)))
    assert "METADATA_BLOCK_PICTURE" in fields
