"""The command line: `mixer`, or `python -m mixer`.

A command's module is imported when it is called, so that `mixer --help` is quick and no command
loads what it does not need. Exit codes: 0 success, 2 wrong use, 1 any other error, 130 interrupted;
an error is one sentence on stderr.
"""

import gc
import importlib
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import click

from mixer.cli.strict import StrictCommand

__all__ = ["COMMANDS", "StrictCommand", "cli", "main"]

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
"""Mixer uses none, and looking for them in all installed packages takes 50 ms."""

gc.set_threshold(100_000)
"""By default Python looks for cycles after 700 new objects: a tenth of the time of a plan, which
makes 70,000.
"""

COMMANDS = {
    "narrate": "mixer.cli.narrate:narrate",
    "mix": "mixer.cli.narrate:mix",
    "inspect": "mixer.cli.inspect:inspect",
    "cast": "mixer.cli.cast:cast",
    "plan": "mixer.cli.plan:plan",
    "estimate": "mixer.cli.plan:estimate",
    "voices": "mixer.cli.voices:voices",
    "serve": "mixer.cli.serve:command",
    "mcp": "mixer.cli.serve:mcp",
    "sanitize": "mixer.cli.sanitize:sanitize",
}
"""The module and the name of each command, in the order in which a newcomer meets them."""

SUMMARIES = {
    "narrate": "Turn a story into a finished file.",
    "mix": "Mix sound files into one finished file, in the given order.",
    "inspect": "Measure a sound FILE of any format.",
    "cast": "Find who says what in BOOK, a novel or a play in English.",
    "plan": "Show the chunks, the sounds and the cost of STORY.",
    "estimate": "Estimate the length and the cost of STORY; nothing is spent.",
    "voices": "List the voices of an engine.",
    "serve": "Serve the API and the demo page, on 127.0.0.1 only unless --public-url names an "
    "address.",
    "mcp": "Give agents the tools plan, estimate, narrate, status and voices (MCP over stdio).",
    "sanitize": "Clean up an AWS account: list old objects and images, or delete them.",
}
"""The first sentence of each command's help, so that the list imports none of them."""


class LazyGroup(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """List the commands in their order."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; one without a summary is imported for it."""
        rows = []
        for name in COMMANDS:
            command = None if name in SUMMARIES else self.get_command(ctx, name)
            rows.append((name, command.get_short_help_str() if command else SUMMARIES[name]))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one that is spelt like it."""
        if args[0] in COMMANDS or args[0].startswith("-"):
            _use_start_cache(ctx, args)
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
        meant = f" Did you mean {near[0]}?" if near else f" Commands: {', '.join(COMMANDS)}."
        raise click.UsageError(f"No such command “{args[0]}”.{meant}", ctx)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


def _use_start_cache(ctx: click.Context, arguments: Sequence[str]) -> None:
    """Keep what the command compiles, unless Python keeps no compiled modules either (-B)."""
    from mixer.start_cache import open_start_cache

    try:
        folder = _find_store(arguments) / "starts"
    except RuntimeError:  # this user has no home
        return
    cache = open_start_cache(folder / f"{sys.implementation.cache_tag}.json")
    if not sys.dont_write_bytecode:
        ctx.call_on_close(cache.save)


def _find_store(arguments: Sequence[str]) -> Path:
    """Find the store before a command is imported that could parse its options."""
    from mixer.settings import find_store_folder

    for option, following in pairwise((*arguments, "")):
        name, equals, value = option.partition("=")
        if name == "--store" and (value or following):
            return Path(value if equals else following)
    return find_store_folder(os.environ)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Get started: mixer narrate story.md --music music.mp3",
)
@click.version_option(package_name="mixer")
def cli() -> None:
    """Text in, finished audio out: narrated, mixed with music, mastered, captioned.

    `mixer COMMAND --help` lists the options of a command.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    from mixer.cli.exit_codes import run_command

    code = run_command(lambda: cli.main(arguments, prog_name="mixer", standalone_mode=False))
    gc.freeze()  # otherwise it looks for cycles in all modules as it ends: a fifth of a plan
    sys.exit(code)
