"""`mixer plan`, `estimate` and `voices`, the help pages, and what wrong use is told."""

import json
import os
import re
import subprocess
import sys

import pytest
from pydantic import TypeAdapter

from mixer.api.schemas import EstimateAnswer
from mixer.cli import COMMANDS
from mixer.requests import Options
from mixer.script.script import Script
from tests.commands import InProcessCli, build_environ, run
from tests.emulators.speech_server import KEY, run_speech_server

STORY = """# The Lamp

Anna lit the lamp at 5 p.m. Then she read “The Sea”, by Dr. Hale.

## Later

Nobody came.
"""


@pytest.fixture
def mixer(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.md").write_text(STORY)
    return InProcessCli(capsys)


def test_plan_shows_every_chunk_with_its_characters_and_ends_with_length_and_cost(mixer):
    done = mixer("plan", "story.md")
    assert done.code == 0
    assert "Anna lit the lamp" in done.out
    last = done.out.strip().splitlines()[-1]
    for part in ("2 chapters", "characters", "about 0:", "embedded free", "generative"):
        assert part in last
    assert not done.err


def test_plan_as_json_is_the_whole_script(mixer):
    script = TypeAdapter(Script).validate_json(mixer("plan", "story.md", "--json").out)
    assert [chapter.title for chapter in script.chapters] == ["The Lamp", "Later"]
    said = " ".join(u.spoken for chunk in script.chunks for u in chunk.utterances)
    assert "Doctor Hale" in said


def test_plan_as_json_has_the_phonemes_of_the_embedded_voice_only(mixer):
    script = json.loads(mixer("plan", "story.md", "--json").out)
    first = script["chapters"][0]["chunks"][0]["utterances"][0]
    assert (first["text"], first["phonemes"]) == ("The Lamp", "ðə lˈæmp")
    script = json.loads(mixer("plan", "story.md", "--json", "--engine", "neural").out)
    assert "phonemes" not in script["chapters"][0]["chunks"][0]["utterances"][0]


def test_a_review_lists_what_deserves_a_look(mixer, tmp_path):
    text = "# Chapter 1\n\nSiobhan read it.[1]\n\n# Chapter 3\n\nShe met Siobhan again."
    (tmp_path / "book.md").write_text(text)
    done = mixer("plan", "book.md", "--review")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Language: nothing to note",
        "Chapters:",
        "  “Chapter 3” follows number 1.",
        "Words to listen to:",
        "  Siobhan (name, 2×)",
        "Not spoken:",
        "  marks of notes: 1",
    ]


def test_a_text_in_another_language_is_a_warning_or_refused(mixer, tmp_path):
    (tmp_path / "german.md").write_text("---\nlanguage: de\n---\n\nEin Wort.")
    (tmp_path / "russian.txt").write_text("Слово за слово.", encoding="utf-8")
    german, russian = mixer("plan", "german.md"), mixer("plan", "russian.txt")
    assert german.code == 0
    assert "The text is in “de”, but the voice speaks en-US" in german.err
    assert russian.code == 1
    assert "use a voice of Amazon Polly that speaks its language" in russian.err


@pytest.mark.parametrize("command", ["plan", "estimate"])
def test_a_voice_that_nobody_has_is_refused_here_already(mixer, command):
    done = mixer(command, "story.md", "--voice", "Nobody")
    assert done.code == 2
    assert "Choose one of Ada" in done.err


def test_planning_twice_gives_the_same(mixer):
    assert mixer("plan", "story.md", "--json") == mixer("plan", "story.md", "--json")


def test_plan_for_polly_needs_no_account(mixer):
    script = json.loads(mixer("plan", "story.md", "--json", "--engine", "polly").out)
    assert script["language"] == "en-US"


def test_options_of_speech_change_the_plan(mixer):
    plain = mixer("plan", "story.md", "--json").out
    assert mixer("plan", "story.md", "--json", "--rate", "120").out != plain
    assert mixer("plan", "story.md", "--json", "--pauses", "expressive").out != plain
    assert mixer("plan", "story.md", "--json", "--pauses", "heading=3000").out != plain


