"""The build runs what everybody runs, and hands over what the pipeline deploys."""

import os
import re
import subprocess
from copy import deepcopy

import jsonschema
import pytest
import yaml

from tests.infra.buildspec_schema import SCHEMA
from tests.infra.cloudformation import ROOT, load_templates

BUILDSPEC = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
SPECS = sorted(ROOT.glob("buildspec*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def commands():
    return [c for phase in BUILDSPEC["phases"].values() for c in phase.get("commands", [])]


def list_make_targets():
    return [target for c in commands() for target in re.findall(r"\bmake (\w+)", c)]


def test_build_checks_judges_tests_pushes_in_this_order():
    assert list_make_targets() == ["check", "judges", "audit", "test", "push", "parameters"]
    assert "make parameters sbom" in " ".join(commands())


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.name)
def test_build_specification_is_what_codebuild_takes(spec):
    jsonschema.validate(yaml.safe_load(spec.read_text(encoding="utf-8")), SCHEMA)


def broken(change):
    spec = deepcopy(BUILDSPEC)
    change(spec)
    return spec


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.update(version=0.3),
        lambda spec: spec["phases"].update(prebuild=spec["phases"].pop("pre_build")),
        lambda spec: spec["phases"]["build"].update(comands=["make"]),
        lambda spec: spec["phases"]["build"].update(commands=[{"make": "push"}]),
        lambda spec: spec["artifacts"].pop("files"),
        lambda spec: spec["env"].update(exported=["IMAGE_DIGEST"]),
    ],
)
def test_broken_build_specification_is_noticed(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken(change), SCHEMA)


def test_last_action_of_a_deployment_narrates_a_sentence_and_failure_rolls_back():
    resources = load_templates()["MixerInfraStack"]["Resources"]
    stage = resources["Pipeline"]["Properties"]["Stages"][-1]
    last = max(stage["Actions"], key=lambda action: action["RunOrder"])
    assert [each for each in stage["Actions"] if each["RunOrder"] == last["RunOrder"]] == [last]
    assert last["Configuration"] == {"ProjectName": {"Ref": "SmokeProject"}}
    assert stage["OnFailure"] == {"Result": "ROLLBACK"}
    project = resources["SmokeProject"]["Properties"]
    spec = yaml.safe_load(read(project["Source"]["BuildSpec"]))
    assert spec["phases"]["build"]["commands"] == ["make smoke"]
    given = {each["Name"] for each in project["Environment"]["EnvironmentVariables"]}
    assert given == set(re.findall(r'envvar="(\w+_STACK)"', read("deploy/__main__.py")))


def test_every_target_exists():
    assert set(list_make_targets()) <= TARGETS


@pytest.mark.parametrize("commit", ["a; touch {}", "$(touch {})", "`touch {}`", "a' && touch {} '"])
def test_commit_of_a_build_is_a_value_and_never_a_command(commit, tmp_path):
    file = tmp_path / "made"
    made = ["make", "--no-print-directory", "image", "BUILDER=echo"]
    environ = {**os.environ, "COMMIT": commit.format(file)}
    done = subprocess.run(made, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert "--build-arg" in done.stdout
    assert not file.exists()
    assert "$(COMMIT)" not in MAKEFILE


def test_commands_are_texts():
    assert all(isinstance(command, str) for command in commands())


def test_digest_is_handed_to_the_pipeline():
    assert BUILDSPEC["env"]["exported-variables"] == ["IMAGE_DIGEST"]


def test_what_the_pipeline_deploys_is_among_the_artifacts():
    pipeline = load_templates()["MixerInfraStack"]["Resources"]["Pipeline"]["Properties"]
    actions = [action for stage in pipeline["Stages"] for action in stage["Actions"]]
    wanted = {
        text.removeprefix("Built::")
        for action in actions
        for key, text in action["Configuration"].items()
        if key in {"TemplatePath", "TemplateConfiguration"}
    }
    folders = {pattern.rpartition("/")[0] for pattern in BUILDSPEC["artifacts"]["files"]}
    assert wanted
    assert {path.rpartition("/")[0] for path in wanted} <= folders
    written = set(re.findall(r"^write .* (\w+) \w+$", read(".ci/parameters"), re.MULTILINE))
    configured = {path for path in wanted if path.endswith(".json")}
    assert {f"out/parameters/{name}.json" for name in written} == configured


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_variables_of_the_build_are_those_that_its_scripts_read():
    resources = load_templates()["MixerInfraStack"]["Resources"]
    scripts = read(".ci/push") + read(".ci/parameters")
    for project in ("BuildProject", "PipelineBuildProject"):
        environment = resources[project]["Properties"]["Environment"]["EnvironmentVariables"]
        given = {each["Name"] for each in environment}
        assert given == {
            *("REPOSITORY_URI", "SPEECH_STACK", "MIXER_STACK", "STORY_STACK", "SANITATION_STACK")
        }
        assert all(f"${{{name}" in scripts for name in given)


FAKE_AWS = """#!/usr/bin/env bash
echo "aws $*" >> "$LOG"
case "$*" in
  *describe-images*)
    [ -e "$THERE" ] || { echo ImageNotFoundException >&2; exit 254; }
    echo sha256:abc ;;
  *get-login-password*) echo secret ;;
  *describe-stacks*speech*)
    echo '[{"ParameterKey": "AuthMode", "ParameterValue": "none"},'
    echo ' {"ParameterKey": "Removed", "ParameterValue": "1"},'
    echo ' {"ParameterKey": "ImageDigest", "ParameterValue": "sha256:old"}]' ;;
  *describe-stacks*) echo "Stack does not exist" >&2; exit 254 ;;
esac
"""
FAKE_BUILDER = """#!/usr/bin/env bash
echo "builder $*" >> "$LOG"
case "$1" in login) cat > /dev/null ;; push) touch "$THERE" ;; esac
"""


@pytest.fixture
def place(tmp_path):
    """A copy of the scripts with an AWS and a builder that only take notes."""
    for name, text in {"aws": FAKE_AWS, "builder": FAKE_BUILDER}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    for name in ("push", "parameters"):
        (tmp_path / ".ci" / name).write_bytes((ROOT / ".ci" / name).read_bytes())
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "IaC").symlink_to(ROOT / "IaC")
    return tmp_path


