"""The command line: `mixer`, or `python -m mixer`.

Each command lives in a module of its own, imported when it is called, so that `mixer --help` is
quick and nothing heavy is loaded for a command that does not need it. Exit codes: 0 done, 2 wrong
use, 1 anything else; an error is one sentence on stderr.
"""

import importlib
import sys
from collections.abc import Sequence

import click

COMMANDS = {
    "narrate": "mixer.cli.narrate",
    "mix": "mixer.cli.mix",
    "inspect": "mixer.cli.inspect",
    "plan": "mixer.cli.plan",
    "estimate": "mixer.cli.estimate",
    "voices": "mixer.cli.voices",
    "serve": "mixer.cli.serve",
    "sanitize": "mixer.cli.sanitize",
}
"""The module of each command; it defines `command`."""


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


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="To begin with: mixer narrate story.md --music music.mp3",
)
@click.version_option(package_name="mixer")
def cli() -> None:
    """Text in, finished audio out: narrated, mixed with music, mastered, captioned.

    `mixer COMMAND --help` tells what a command takes.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    from mixer.cli.exit_codes import run_command

    sys.exit(run_command(lambda: cli.main(arguments, prog_name="mixer", standalone_mode=False)))
