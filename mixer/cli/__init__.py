"""The command line: `mixer`, or `python -m mixer`.

Each command lives in a module of its own, imported when it is called, so that `mixer --help` is
quick and nothing heavy is loaded for a command that does not need it. Exit codes: 0 done, 2 wrong
use, 1 anything else; an error is one sentence on stderr.
"""

import importlib
import sys
from collections.abc import Sequence

import click

from mixer.errors import BadOption, MixerError

COMMANDS = {
    "narrate": "mixer.cli.narrate",
    "mix": "mixer.cli.mix",
    "plan": "mixer.cli.plan",
    "estimate": "mixer.cli.estimate",
    "voices": "mixer.cli.voices",
    "sanitize": "mixer.cli.sanitize",
}
"""The module of each command; it defines `command`."""

INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended: 128 + SIGINT."""


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[name]).command
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="mixer")
def cli() -> None:
    """Text in, finished audio out: narrated, mixed with music, mastered, captioned."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        sys.exit(cli.main(arguments, standalone_mode=False) or 0)
    except click.ClickException as wrong_use:
        wrong_use.show()
        sys.exit(wrong_use.exit_code)
    except MixerError as error:
        click.echo(f"mixer: {error}", err=True)
        sys.exit(2 if isinstance(error, BadOption) else 1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("mixer: interrupted; what was finished is kept", err=True)
        sys.exit(INTERRUPTED)