def run(place, script, **variables):
    environment = {
        "PATH": f"{place}/bin:/usr/local/bin:/usr/bin:/bin",
        "LOG": str(place / "log"),
        "THERE": str(place / "there"),
        "BUILDER": "builder",
        "COMMIT": "abc123",
        "REPOSITORY_URI": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/copy-repository",
        **variables,
    }
    command = ["bash", str(place / ".ci" / script)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def notes(place):
    return (place / "log").read_text()


def test_new_commit_is_built_and_pushed_under_its_name(place):
    done = run(place, "push")
    assert done.returncode == 0, done.stderr
    assert (place / "out/image-digest").read_text() == "sha256:abc\n"
    assert "builder build --build-arg REVISION=abc123 --tag mixer:abc123 ." in notes(place)
    repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/copy-repository"
    assert f"builder push {repository}:abc123\n" in notes(place)
    assert f"builder push {repository}:latest\n" in notes(place)


def test_docker_builds_one_manifest_for_the_architecture_of_the_functions(place):
    (place / "bin" / "builder").rename(place / "bin" / "docker")
    done = run(place, "push", BUILDER="docker")
    assert done.returncode == 0, done.stderr
    built = "builder build --platform linux/amd64 --provenance=false --sbom=false --build-arg"
    assert built in notes(place)


def test_same_commit_is_not_pushed_twice(place):
    (place / "there").touch()
    done = run(place, "push")
    assert done.returncode == 0, done.stderr
    assert "builder" not in notes(place)
    assert (place / "out/image-digest").read_text() == "sha256:abc\n"


def test_deployment_keeps_parameters_and_changes_the_digest(place):
    (place / "out").mkdir()
    (place / "out/image-digest").write_text("sha256:new\n")
    done = run(place, "parameters")
    assert done.returncode == 0, done.stderr
    speech = yaml.safe_load((place / "out/parameters/speech.json").read_text())
    assert speech == {"Parameters": {"AuthMode": "none", "ImageDigest": "sha256:new"}}
    mixer = yaml.safe_load((place / "out/parameters/mixer.json").read_text())
    assert mixer == {"Parameters": {"ImageDigest": "sha256:new"}}


@pytest.mark.parametrize(("initiator", "status"), [("codepipeline/mixer", 1), ("anna", 0), ("", 0)])
def test_new_advisory_stops_a_push_and_no_known_commit(tmp_path, initiator, status):
    (command,) = (each for each in commands() if "make audit" in each)
    make = tmp_path / "make"
    make.write_text("#!/bin/sh\nexit 1\n")
    make.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CODEBUILD_INITIATOR": initiator}
    done = subprocess.run(["sh", "-c", command], env=variables, check=False)
    assert done.returncode == status


def test_audit_fails_when_a_package_was_not_audited():
    (line,) = (each for each in MAKEFILE.splitlines() if "pip-audit" in each)
    assert "--strict" in line
