"""What the command line loads before it is told to do anything."""

import json
import subprocess
import sys

import click
import pytest

from mixer.cli import COMMANDS, SUMMARIES, cli

HEAVY = ("onnxruntime", "boto3", "botocore", "numpy", "hibari", "PIL", "sentencex", "num2words")
SERVER = ("starlette", "uvicorn", "anyio", "h11")
LATER = ("pydantic", "rich", "markdown_it")
"""Lighter, and still not needed to show a help page."""

LOADED = """
import json, sys
import mixer.cli
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The packages that `import mixer.cli` loads in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    return frozenset(json.loads(done.stdout))


@pytest.mark.parametrize("package", [*HEAVY, *SERVER, *LATER])
def test_command_line_is_imported_without(package, loaded):
    assert package not in loaded


def test_python_m_mixer_shows_its_commands():
    done = subprocess.run(
        [sys.executable, "-m", "mixer", "--help"], capture_output=True, check=True, text=True
    )
    assert {"narrate", "mix", "plan", "voices", "estimate"} <= set(done.stdout.split())
    assert not done.stderr


@pytest.mark.parametrize("name", sorted(SUMMARIES))
def test_summary_is_the_first_sentence_of_the_commands_help(name: str):
    command = cli.get_command(click.Context(cli), name)
    assert name in COMMANDS
    assert command is not None
    assert " ".join((command.help or "").split("\n\n")[0].split()) == SUMMARIES[name]


def test_list_of_commands_imports_none_of_them():
    code = "import sys; from mixer.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    check = (
        "\nsys.exit(any(name in sys.modules for name in ('mixer.narration', 'pydantic', 'rich')))"
    )
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, check=False)
    assert done.returncode == 0


def test_plan_without_options_builds_no_validator(tmp_path):
    story = tmp_path / "story.txt"
    story.write_text("It rained.")
    code = "import mixer, pathlib, sys; mixer.plan(pathlib.Path(sys.argv[1]));"
    check = "sys.exit(mixer.Options.__pydantic_complete__)"
    done = subprocess.run([sys.executable, "-c", code + check, str(story)], check=False)
    assert done.returncode == 0
