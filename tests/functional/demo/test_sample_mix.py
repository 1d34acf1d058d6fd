"""The sample story as `make demo` makes it, measured again: length, loudness, peaks, every gap."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from demo.bed import write_bed
from mixer.compose import build_story_runner, open_local_engine
from mixer.requests import parse_options
from mixer.script.readers import TextType, read_document
from mixer.speech.voice_selection import EMBEDDED
from mixer.stories import JobContext, StoryInput, StoryRun
from tests.sounds import MIX_HZ, decode_audio, find_onset, measure_loudness

STORY = Path("demo/story.md")
ONSET_S = 1.0
"""Of each chunk, found again in the mix."""

REACH_S = 0.02


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def run(folder: Path, store: Path) -> StoryRun:
    bed = folder / "bed.flac"
    write_bed(bed)
    out = folder / "story.mp3"
    with closing(open_local_engine([EMBEDDED])) as engine:
        runner = build_story_runner(store, engine, JobContext())
        asked = parse_options({"text_type": "markdown"})
        source = read_document(STORY.read_bytes(), TextType.MARKDOWN)
        return runner.run_story(StoryInput(source, bed), asked, out)


@pytest.fixture(scope="module")
def loudness(run: StoryRun) -> tuple[float, float]:
    """Integrated in LUFS, and the true peak in dBTP."""
    return measure_loudness(run.outputs[0])


def test_it_lasts_as_long_as_its_timeline(run: StoryRun):
    sound = decode_audio(run.outputs[0])
    assert len(sound) / MIX_HZ == pytest.approx(run.timeline.duration_s, abs=0.05)


def test_it_is_as_loud_as_asked_and_below_the_ceiling(run: StoryRun, loudness: tuple[float, float]):
    integrated_lufs, true_peak_dbtp = loudness
    mastering = run.timeline.mastering
    assert integrated_lufs == pytest.approx(mastering.target_lufs, abs=0.5)
    assert true_peak_dbtp <= mastering.ceiling_dbtp


def test_every_chunk_and_so_every_gap_lies_where_the_timeline_says(run: StoryRun, store: Path):
    timeline = run.timeline
    sound = decode_audio(run.outputs[0], rate_hz=timeline.rate_hz).mean(axis=1)
    length, reach = round(ONSET_S * timeline.rate_hz), round(REACH_S * timeline.rate_hz)
    late_s = []
    for clip in timeline.clips:
        chunk = decode_audio(store / clip.source, rate_hz=timeline.rate_hz).mean(axis=1)
        expected = chunk[clip.skip : clip.skip + length]
        found = find_onset(sound, expected, near=clip.start, reach=reach)
        late_s.append((found - clip.start) / timeline.rate_hz)
    assert np.abs(np.diff(late_s)).max() < 0.002
    assert np.abs(late_s).max() < 0.002


def test_its_report_says_what_was_measured(run: StoryRun, loudness: tuple[float, float]):
    report = json.loads(run.outputs[-1].read_text(encoding="utf-8"))
    integrated_lufs, true_peak_dbtp = loudness
    assert report["integrated_loudness_lufs"] == pytest.approx(integrated_lufs, abs=0.15)
    assert report["true_peak_dbtp"] == pytest.approx(true_peak_dbtp, abs=0.2)
    assert len(report["chapters"]) == 3
    assert report["unspoken"] == []
