"""What stands in a text's head: options are obeyed, misspelt names are pointed out."""

import json
from pathlib import Path

import pytest

from mixer.requests import Options
from mixer.script.readers.head_checks import HEAD_OPTIONS
from tests.commands import InProcessCli

ELSEWHERE = {
    "author", "cover", "description", "dry_run", "episode", "explicit", "feed", "genre", "language",
    "lexicon", "max_cost_usd", "narrator", "season", "series", "skip_front_matter", "text_type",
    "title", "year",
}  # fmt: skip
"""Options that a head states in another way, or that are not the author's to choose."""


@pytest.fixture
def mixer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> InProcessCli:
    monkeypatch.chdir(tmp_path)
    return InProcessCli(capsys)


def write(*head: str, body: str = "The lamp went out.") -> None:
    Path("story.md").write_text("\n".join(["---", *head, "---", "", body, ""]))


def test_every_option_is_for_the_head_or_left_out_on_purpose():
    assert set(Options.model_fields) - ELSEWHERE == HEAD_OPTIONS


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        (
            "titel: The Gate",
            "line 2: “titel” is not known in the front matter; did you mean “title”?",
        ),
        (
            "casst:\n  Dana: Cora",
            "line 2: “casst” is not known in the front matter; did you mean “cast”?",
        ),
        (
            "muzik: sea.mp3",
            "line 2: “muzik” is not known in the front matter; did you mean “music”?",
        ),
        (
            "language: Klingon",
            "line 2: “Klingon” is not a language, so the voice's own is used; write a tag such as",
        ),
        ("wibble: 1", "line 2: “wibble” is not known in the front matter; it is ignored."),
        ("voice: Ada\nVoice: Ben", "line 3: “Voice” is in line 2 too; only this line counts."),
        ("title: A\n\ntitle: B", "line 4: “title” is in line 2 too; only this line counts."),
        ("rate: 90\ncast:\n  Ann: Ada\nrate: 95", "line 5: “rate” is in line 2 too; only this"),
    ],
)
def test_unknown_name_is_pointed_out_with_its_line(mixer: InProcessCli, line: str, warning: str):
    write(line)
    done = mixer("plan", "story.md")
    assert done.code == 0
    assert f"warning: story.md: {warning}" in done.err


def test_brackets_that_look_like_a_tag_are_pointed_out_where_they_are_read_aloud(
    mixer: InProcessCli,
):
    write(
        "title: A", body="It [[puase 1s]] rained. [[muzic: x]] [[Paul]] [[Harbour|the sea]] fell."
    )
    err = mixer("plan", "story.md").err
    assert err.count("warning") == 2
    assert "“[[puase 1s]]” is read aloud; did you mean a tag such as “[[pause …]]”?" in err
    assert "“[[muzic: x]]” is read aloud" in err


@pytest.mark.parametrize(
    "line",
    [
        "title: A",
        "date: 2026-01-01",
        "tags: [a, b]",
        "music-level-lu: 18",
        "# titel: x",
        "rate: 90",
    ],
)
def test_known_name_is_no_reason_for_a_warning(mixer: InProcessCli, line: str):
    write(line)
    assert mixer("plan", "story.md").err == ""


@pytest.mark.parametrize(
    ("head", "body", "names"),
    [
        ([], "Dana: Hello.\n\nTom: Yes.\n\nDana: Good.\n\nTom: So.", ["Dana", "Tom"]),
        ([], "Note: it rains.\n\nIt rains.", []),
        (["cast:", "  Dana: Cora"], "Danna: Hello.\n\nDana: Yes.", ["Danna"]),
        (["cast:", "  Dana: Cora"], "Dana: Hello.\n\nNote: it rains.", []),
    ],
)
def test_speakers_without_a_role_are_pointed_out(
    mixer: InProcessCli, head: list[str], body: str, names: list[str]
):
    write("title: A", *head, body=body)
    warnings = mixer("plan", "story.md").err.splitlines()
    assert [each.split("“")[1].split(":")[0] for each in warnings] == names


def test_options_of_the_head_count_unless_the_command_line_says_otherwise(mixer: InProcessCli):
    write("rate: 150", "titles: unspoken", "pauses: paragraph=3000", body="# One\n\nA.\n\nB.")
    stated = json.loads(mixer("plan", "story.md", "--json").out)
    chunks = [chunk for chapter in stated["chapters"] for chunk in chapter["chunks"]]
    assert "150%" in chunks[0]["ssml"]
    assert "3000ms" in chunks[0]["ssml"]
    assert "One" not in "".join(chunk["ssml"] for chunk in chunks)
    assert "80%" in mixer("plan", "story.md", "--json", "--rate", "80").out


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("language: en-GB", "25 December 2023"),
        ("language: en-US", "December 25, 2023"),
        ("language: en", "December 25, 2023"),
        ("title: A", "December 25, 2023"),
    ],
)
def test_region_of_a_text_decides_how_its_dates_are_read(mixer: InProcessCli, line: str, date: str):
    write(line, body="It was 25/12/2023.")
    assert f"It was {date}." in mixer("plan", "story.md", "--words").out


def test_format_and_voice_of_the_head_decide_what_is_written(mixer: InProcessCli):
    write("format: opus", "preset: podcast", "voice: Ben")
    done = mixer("narrate", "story.md", "--store", "store")
    assert done.code == 0, done.err
    report = json.loads(Path("story.json").read_text())
    assert (report["voice"], report["preset"]) == ("Ben", "podcast")
    assert Path("story.opus").exists()


def test_wrong_value_in_the_head_is_refused_by_name(mixer: InProcessCli):
    write("preset: podcats")
    done = mixer("plan", "story.md")
    assert done.code == 2
    assert done.error.startswith("story.md: in the front matter, preset: must be story")


@pytest.mark.parametrize(
    ("arguments", "before", "after"),
    [
        (["--out", "a.m4b"], "The preset requires mp3, but the format is m4b", "is required"),
        (["--bitrate-kbps", "64"], "The preset requires at least 192 kbit/s", "bit"),
    ],
)
def test_broken_rules_are_named_before_speaking_and_afterwards(
    mixer: InProcessCli, arguments: list[str], before: str, after: str
):
    write("title: A", body="It was late. " * 4)
    done = mixer("narrate", "story.md", "--preset", "audiobook-acx", "--store", "store", *arguments)
    assert done.code == 0, done.err
    first, *rest = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert before in first
    assert done.err.index(first) < done.err.index("speech: done")
    assert [each for each in rest if "A rule of the preset is broken." in each and after in each]
