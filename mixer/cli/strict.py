"""Commands that use all that they are given, or refuse it."""

import click

__all__ = ["StrictCommand", "StrictGroup"]


class StrictCommand(click.Command):
    """A command that refuses an option which is given twice, instead of using the last.

    It refuses empty paths, too: a script's variable was not set.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments, of which each option has one value unless it is a list."""
        if not ctx.resilient_parsing:
            values, _, given = self.make_parser(ctx).parse_args(args=list(args))
            for each in given:
                if isinstance(each.type, click.Path) and values.get(str(each.name)) == "":
                    _refuse_emptiness(each, ctx)
                if isinstance(each, click.Option) and given.count(each) > 1:
                    _refuse_repetition(each, ctx)
        return super().parse_args(ctx, args)


class StrictGroup(StrictCommand, click.Group):
    """A group of commands with such options."""


def _refuse_emptiness(parameter: click.Parameter, context: click.Context) -> None:
    """Refuse an empty path, which would be the current folder."""
    name = parameter.get_error_hint(context)
    raise click.UsageError(f"{name} is empty; name a file or a folder.", context)


def _refuse_repetition(option: click.Option, context: click.Context) -> None:
    is_harmless = option.multiple or (option.is_flag and not option.secondary_opts)
    if not is_harmless:
        names = " or ".join([*option.opts, *option.secondary_opts])
        raise click.UsageError(f"{names} is given more than once; give it once.", context)
