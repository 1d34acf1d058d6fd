"""The contract's options as command-line options, taken from where they are defined."""

import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from mixer.cli.story_files import read_lexicon_file
from mixer.errors import BadOption
from mixer.requests import Options, parse_options

Command = TypeVar("Command", bound=Callable[..., Any])

SPEECH = (
    "voice",
    "engine",
    "language",
    "text_type",
    "skip_front_matter",
    "titles",
    "pauses",
    "gap_ms",
    "rate",
    "lexicon",
    "lexicons",
    "speech_marks",
)
MIX = (
    "preset",
    "music_level_lu",
    "duck_db",
    "duck_attack_s",
    "duck_hold_s",
    "duck_release_s",
    "de_ess",
    "music_intro_s",
    "music_outro_s",
    "fade_out_s",
    "format",
    "bitrate_kbps",
)
METADATA = ("title", "author", "narrator", "series", "year", "genre", "description", "cover")
OUTPUT = ("outputs",)
COST = ("max_cost_usd", "dry_run")

UNITS = {"_ms": "MS", "_lu": "LU", "_db": "DB", "_s": "SECONDS", "_kbps": "KBPS", "_usd": "USD"}
LISTS = frozenset({"lexicons", "outputs"})
"""Given as names with commas between."""

METAVARS = {
    "rate": "PERCENT",
    "voice": "NAME",
    "engine": "NAME",
    "language": "TAG",
    "lexicon": "FILE",
    "lexicons": "NAME,NAME…",
    "cover": "FILE",
    "year": "YYYY",
    "outputs": "NAME,NAME…",
}


def contract_options(*names: str) -> Callable[[Command], Command]:
    """Give a command some of the contract's options; what is not given reaches it as None."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _build_option(name, Options.model_fields[name])(command)
        return command

    return decorate


def collect_options(given: Mapping[str, Any]) -> Options:
    """The options that were given on the command line, checked; the others at their defaults."""
    asked = {name: value for name, value in given.items() if value is not None}
    if isinstance(asked.get("pauses"), str) and "=" in asked["pauses"]:
        asked["pauses"] = _parse_lengths(asked["pauses"])
    if "lexicon" in asked:
        asked["lexicon"] = read_lexicon_file(Path(asked["lexicon"]))
    for name in LISTS & asked.keys():
        asked[name] = [each.strip() for each in asked[name].split(",")]
    return parse_options(asked)


def _build_option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return click.option(flag, is_flag=True, default=None, help=field.description)
    read_as = _click_type(field.annotation)
    metavar = None if isinstance(read_as, click.Choice) else _metavar(name)
    return click.option(flag, type=read_as, metavar=metavar, help=_format_help(field))


def _format_help(field: FieldInfo) -> str:
    """What an option is for, what it may be and what it is when it is not given."""
    told = [field.description or ""]
    bounds = {type(each).__name__: each for each in field.metadata}
    if "Ge" in bounds and "Le" in bounds:
        told.append(f"{bounds['Ge'].ge:g} to {bounds['Le'].le:g}.")
    words = _literal_values(field.annotation)
    if words and not isinstance(words[0], str):
        told.append(f"One of {', '.join(map(str, words))}.")
    default = field.default
    if default not in ("", None, []):
        shown = default if isinstance(default, str) else f"{default:g}"
        told.append(f" [default: {shown}]")
    return " ".join(told)


def _metavar(name: str) -> str:
    """What stands for an option's value in the help: its unit, or what it is."""
    unit = next((each for suffix, each in UNITS.items() if name.endswith(suffix)), None)
    return METAVARS.get(name) or unit or "TEXT"


def _click_type(annotation: Any) -> Any:  # noqa: ANN401 - click takes types and its own objects alike
    """What click shall read: the first type of a union, the words of a literal."""
    words = _literal_values(annotation)
    if words:
        return click.Choice(words) if isinstance(words[0], str) else type(words[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return _click_type(get_args(annotation)[0])
    return str if get_origin(annotation) is list else annotation


def _literal_values(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a literal may hold any value
    """The values that an annotation lists, if it lists them."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return _literal_values(get_args(annotation)[0])
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _parse_lengths(text: str) -> dict[str, int]:
    """`comma=200,paragraph=900` as lengths by kind."""
    try:
        pairs = (part.split("=", 1) for part in text.split(","))
        return {kind.strip(): int(length) for kind, length in pairs}
    except ValueError as error:
        raise BadOption(f"pauses: {text!r} is not written like comma=200,paragraph=900.") from error
