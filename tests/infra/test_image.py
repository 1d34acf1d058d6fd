"""The image as its Dockerfile says it: what goes in, what stays out, who runs it."""

import re
import tomllib

import pytest

from tests.infra.cloudformation import ROOT, load_templates
from tests.infra.reach import trace_reach
from tests.infra.rules_of_code import AWAITED, list_functions

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    (line.partition(" ")[0], line.partition(" ")[2])
    for line in re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    if line and not line.startswith("#")
]
FINAL = INSTRUCTIONS[max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]
RULES = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def is_sent(path):
    """Whether the builder is sent a file; the last rule that speaks of it decides."""
    sent = True
    for rule in RULES:
        pattern = re.escape(rule.lstrip("!").removeprefix("**/")).replace(r"\*", "[^/]*")
        start = "(.*/)?" if rule.lstrip("!").startswith("**/") else ""
        if re.fullmatch(f"{start}{pattern}(/.*)?", path):
            sent = rule.startswith("!")
    return sent


def values(word, instructions=INSTRUCTIONS):
    return [value for name, value in instructions if name == word]


@pytest.mark.parametrize("file", ["Dockerfile", "home.Dockerfile"])
def test_base_is_pinned_by_digest(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    (base,) = (line for line in lines if line.startswith("ARG BASE_IMAGE="))
    assert re.fullmatch(r"ARG BASE_IMAGE=[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", base)
    from_lines = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert from_lines == {"${BASE_IMAGE}"}


def test_base_is_chosen_by_argument_and_lambdas_own_by_default():
    assert re.search(
        r"^ARG BASE_IMAGE=public\.ecr\.aws/lambda/python:3\.1[23]@sha256:[0-9a-f]{64}$",
        DOCKERFILE,
        re.MULTILINE,
    )
    assert [value.partition(" ")[0] for value in values("FROM")] == ["${BASE_IMAGE}"] * 2


def test_base_has_a_python_that_the_project_supports():
    (minor,) = re.findall(r"python:3\.(\d+)", values("ARG")[0])
    assert int(minor) in {11, 12, 13}


def test_everything_is_installed_by_hash_or_from_here():
    installs = re.findall(r"pip install ([^&]*)", " ".join(values("RUN")))
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)
    assert all("--no-deps" in each for each in installs)
    assert not re.search(r"index-url|trusted-host|find-links|curl|wget|ADD http", DOCKERFILE)


def test_last_stage_installs_nothing_and_copies_only_what_was_built():
    assert not re.search("pip install|apt-get|dnf", " ".join(values("RUN", FINAL)))
    assert all(value.startswith("--from=build ") for value in values("COPY", FINAL))


def test_nobody_is_root():
    assert values("USER", FINAL) == ["1001:1001"]


def test_command_is_a_handler_and_functions_have_their_own():
    assert values("CMD", FINAL) == ['["app.handler"]']
    modules = {command.partition(".")[0] for _, _, _, command in list_functions(load_templates())}
    assert modules == AWAITED


def test_ffmpeg_is_looked_for_once_and_started():
    (check,) = [run for run in values("RUN") if "imageio_ffmpeg" in run]
    assert "(ffmpeg,) =" in check
    assert "S_IXOTH" in check
    assert "-version" in check


def test_bytecode_does_not_depend_on_file_times():
    assert "compileall -q --invalidation-mode unchecked-hash packages task" in DOCKERFILE


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        ".mixer/store/a.flac",
        "tests/unit/test_files.py",
        "docs/architecture.md",
        "demo/story.md",
        "web/index.html",
        "bench/table.py",
        "IaC/MixerInfraStack.yml",
        "secrets.json",
        "tokens.txt",
        "music.mp3",
        "requirements-judges.txt",
        "mixer/cli/narrate.py",
        "mixer/devserver/server.py",
        "mixer/speech/__pycache__/narrate.cpython-312.pyc",
    ],
)
def test_builder_is_not_sent(path):
    assert not is_sent(path)


@pytest.mark.parametrize(
    "path",
    [
        "app.py",
        "sanitation.py",
        "mixer/errors.py",
        "mixer/speech/polly/engine.py",
        "mixer/script/normalise/languages/de.toml",
        "requirements.txt",
        "pyproject.toml",
        "LICENSE",
        "THIRD_PARTY_NOTICES.md",
    ],
)
def test_builder_is_sent(path):
    assert is_sent(path)


def test_every_module_that_a_handler_reaches_is_in_the_image():
    commands = [command for *_, command in list_functions(load_templates())]
    handlers = {command.partition(".")[0] for command in commands}
    modules = {module for handler in handlers for module in trace_reach(handler).modules}
    needed = {module.replace(".", "/") for module in modules}
    assert [path for path in sorted(needed) if not is_sent(f"{path}.py")] == []


def test_every_file_that_is_copied_exists():
    copied = [value.split()[:-1] for value in values("COPY") if not value.startswith("--from")]
    for pattern in (name for names in copied for name in names):
        assert list(ROOT.glob(pattern)), pattern
        assert is_sent(pattern.replace("*", "app")), pattern


@pytest.mark.parametrize(
    ("lock", "packages", "held"),
    [
        ("requirements.txt", {"starlette", "uvicorn", "h11", "anyio"}, False),
        ("requirements.txt", {"boto3", "botocore", "aws-xray-sdk", "c2pa-python"}, True),
        ("requirements-local.txt", {"boto3", "botocore", "s3transfer", "aws-xray-sdk"}, False),
        ("requirements-local.txt", {"uvicorn", "c2pa-python", "hibari-tts"}, True),
        ("requirements-dev.txt", {"boto3", "aws-xray-sdk", "uvicorn"}, True),
    ],
)
def test_each_installation_holds_what_it_uses_and_no_more(lock, packages, held):
    text = (ROOT / lock).read_text(encoding="utf-8")
    names = {*re.findall(r"^([\w-]+)==", text, re.MULTILINE)}
    assert names & packages == (packages if held else set())


HINT = re.compile(r"""pip(?:x)? install ['"]?(\S*?)\[(\w+)\]|require_extra\(\s*"(\w+)\"""")


def test_every_extra_that_is_named_is_our_own():
    """The public index has another package of our name: a hint names our folder."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    places = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "mixer").rglob("*.py")]
    found = [hint.groups("") for each in places for hint in HINT.finditer(each.read_text("utf-8"))]
    assert len(found) > 5
    assert {folder for folder, _, _ in found} <= {"", "."}
    named = {extra or checked for _, extra, checked in found}
    assert named <= {*extras["optional-dependencies"]}
    assert not [each.name for each in places if re.search(r"\bmixer\[", each.read_text("utf-8"))]
