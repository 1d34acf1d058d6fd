"""What the command line says of its options: one grammar, one kind of quotation marks."""

import click
import pytest

from tests.commands import InProcessCli
from tests.unit.cli.test_strict import list_commands

OPTIONS = [
    pytest.param(option, id=f"{name} {option.opts[0]}")
    for name, command in list_commands()
    for option in command.params
    if isinstance(option, click.Option)
]


@pytest.mark.parametrize("option", OPTIONS)
def test_help_is_a_sentence_and_its_value_has_a_name(option: click.Option):
    purpose = (option.help or "").partition("  [default:")[0]
    assert purpose[:1].isupper() or option.opts[0] == "--pauses"
    assert purpose.endswith((".", "]"))
    assert option.is_flag or option.metavar or isinstance(option.type, click.Choice | click.Path)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["narrate"], "Missing argument “STORY” (see mixer narrate --help)."),
        (["narrate", "x", "--rate", "fast"], "--rate: “fast” is not a whole number (see"),
        (["narrate", "x", "--gap-ms", "1.5"], "--gap-ms: “1.5” is not a whole number (see"),
        (["narrate", "x", "--duck-db", "low"], "--duck-db: “low” is not a number (see"),
        (["narrate", "x", "--explicit", "maybe"], "--explicit: “maybe” is not yes or no (see"),
        (["narrate", "x", "--titles", "sung"], "--titles: “sung” is not one of spoken, unspoken ("),
        (["narrate", "x", "--nothing"], "No such option --nothing"),
        (["narrate", "x", "--title"], "Option --title requires an argument"),
        (["serve", "--port", "http"], "--port: “http” is not a whole number (see mixer serve"),
        (["serve", "--port", "99999"], "--port: 99999 is not from 0 to 65535 (see mixer serve"),
        (["mcp", "--max-cost-usd", "-3"], "--max-cost-usd: -3.0 is not at least 0 (see mixer mcp"),
        (["sing"], "No such command “sing”."),
        (["narrate", "x", "--language", "a\x1b[31mb"], "not “a\\x1b[31mb”."),
    ],
)
def test_wrong_use_is_answered_in_our_words(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
):
    done = InProcessCli(capsys)(*arguments)
    assert done.code == 2
    assert error in done.error
    assert "'" not in done.error
