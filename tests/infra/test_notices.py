"""The third-party notices name everything that is installed, with the licence it states itself."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

import imageio_ffmpeg
import pytest

ROOT = Path(__file__).parents[2]
NOTICES = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
LISTED = dict(
    re.findall(r"^\| \[([\w-]+)\]\(https?://[^)]+\) \| ([^|]+?) \|", NOTICES, re.MULTILINE)
)


def canonical(requirement):
    name = re.match(r"[\w.-]+", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["dependencies"])


def read_locked_names():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return re.findall(r"^[\w.-]+(?===)", lock, re.MULTILINE)


def read_licence(package):
    """What the metadata says: its expression, else the first line of its text, else its class."""
    fields = metadata(package)
    classes = [c for c in fields.get_all("Classifier", []) if c.startswith("License ::")]
    text = fields.get("License-Expression") or (fields.get("License") or "").strip()
    return text.partition("\n")[0] or classes[0].rpartition(" :: ")[2]


def require_distribution(package):
    try:
        return distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not for this Python")


@pytest.mark.parametrize("package", sorted(map(canonical, direct_requirements())))
def test_every_direct_requirement_is_listed_with_its_licence(package):
    assert LISTED.get(package) == read_licence(package)


@pytest.mark.parametrize("package", sorted(map(canonical, read_locked_names())))
def test_everything_that_the_service_installs_is_listed(package):
    assert package in LISTED


@pytest.mark.parametrize("package", sorted(LISTED))
def test_a_listed_licence_is_the_one_that_the_package_states(package):
    require_distribution(package)
    assert LISTED[package] == read_licence(package)


@pytest.mark.parametrize("package", ["boto3", "hibari-tts", "s3transfer", "aws-xray-sdk"])
def test_notice_of_the_package_is_reproduced_in_full(package):
    found = [file for file in distribution(package).files if file.name.startswith("NOTICE")]
    assert [file.read_text(encoding="utf-8").strip() in NOTICES for file in found] == [True]


def test_source_of_ffmpeg_is_named():
    assert "GNU General Public License, version 3 or" in NOTICES
    assert "https://git.ffmpeg.org/ffmpeg.git" in NOTICES
    assert "https://github.com/BtbN/FFmpeg-Builds" in NOTICES


@pytest.mark.skipif(sys.platform != "linux", reason="the commit is that of the Linux build")
def test_commit_named_for_ffmpeg_is_the_one_installed():
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-version"]
    version = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[2]
    release, _, date = version.rpartition("-")
    assert f"`{release}`" in NOTICES
    assert f"({date})" in NOTICES


def test_licence_text_is_whole():
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "the Mixer authors" in licence
    assert [f"Section {number} -- " in licence for number in range(1, 9)] == [True] * 8
    assert licence.endswith("Creative Commons may be contacted at creativecommons.org.\n")