def test_a_text_file_is_not_read_as_markdown(mixer, tmp_path):
    for name in ("story.txt", "story.md"):
        (tmp_path / name).write_text("The [lamp](lamp.html) was lit.")
    as_text, as_markdown = mixer("plan", "story.txt", "--json"), mixer("plan", "story.md", "--json")
    assert as_text.out != as_markdown.out
    assert mixer("plan", "story.txt", "--json", "--text-type", "markdown").out == as_markdown.out


def test_estimate_is_one_line(mixer):
    done = mixer("estimate", "story.md")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert "under $0.01" in done.out


def test_estimate_names_the_price_of_a_speech_server(mixer, monkeypatch):
    monkeypatch.setenv("ENGINE_KEY", KEY)
    monkeypatch.setenv("ENGINE_USD_PER_MILLION_CHARS", "1000000")
    with run_speech_server() as server:
        asked = ("estimate", "story.md", "--engine", "http", "--engine-url", server.url)
        shown, figures = mixer(*asked).out, json.loads(mixer(*asked, "--json").out)
    assert re.search(r"; http \$\d+\.00, embedded free, on Polly standard", shown)
    assert figures["cost_usd"] == figures["costs_usd"]["http"] > 0


def test_estimate_as_json_has_figures(mixer):
    figures = json.loads(mixer("estimate", "story.md", "--json").out)
    assert figures["chapters"] == 2
    assert figures["duration_s"] > 5
    assert set(figures["costs_usd"]) == {"standard", "neural", "long-form", "generative"}
    assert set(figures) == set(EstimateAnswer.model_fields)
    assert EstimateAnswer.model_validate(figures, strict=True).cost_usd == 0
    assert (figures["voice"], figures["engine"]) == ("Ada", "embedded")
    polly = json.loads(mixer("estimate", "story.md", "--json", "--engine", "polly").out)
    assert polly["cost_usd"] == polly["costs_usd"]["generative"] > 0


def test_voices_are_listed(mixer):
    done = mixer("voices")
    assert done.code == 0
    assert "Ada" in done.out
    assert "en-US" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page(command, mixer):
    done = mixer(command, "-h")
    assert done.code == 0
    page = done.out.partition("Options:")[2]
    entries = [line for line in page.splitlines() if line.startswith("  -")]
    assert entries
    assert not done.err


def test_help_states_ranges_and_defaults(mixer):
    page = " ".join(mixer("narrate", "--help").out.split())
    assert "--rate PERCENT Speed of speech in percent. 50 to 200. [default: 100]" in page
    assert "6 to 40. [default: 20]" in page
    assert "64, 80, 96" in page


def test_the_list_of_commands_cuts_no_sentence_short(mixer):
    assert "..." not in mixer("--help").out.partition("Commands:")[2]


def test_second_start_compiles_nothing_and_plans_the_same(tmp_path):
    (tmp_path / "story.md").write_text(STORY)
    environ = build_environ(tmp_path, PYTHONDONTWRITEBYTECODE="")
    folder = tmp_path / ".cache" / "mixer" / "starts"
    first, second = (run("plan", "story.md", cwd=tmp_path, env=environ) for _ in range(2))
    assert (first.code, first.err) == (0, "")
    assert second == first
    (kept,) = folder.iterdir()
    written = kept.stat().st_ino
    assert run("plan", "story.md", "--words", cwd=tmp_path, env=environ).code == 0
    assert kept.stat().st_ino == written
    kept.write_bytes(b"damaged")
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    assert run("plan", "story.md", cwd=tmp_path, env=environ) == first
    assert kept.read_bytes() == b"damaged"


