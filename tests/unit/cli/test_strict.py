"""An option that is given twice is combined or refused, in every command."""

import click
import pytest

from deploy.__main__ import main
from mixer.cli import COMMANDS, cli
from mixer.cli.options import COMBINED
from tests.commands import InProcessCli


def list_commands() -> list[tuple[str, click.Command]]:
    """List all commands with the words that call them."""
    context = click.Context(cli)
    found = [(name, cli.get_command(context, name)) for name in COMMANDS]
    inner = [
        (f"{name} {each}", command.commands[each])
        for name, command in found
        if isinstance(command, click.Group)
        for each in command.commands
    ]
    return [(name, command) for name, command in [*found, *inner] if command is not None]


SINGLE = [
    pytest.param(name, option, id=f"{name} {option.opts[0]}")
    for name, command in list_commands()
    for option in command.params
    if isinstance(option, click.Option)
    and not option.multiple
    and not (option.is_flag and not option.secondary_opts)
]


@pytest.mark.parametrize(("command", "option"), SINGLE)
def test_option_with_two_values_is_refused(
    command: str, option: click.Option, capsys: pytest.CaptureFixture[str]
):
    pair = [*option.opts, *option.secondary_opts]
    values = pair if option.is_flag else [option.opts[0], "1", option.opts[0], "2"]
    done = InProcessCli(capsys)(*command.split(), *values)
    assert done.code == 2
    assert "more than once" in done.error


PATHS = [
    pytest.param(name, each, id=f"{name} {each.name}")
    for name, command in list_commands()
    for each in command.params
    if isinstance(each.type, click.Path) and each.nargs == 1
]


@pytest.mark.parametrize(("command", "parameter"), PATHS)
def test_empty_path_is_refused(
    command: str, parameter: click.Parameter, capsys: pytest.CaptureFixture[str]
):
    given = [parameter.opts[0], ""] if isinstance(parameter, click.Option) else [""]
    done = InProcessCli(capsys)(*command.split(), *given)
    assert done.code == 2
    assert "is empty; name a file or a folder" in done.error


def test_lists_may_be_given_in_several_options():
    wanted = {(name, option) for name in ("narrate", "plan") for option in COMBINED}
    options = {
        (name, str(option.name)): option
        for name, command in list_commands()
        for option in command.params
        if isinstance(option, click.Option)
    }
    found = wanted & options.keys()
    assert {("narrate", name) for name in COMBINED} <= found
    assert all(options[each].multiple for each in found)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--outputs", "vtt", "--outputs", "srt"], "vtt,srt"),
        (["--outputs", "vtt,srt"], "vtt,srt"),
        (["--outputs", ""], ""),
        ([], None),
    ],
)
def test_lists_are_joined(given: list[str], wanted: str | None):
    command = dict(list_commands())["narrate"]
    context = command.make_context("narrate", ["story.md", *given])
    assert context.params["outputs"] == wanted


def test_flag_may_be_repeated():
    command = dict(list_commands())["narrate"]
    assert command.make_context("narrate", ["story.md", "--force", "--force"]).params["force"]


def test_deletion_is_not_decided_by_the_last_of_two_flags():
    with pytest.raises(click.UsageError, match="--audio or --keep-audio is given more than once"):
        main(["destroy", "--keep-audio", "--audio"], standalone_mode=False)
