"""A narration of which nothing has changed is found; whatever changes makes it again."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import mixer
from mixer.compose.installation import fingerprint_installation
from tests.sounds import MIX_HZ, music, write_sound

STORY = """---
lexicon: words.txt
---
# One

The lamp went out at nine.

[[sound bell.wav]]

Nothing else was to be done.
"""


@dataclass(frozen=True)
class NarratedFolder:
    """A story with all that it may use, narrated into the same folder; its sounds are in two."""

    path: Path
    options: mixer.Options = field(default_factory=lambda: mixer.Options(title="A lamp"))

    def narrate(self, options: mixer.Options | None = None) -> tuple[mixer.Narration, bool]:
        """Narrate; returns the narration and whether anything was made for it."""
        stages: list[str] = []
        narration = mixer.narrate(
            Path("story.md"),
            mixer.Output(Path("out.mp3"), store=Path("store"), force=True),
            options or self.options,
            music=Path("sounds/track.wav"),
            progress=lambda stage, _: stages.append(stage),
        )
        return narration, bool(stages)

    def write_sounds(self) -> None:
        """Write the files that the story uses."""
        (self.path / "story.md").write_text(STORY)
        (self.path / "words.txt").write_text("Mixer = mikser\n")
        (self.path / "sounds").mkdir()
        write_sound(self.path / "sounds/track.wav", music(3.0), MIX_HZ)
        write_sound(self.path / "sounds/bell.wav", music(0.5), MIX_HZ)

    def flip(self, name: str, place: int = -1) -> None:
        """Change one byte of a file; its size and its time stay."""
        path = self.path / name
        before, content = path.stat(), bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def find_one(self, pattern: str) -> str:
        """The name of the first file that matches."""
        return str(next(iter(sorted(self.path.glob(pattern)))).relative_to(self.path))


@pytest.fixture(scope="module")
def narration(tmp_path_factory) -> Path:
    folder = NarratedFolder(tmp_path_factory.mktemp("narrated"))
    folder.write_sounds()
    with pytest.MonkeyPatch.context() as patch:
        _set_up(patch, folder.path)
        _, is_made = folder.narrate()
    assert is_made
    return folder.path


@pytest.fixture
def folder(narration, monkeypatch) -> NarratedFolder:
    """The narrated folder at its own place, as it was before the last test."""
    kept = narration.with_name("kept")
    if not kept.exists():
        shutil.copytree(narration, kept)
    shutil.rmtree(narration)
    shutil.copytree(kept, narration)
    _set_up(monkeypatch, narration)
    return NarratedFolder(narration)


def _set_up(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.chdir(folder)
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    patch.delenv("MIXER_SIGNING")


def test_an_unchanged_story_is_found(folder):
    before = {each: each.stat().st_mtime_ns for each in folder.path.glob("out.*")}
    narration, is_made = folder.narrate()
    assert not is_made
    assert {each: each.stat().st_mtime_ns for each in folder.path.glob("out.*")} == before
    assert {*narration.outputs} == {each.relative_to(folder.path) for each in before}
    assert narration.synthesized_chunks == 0
    (folder.path / "out.vtt").unlink()
    made, is_made = folder.narrate()
    assert is_made
    assert made == narration


CHANGES: dict[str, Callable[[NarratedFolder], object]] = {
    "the story": lambda folder: folder.flip("story.md", -3),
    "the music": lambda folder: folder.flip("sounds/track.wav"),
    "a sound": lambda folder: folder.flip("sounds/bell.wav"),
    "a sound that is found first": lambda _: shutil.copy("sounds/track.wav", "bell.wav"),
    "the lexicon": lambda folder: folder.flip("words.txt", -3),
    "the audio": lambda folder: folder.flip("out.mp3", 20_000),
    "captions": lambda folder: folder.flip("out.srt"),
    "a file that is missing": lambda _: Path("out.chapters.json").unlink(),
    "the report": lambda folder: folder.flip("out.json"),
    "a recording that is missing": lambda folder: Path(
        folder.find_one("store/narration_chunks/*.flac")
    ).unlink(),
    "the record": lambda folder: folder.flip(folder.find_one("store/narrations/*.json")),
    "a record that is cut": lambda folder: Path(
        folder.find_one("store/narrations/*.json")
    ).write_bytes(b"{}"),
    "the signing key": lambda _: shutil.rmtree("config"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_made_again_once(folder, change):
    CHANGES[change](folder)
    assert folder.narrate()[1]
    assert not folder.narrate()[1]


@pytest.mark.parametrize(
    "variables",
    [
        {"MIXER_SIGNING": "off"},
        {"XDG_CONFIG_HOME": "other-config"},
        {"ENGINE_URL": "http://127.0.0.1:9/v1"},
    ],
)
def test_variables_are_part_of_a_run(folder, variables, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert folder.narrate()[1]


@pytest.mark.parametrize(
    "options",
    [
        mixer.Options(title="Another"),
        mixer.Options(title="A lamp", bitrate_kbps=64),
        mixer.Options(),
    ],
)
def test_options_are_part_of_a_run(folder, options):
    assert folder.narrate(options)[1]
    assert not folder.narrate(options)[1]


def test_a_story_that_changes_while_it_is_narrated_is_not_remembered(folder):
    def edit(_stage: str, _share: float) -> None:
        Path("story.md").write_text(f"{STORY}\nMore was done.\n")

    output = mixer.Output(Path("out.mp3"), store=Path("store"), force=True)
    (folder.path / "out.vtt").unlink()
    options, track = folder.options, Path("sounds/track.wav")
    mixer.narrate(Path("story.md"), output, options, music=track, progress=edit)
    assert folder.narrate()[1]
    Path("story.md").write_text(STORY)
    assert folder.narrate()[1]


def test_warnings_come_again(folder):
    options = mixer.Options(preset="audiobook-acx", format="mp3", bitrate_kbps=64)
    warned = []
    for _ in range(2):
        with pytest.warns(mixer.MixerWarning) as caught:
            folder.narrate(options)
        warned.append([(str(each.message), each.filename) for each in caught])
    assert warned[0] == warned[1]
    assert {name for _, name in warned[0]} == {__file__}


@pytest.mark.usefixtures("folder")
def test_a_feed_is_published_again():
    made = []
    for _ in range(2):
        mixer.narrate(
            "The lamp went out at nine.",
            mixer.Output(Path("new.mp3"), store=Path("store"), feed=Path("feed")),
            progress=lambda stage, _: made.append(stage),
        )
    assert made.count("planning") >= 2


def test_another_store_has_its_own_records(folder):
    output = mixer.Output(Path("out.mp3"), store=Path("other"), force=True)
    made = []
    mixer.narrate(
        Path("story.md"),
        output,
        folder.options,
        music=Path("sounds/track.wav"),
        progress=lambda stage, _: made.append(stage),
    )
    assert made


class TestFingerprintInstallation:
    @pytest.fixture
    def package(self, tmp_path):
        (tmp_path / "code").mkdir()
        (tmp_path / "code/one.py").write_text("ONE = 1\n")
        return tmp_path / "code"

    @pytest.mark.parametrize(
        "change",
        [
            lambda package: (package / "one.py").write_text("ONE = 2\n"),
            lambda package: (package / "one.py").rename(package / "two.py"),
            lambda package: (package / "table.toml").write_text(""),
        ],
    )
    def test_code_counts_byte_by_byte(self, package, change):
        before = fingerprint_installation({}, package)
        (package / "__pycache__").mkdir()
        (package / "__pycache__/one.pyc").write_bytes(b"compiled")
        assert fingerprint_installation({}, package) == before
        change(package)
        assert fingerprint_installation({}, package) != before

    def test_voices_and_variables_count(self, package, tmp_path):
        voices = tmp_path / "voices"
        voices.mkdir()
        environ = {"MIXER_VOICES": str(voices)}
        seen = {fingerprint_installation(environ, package)}
        (voices / "model.onnx").write_bytes(b"model")
        seen.add(fingerprint_installation(environ, package))
        seen.add(fingerprint_installation({**environ, "ENGINE_VOICES": "x"}, package))
        assert len(seen) == 3
        assert fingerprint_installation({**environ, "TERM": "x"}, package) in seen

    def test_an_ffmpeg_that_is_replaced_counts(self, package, tmp_path):
        binary = tmp_path / "ffmpeg"
        seen = set()
        for content in ("#!/bin/sh\n", "#!/bin/sh \n"):
            binary.write_text(content)
            seen.add(fingerprint_installation({}, package, binary))
        assert len(seen) == 2
