"""The proof without AWS fails with a sentence where a part is missing, and never skips."""

import re
import stat
import zipfile

import yaml

from tests.e2e import builds, needs
from tests.e2e.containers import CLIENT, select_pins
from tests.e2e.emulator import PYTHON
from tests.e2e.launcher import IDLE
from tests.infra.cloudformation import ROOT, load_templates

PROOF = (ROOT / "tests" / "e2e" / "proof.py").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")


def test_missing_programs_are_named_by_the_package_that_brings_them(tmp_path):
    (told, *_) = needs.find_missing(PYTHON, path=str(tmp_path))
    assert "apt-get install" in told
    assert set(told.split()) >= set(needs.PROGRAMS.values())


def test_only_the_missing_package_is_named(tmp_path):
    for name in set(needs.PROGRAMS) - {"bwrap"}:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert needs.find_missing_packages(str(tmp_path)) == ["bubblewrap"]


def test_browser_is_asked_for_where_there_is_none(tmp_path):
    assert needs.find_missing_browser(str(tmp_path)) == [needs.BROWSER]
    (tmp_path / needs.BROWSER).write_text("#!/bin/sh\n")
    (tmp_path / needs.BROWSER).chmod(0o755)
    assert needs.find_missing_browser(str(tmp_path)) == []


def test_emulator_that_is_not_installed_is_told(tmp_path):
    assert any("run make e2e" in each for each in needs.find_missing(tmp_path / "python"))


def test_nothing_is_skipped():
    assert not re.search("skip", PROOF)


def test_what_is_only_noted_is_told_and_is_in_the_templates():
    kinds = {
        one["Type"] for each in load_templates().values() for one in each["Resources"].values()
    }
    assert set(IDLE) <= kinds
    assert "CodePipeline, resource policies of secrets, alarms on an expression: noted" in PAGE


def test_archive_is_unpacked_with_its_modes(tmp_path):
    with zipfile.ZipFile(tmp_path / "source.zip", "w") as archive:
        entry = zipfile.ZipInfo(".ci/push")
        entry.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(entry, "#!/bin/sh\n")
    builds.unpack_archive(tmp_path / "source.zip", tmp_path / "source")
    assert (tmp_path / "source/.ci/push").stat().st_mode & 0o111


def test_build_carries_out_what_makes_the_image_and_stops_at_the_first_failure(tmp_path):
    spec = {"phases": {"build": {"commands": ["export A=1", "echo $A > made", "false"]}}}
    spec["phases"]["post_build"] = {"commands": ["touch never"]}
    (tmp_path / "buildspec.yml").write_text(yaml.safe_dump(spec))
    environ = {"PATH": "/usr/bin:/bin"}
    assert not builds.run_build(tmp_path, environ, tmp_path / "log")
    assert (tmp_path / "made").read_text() == "1\n"
    assert not (tmp_path / "never").exists()


def test_runtime_client_is_pinned_with_hashes():
    locked = select_pins((ROOT / "requirements-dev.txt").read_text(encoding="utf-8"))
    assert re.findall(r"^([a-z-]+)==", locked, re.MULTILINE) == sorted(CLIENT)
    assert locked.count("--hash=sha256:") >= len(CLIENT)


def test_ci_installs_what_the_proof_needs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "python3 -m tests.e2e.needs" in script
    assert script.index("apt-get install") < script.index("run_targets judges")