def test_no_command_at_all_is_wrong_use_and_shows_help():
    done = subprocess.run(
        [sys.executable, "-m", "mixer"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--rate", "500"], "--rate: must be at most 200, not 500."),
        (["--rate", "49"], "--rate: must be at least 50, not 49."),
        (["--rate", "fast"], "--rate: “fast” is not"),
        (["--gap-ms", "-1"], "--gap-ms: must be at least 0"),
        (["--gap-ms", "10001"], "--gap-ms: must be at most 10000"),
        (["--pauses", "wild"], "--pauses: “wild” is not a profile"),
        (["--pauses", "comma=soon"], "--pauses: “comma=soon”"),
        (["--pauses", "coma=5"], "--pauses: “coma”"),
        (["--pauses", "comma=-5"], "--pauses: comma"),
        (["--engine", "parrot"], "--engine: unknown engine “parrot”"),
        (["--text-type", "rtf"], "--text-type: “rtf” is not"),
        (["--colour", "red"], "--colour"),
        (["second.md"], "second.md"),
    ],
)
def test_wrong_use_is_told_in_one_sentence_that_names_the_option_as_typed(arguments, named, mixer):
    done = mixer("plan", "story.md", *arguments)
    assert done.code == 2
    assert named in done.error
    assert done.err.count("\n") == 1
    assert not done.out


@pytest.mark.parametrize("option", ["music_level_lu", "duck_db", "fade_out_s", "music_outro_s"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e9"])
def test_figures_of_the_mix_stay_in_their_ranges(option, value, mixer):
    flag = f"--{option.replace('_', '-')}"
    done = mixer("narrate", "story.md", flag, value)
    assert done.code == 2
    assert done.error.startswith(f"{flag}: must be")


def test_a_missing_argument_is_wrong_use(mixer):
    done = mixer("plan")
    assert done.code == 2
    assert "STORY" in done.error


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("narate", "narrate"), ("paln", "plan"), ("voice", "voices"), ("estimte", "estimate")],
)
def test_an_unknown_command_is_wrong_use_and_names_the_nearest(mixer, typed, meant):
    done = mixer(typed, "story.md")
    assert done.code == 2
    assert f"No such command “{typed}”. Did you mean {meant}?" in done.error


def test_a_command_like_no_other_gets_the_list(mixer):
    assert "Commands: narrate, mix" in mixer("xyz").error


def test_plan_shows_the_words_as_they_will_be_spoken(mixer):
    lines = mixer("plan", "story.md", "--words").out.splitlines()
    assert lines[0] == "# The Lamp"
    assert "Then she read “The Sea”, by Doctor Hale." in lines


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("book.epub", b"Once upon a time.", "book.epub is not an EPUB, although its name says so"),
        ("note.txt", b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n", "the PDF is damaged"),
        ("note.md", b"{\\rtf1 Once.}", "Rich Text"),
        ("lamp.azw3", b"lamp".ljust(60, b"\0") + b"BOOKMOBI\0\1", "a Kindle book (MOBI, AZW3)"),
    ],
)
def test_a_file_in_disguise_is_recognised_by_its_content(mixer, tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    assert why in mixer("plan", name).error


def test_every_option_of_the_contract_is_an_option_of_narrate(mixer):
    page = mixer("narrate", "--help").out
    for name in Options.model_fields:
        assert f"--{name.replace('_', '-')}" in page


def test_a_story_comes_from_standard_input_too(tmp_path):
    done = run("plan", "-", "--json", "--text-type", "markdown", cwd=tmp_path, stdin=STORY.encode())
    assert done.code == 0
    assert "Nobody came." in done.out


def test_closed_standard_input_is_one_sentence(tmp_path):
    done = run("plan", "-", cwd=tmp_path, prefix=["sh", "-c", 'exec "$@" <&-', "sh"])
    assert done.code == 1
    assert "Standard input is closed" in done.error


def test_a_terminal_of_an_old_encoding_gets_what_it_can_show(tmp_path):
    (tmp_path / "story.md").write_text("“鯨” — the whale.\n")
    env = build_environ(tmp_path, PYTHONIOENCODING="ascii")
    done = run("plan", "story.md", cwd=tmp_path, env=env)
    assert (done.code, done.err) == (0, "")
    assert "the whale" in done.out


def test_a_reader_that_leaves_early_meets_no_traceback(tmp_path):
    (tmp_path / "story.md").write_text("The whale came. " * 5_000)
    leave = ["sh", "-c", '"$@" | head -c 10', "sh"]
    done = run("plan", "story.md", "--json", cwd=tmp_path, prefix=leave)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.md", b"", "is empty"),
        ("blank.txt", b" \n\t\r\n\n", "is empty"),
        ("mark.txt", b"\xef\xbb\xbf", "is empty"),
        ("marks.md", b"# \n\n* * *\n", "no words"),
        ("dots.txt", b"...\n\n?!\n", "no words"),
        ("picture.txt", bytes(range(256)), "is not a text file"),
        ("nul.txt", b"The door\0opened.", "is not a text file"),
        ("half.txt", "“So,” she said. “Yes…”\n“No?”".encode()[:-1], "is damaged: line 2"),
    ],
)
def test_what_is_no_story_is_refused_in_one_sentence(name, content, told, mixer, tmp_path):
    (tmp_path / name).write_bytes(content)
    done = mixer("plan", name)
    assert done.code == 1
    assert told in done.error
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [
        "The café is open.".encode(),
        "\ufeffThe café is open.".encode(),
        "The café is open.".encode("utf-16"),
        "\ufeffThe café is open.".encode("utf-16-be"),
        "The café is open.".encode("latin-1"),
        "The café is open.\x1a".encode("cp1252"),
    ],
)
def test_a_story_in_any_usual_encoding_is_read(content, mixer, tmp_path):
    (tmp_path / "cafe.txt").write_bytes(content)
    script = json.loads(mixer("plan", "cafe.txt", "--json").out)
    (utterance,) = script["chapters"][0]["chunks"][0]["utterances"]
    assert utterance["text"] == "The café is open."


