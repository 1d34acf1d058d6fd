"""The bill of materials names what the lock pins."""

import re

from deploy.sbom import ROOT, build_bill

LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
BILL = build_bill(LOCK, "1.2.3", "abc")


def test_every_pin_is_listed_with_its_version_and_hashes():
    pins = set(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE))
    parts = [each for each in BILL["components"] if each["type"] == "library"]
    assert {(each["name"], each["version"]) for each in parts} == pins
    assert len(parts) == len(pins) > 20
    hashes = {
        told["content"]
        for each in parts
        for file in each["externalReferences"]
        for told in file["hashes"]
    }
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", LOCK))


def test_ffmpeg_is_listed_with_its_own_licence():
    (ffmpeg,) = [each for each in BILL["components"] if each["name"] == "ffmpeg"]
    assert ffmpeg["licenses"][0]["license"]["id"].startswith("GPL-")
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    assert "later** (`ffmpeg -L` prints it)" in notices


def test_same_commit_gives_the_same_bill():
    assert build_bill(LOCK, "1.2.3", "abc") == BILL
    assert build_bill(LOCK, "1.2.3", "abd")["serialNumber"] != BILL["serialNumber"]
