"""Signed statements of origin, read back by c2pa's own reader; the frames stay as they were."""

import json
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from c2pa import Reader

from mixer.compose import build_story_runner
from mixer.compose.laptop import open_file_signer
from mixer.errors import Misconfigured
from mixer.publish.provenance import (
    FileSigner,
    Origin,
    OriginSound,
    SigningFiles,
    open_identity,
    read_provenance,
)
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.sound import ffmpeg
from mixer.stories import JobContext, StoryInput
from tests.commands import InProcessCli
from tests.engines import ToneEngine

FORMATS = ("mp3", "m4a", "m4b", "wav", "flac", "opus")
MAX_ADDED_BYTES = 40_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return SigningFiles.find({"XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config"))})


@pytest.fixture
def sign(files):
    origin = Origin("1.0", "embedded", ("Ada", "Ben"), (OriginSound("ab" * 32),))
    return FileSigner(open_identity(files), origin).sign


def make_sound(path: Path) -> Path:
    muxer = ["-f", "ipod"] if path.suffix == ".m4b" else []
    tone = ["-f", "lavfi", "-i", "sine=duration=1", *muxer, str(path)]
    ffmpeg.run(tone, timeout_s=60)
    return path


def hash_frames(path: Path) -> bytes:
    copy = ["-i", str(path), "-map", "0:a", "-c", "copy", "-f", "streamhash", "-"]
    return ffmpeg.run(copy, timeout_s=60).stdout


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_signed_file_keeps_its_frames_and_shows_every_later_change(tmp_path, sign, suffix):
    path = make_sound(tmp_path / f"story.{suffix}")
    frames, size = hash_frames(path), path.stat().st_size
    assert read_provenance(path).state == "none"
    sidecar = sign(path)
    assert hash_frames(path) == frames
    manifest_bytes = path.stat().st_size - size or sidecar.stat().st_size
    assert 0 < manifest_bytes < MAX_ADDED_BYTES
    found = read_provenance(path)
    assert (found.state, found.is_synthetic, found.is_trusted) == ("valid", True, False)
    assert (found.engine, found.voices, found.software) == ("embedded", ("Ada", "Ben"), "Mixer 1.0")
    content = bytearray(path.read_bytes())
    content[-size // 3] ^= 1
    path.write_bytes(content)
    assert read_provenance(path).state == "changed"


def test_the_manifest_names_sounds_by_hash_and_no_words(tmp_path, sign):
    path = make_sound(tmp_path / "story.flac")
    sign(path)
    with path.open("rb") as file, Reader("audio/flac", file) as reader:
        content = json.loads(reader.json())
    manifest = content["manifests"][content["active_manifest"]]
    (ingredient,) = manifest["ingredients"]
    assert "ab" * 32 in ingredient["instance_id"]
    labels = {each["label"] for each in manifest["assertions"]}
    assert {"c2pa.actions.v2", "org.mixer.speech"} <= labels


def test_the_key_is_made_once_for_its_owner_alone(files):
    certificate = open_identity(files).certificates
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert open_identity(files).certificates == certificate


@pytest.mark.parametrize("years", [-30, 30])
def test_a_certificate_of_mixers_own_is_made_again_when_the_clock_has_left_it(tmp_path, years):
    files = SigningFiles.find({"XDG_CONFIG_HOME": str(tmp_path)})
    then = datetime.now(UTC) + timedelta(days=365 * years)
    old = open_identity(files, then).certificates
    assert open_identity(files).certificates != old


def test_an_expired_certificate_of_the_users_own_signs_nothing(tmp_path):
    made = SigningFiles.find({"XDG_CONFIG_HOME": str(tmp_path)})
    open_identity(made, datetime.now(UTC) - timedelta(days=365 * 30))
    own = {"MIXER_SIGNING_KEY": str(made.key), "MIXER_SIGNING_CERTIFICATE": str(made.certificates)}
    with pytest.raises(Misconfigured, match="is not valid now"):
        open_identity(SigningFiles.find(own))
    with pytest.raises(Misconfigured, match="belong together"):
        SigningFiles.find({"MIXER_SIGNING_KEY": "key.pem"})


def test_a_story_is_signed_where_it_is_exported_and_nowhere_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MIXER_SIGNING", "on")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    document = read_document("# One\n\nIt was late.\n\n# Two\n\nIt fitted.", TextType.MARKDOWN)
    outputs = {}
    for name, options in {
        "signed": Options(outputs=["chapter_files", "read_aloud"]),
        "tagged": Options(provenance="tags", outputs=["chapter_files"]),
    }.items():
        with closing(ToneEngine()) as engine:
            runner = build_story_runner(tmp_path / "store", engine, JobContext())
            out = tmp_path / name / "story.mp3"
            out.parent.mkdir()
            outputs[name] = runner.run_story(StoryInput(document), options, out).outputs
    signed, tagged = tmp_path / "signed", tmp_path / "tagged"
    chapters = sorted((signed / "story-chapters").glob("*.mp3"))
    made = [signed / "story.mp3", signed / "story.read-aloud.epub", *chapters]
    assert [read_provenance(path).state for path in made] == ["valid"] * 4
    assert read_provenance(tagged / "story.mp3").state == "none"
    assert hash_frames(signed / "story.mp3") == hash_frames(tagged / "story.mp3")
    report = json.loads((signed / "story.json").read_text())
    assert report["provenance"] == {"marked": "signed"}
    shown = InProcessCli(capsys)("inspect", signed / "story.mp3").out
    assert "signed, and unchanged since" in shown
    assert "synthetic: " in shown


def test_signing_can_be_turned_off_for_a_computer(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("MIXER_SIGNING", "off")
    assert open_file_signer("embedded", ("Ada",), ()) is None
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_signed_stays_as_it_was(tmp_path, sign):
    path = make_sound(tmp_path / "story.mp3")
    shutil.copy(path, tmp_path / "copy.mp3")
    broken = tmp_path / "broken.m4b"
    broken.write_bytes(b"not a sound")
    with pytest.raises(Exception, match="could not be signed"):
        sign(broken)
    assert broken.read_bytes() == b"not a sound"
    assert {each.name for each in tmp_path.iterdir()} == {"story.mp3", "copy.mp3", "broken.m4b"}
