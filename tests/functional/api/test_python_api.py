"""The public Python API, as the README shows it and beyond."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mixer
from mixer.errors import StoryCancelled

README = Path(__file__).parents[3] / "README.md"
STORY = "# One\n\nThe lamp went out at nine.\n\n# Two\n\nNo one in the village noticed.\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIXER_STORE", str(tmp_path / "store"))
    (tmp_path / "my-story.md").write_text(STORY)
    return tmp_path


def test_example_of_the_readme_runs(folder, capsys):
    (example,) = re.findall(
        r"### From Python\n\n```python\n(.*?)```", README.read_text(), re.DOTALL
    )
    names = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102 - our own example
    assert (folder / "my-story.mp3").stat().st_size > 1_000
    assert "noticed" in capsys.readouterr().out
    assert (folder / "teaser.wav").stat().st_size > 44_100
    narration = names["narration"]
    assert narration.open_segment().duration_seconds == pytest.approx(narration.duration_s, abs=0.1)
    assert 0.3 < narration.chunks[0].open_segment().duration_seconds < narration.duration_s
    assert {path.suffix for path in narration.outputs} >= {".mp3", ".vtt", ".srt", ".json"}


def test_narration_reports_progress_and_can_be_cancelled(folder):
    seen, cancellation = [], mixer.Cancellation()
    mixer.narrate(STORY, "a.wav", progress=lambda stage, share: seen.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in seen)) == [
        *("planning", "speech", "mixing", "joining", "publishing")
    ]
    cancellation.cancel()
    with pytest.raises(StoryCancelled):
        mixer.narrate("Something else is said.", "b.wav", cancellation=cancellation)
    assert not (folder / "b.wav").exists()


def test_files_are_mixed_planned_and_inspected(folder):
    first = mixer.narrate("The first.", "first.wav")
    mixed = mixer.mix([first.path, "first.wav"], folder / "both.flac")
    assert mixed.open_segment().duration_seconds == pytest.approx(mixed.duration_s, abs=0.1)
    inspection = mixer.inspect("both.flac")
    assert inspection.measurement.duration_s == pytest.approx(mixed.duration_s, abs=0.1)
    plan = mixer.plan(Path("my-story.md"))
    assert (plan.chunks, len(plan.script.chapters)) == (4, 2)
    assert plan.costs_usd["neural"] > 0


def test_errors_are_of_one_kind():
    with pytest.raises(mixer.MixerError, match="nowhere"):
        mixer.plan(Path("nowhere.md"))
    with pytest.raises(mixer.MixerError, match="out"):
        mixer.narrate("A word.", "story.txt")


def test_importing_the_package_loads_nothing_else():
    code = "import mixer, sys; print(sorted(n for n in sys.modules if n.startswith('mixer')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "['mixer', 'mixer.lazy']"
    assert {*mixer.__all__} <= {*dir(mixer), *mixer.__all__}
    assert all(getattr(mixer, name) is not None for name in mixer.__all__)