def test_a_missing_story_is_named(mixer):
    done = mixer("plan", "nosuch.md")
    assert (done.code, done.error) == (1, "The story nosuch.md does not exist.")


def test_a_folder_is_no_story(mixer, tmp_path):
    (tmp_path / "folder").mkdir()
    done = mixer("plan", "folder")
    assert done.code == 1
    assert "folder" in done.error


def test_plan_shows_who_speaks_and_how_much(mixer, tmp_path):
    head = "---\ncast:\n  Narrator: Ada\n  Tom: Ben, level -2, rate 90\n---\n"
    (tmp_path / "play.txt").write_text(f"{head}It was late.\n\nTom: Who is there?\n")
    done = mixer("plan", "play.txt")
    assert done.code == 0, done.err
    (tom, *_) = [line.split() for line in done.out.splitlines() if " Ben " in line]
    assert [cell for cell in tom if cell != "│"] == ["Tom", "Ben", "-2", "dB", "90%", "13"]
    assert [line for line in done.out.splitlines() if "Who is there?" in line and " Tom " in line]


@pytest.mark.parametrize(
    "text", ["A [bold]sign[/bold] said so.", "Say [/x] twice.", "A :smile: won."]
)
def test_tables_show_the_authors_characters(text, mixer, tmp_path):
    (tmp_path / "marks.txt").write_text(f"---\ntitle: {text[:-1]}\n---\n{text}\n")
    done = mixer("plan", "marks.txt")
    assert done.code == 0, done.err
    title, *rows = done.out.splitlines()
    assert text[:-1] in title
    assert any(text in row for row in rows)


def test_plan_lists_the_words_that_a_voice_may_misread(mixer):
    done = mixer("plan", "story.md", "--doubtful", "--engine", "neural")
    assert "Words that the voice may mispronounce" in done.err
    listed = done.out.splitlines()
    assert "Hale\tname\t1" in listed
    assert not [line for line in listed if line.startswith(("lamp", "Then", "Nobody"))]


def test_names_in_the_dictionary_of_the_embedded_voice_are_not_doubted(mixer):
    assert mixer("plan", "story.md", "--doubtful").err == "No word looks doubtful.\n"


def test_full_standard_output_is_one_sentence(tmp_path):
    (tmp_path / "story.md").write_text(STORY)
    full = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
    done = run("plan", "story.md", cwd=tmp_path, prefix=full)
    assert done.code == 1
    assert done.error.startswith("standard output cannot be written: No space left")


def test_file_name_of_no_encoding_is_narrated_without_standard_streams(tmp_path):
    name = os.fsdecode(b"od\xffd.md")
    (tmp_path / name).write_text("Hi there.")
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    done = run("narrate", name, "--store", "store", cwd=tmp_path, prefix=closed)
    assert done.code == 0, done.err
    assert (tmp_path / os.fsdecode(b"od\xffd.mp3")).exists()
