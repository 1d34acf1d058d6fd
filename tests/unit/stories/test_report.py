"""The report is stable, rounded and honest about what it could not measure."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.speech.charges import POLLY_USD_PER_MILLION_CHARS, cost_usd
from mixer.stories.report import Report, ReportChapter, format_report

REPORT = Report(
    title="Der Wal — 鯨",
    language="de-DE",
    voice="Vicki",
    engine="generative",
    duration_s=632.123456,
    integrated_loudness_lufs=-18.0412,
    true_peak_dbtp=-1.2499,
    loudness_target_lufs=-18.0,
    chunks=12,
    characters=9_100,
    billed_characters=9_050,
    chapters=(ReportChapter("Eins", 0.0), ReportChapter("Zwei", 310.98765)),
    polly_cost_usd={engine: cost_usd(9_050, engine) for engine in POLLY_USD_PER_MILLION_CHARS},
    adjustments=("Music looped 11 times.",),
    stages_s={"speak": 4.56789, "render": 2.0},
    outputs=("story.mp3", "story.vtt"),
)


def test_fields_stand_in_one_order_with_the_format_first():
    fields = list(json.loads(format_report(REPORT)))
    assert fields[:5] == ["format_version", "title", "language", "voice", "engine"]
    assert fields[-3:] == ["sound_peaks_dbtp", "speech_check", "timeline"]
    assert format_report(REPORT) == format_report(replace(REPORT))


def test_figures_are_rounded_to_their_unit():
    fields = json.loads(format_report(REPORT))
    assert fields["duration_s"] == 632.123
    assert fields["integrated_loudness_lufs"] == -18.0
    assert fields["true_peak_dbtp"] == -1.2
    assert fields["chapters"] == [
        {"title": "Eins", "start_s": 0.0},
        {"title": "Zwei", "start_s": 310.988},
    ]
    assert fields["stages_s"] == {"speak": 4.568, "render": 2.0}
    assert fields["polly_cost_usd"]["generative"] == 0.2715


def test_text_of_any_script_is_readable_as_it_is():
    assert "Der Wal — 鯨" in format_report(REPORT)


@pytest.mark.parametrize("figure", [float("-inf"), float("nan"), None])
def test_silence_has_no_loudness(figure):
    silent = replace(REPORT, integrated_loudness_lufs=figure, true_peak_dbtp=figure)
    fields = json.loads(format_report(silent))
    assert fields["integrated_loudness_lufs"] is None
    assert fields["true_peak_dbtp"] is None


def test_stage_named_like_a_unit_is_still_a_time():
    fields = json.loads(format_report(replace(REPORT, stages_s={"measure_lufs": -0.00001})))
    assert str(fields["stages_s"]["measure_lufs"]) == "0.0"


@given(st.text(), st.lists(st.text(), max_size=3), st.floats())
def test_any_text_and_figure_gives_valid_json(title, unspoken, duration_s):
    report = replace(REPORT, title=title, unspoken=tuple(unspoken), duration_s=duration_s)
    assert json.loads(format_report(report).encode())["chunks"] == 12


@pytest.mark.parametrize(
    ("engine", "usd"),
    [("standard", 4), ("neural", 16), ("generative", 30), ("long-form", 100), ("embedded", 0)],
)
def test_a_million_characters_cost_what_the_price_list_says(engine, usd):
    assert cost_usd(1_000_000, engine) == usd
    assert cost_usd(0, engine) == 0
