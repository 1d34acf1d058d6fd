"""The contract's options as command-line options, taken from where they are defined."""

import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from mixer.errors import BadOption
from mixer.requests import Options, options

Command = TypeVar("Command", bound=Callable[..., Any])

SPEECH = ("voice", "engine", "language", "text_type", "pauses", "gap_ms", "rate")
MIX = (
    "preset",
    "music_level_lu",
    "duck_db",
    "music_intro_s",
    "music_outro_s",
    "fade_out_s",
    "bitrate_kbps",
)
ABOUT = ("title", "author")
COST = ("max_cost_usd", "dry_run")


def contract_options(*names: str) -> Callable[[Command], Command]:
    """Give a command some of the contract's options; what is not given reaches it as None."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _option(name, Options.model_fields[name])(command)
        return command

    return decorate


def chosen(given: Mapping[str, Any]) -> Options:
    """The options that were given on the command line, checked; the others at their defaults."""
    asked = {name: value for name, value in given.items() if value is not None}
    if isinstance(asked.get("pauses"), str) and "=" in asked["pauses"]:
        asked["pauses"] = _lengths(asked["pauses"])
    return options(asked)


def _option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return click.option(flag, is_flag=True, default=None, help=field.description)
    shown = field.default not in {"", None} and f"  [default: {field.default}]"
    return click.option(
        flag, type=_type(field.annotation), help=f"{field.description}{shown or ''}"
    )


def _type(annotation: Any) -> Any:  # noqa: ANN401 - click takes types and its own objects alike
    """What click shall read: the first type of a union, the words of a literal."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return _type(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        words = get_args(annotation)
        return click.Choice(words) if isinstance(words[0], str) else type(words[0])
    return annotation


def _lengths(written: str) -> dict[str, int]:
    """`comma=200,paragraph=900` as lengths by kind."""
    try:
        pairs = (part.split("=", 1) for part in written.split(","))
        return {kind.strip(): int(length) for kind, length in pairs}
    except ValueError as error:
        raise BadOption(
            f"pauses: {written!r} is not written like comma=200,paragraph=900."
        ) from error
