"""Options of several commands: those of the contract, built from its fields, and paths."""

import os
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from mixer.output_options import FeedOptions, MetadataOptions, OutputOptions
from mixer.requests import (
    LISTS,
    CostOptions,
    GapOption,
    MixOptions,
    Options,
    SpeechOptions,
    parse_options,
    parse_texts,
)

Command = TypeVar("Command", bound=Callable[..., Any])

METADATA = tuple(MetadataOptions.model_fields)
SPEECH = (*SpeechOptions.model_fields, *GapOption.model_fields)
MIX = tuple(name for name in MixOptions.model_fields if name not in METADATA)
OUTPUT = tuple(OutputOptions.model_fields)
FEED = tuple(name for name in FeedOptions.model_fields if name != "feed")
"""Without the feed's folder, which is an option of its own on this machine."""

COST = tuple(CostOptions.model_fields)
COMBINED = LISTS | {"chapters", "pauses"}
"""Lists with commas, which may be given in several options as well."""

UNITS = {"_ms": "MS", "_lu": "LU", "_db": "DB", "_s": "SECONDS", "_kbps": "KBPS", "_usd": "USD"}
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
    "pauses": "KIND=MS,…",
    "chapters": "N-N,N,…",
    "de_ess": "STRENGTH",
    "episode": "N",
    "season": "N",
    "explicit": "yes|no",
}


def default_store() -> Path:
    """The user's cache folder (XDG Base Directory)."""
    from mixer.settings import find_store_folder

    return find_store_folder(os.environ)


store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_store,
    envvar="MIXER_STORE",
    show_default="your cache folder",
    help="Folder that keeps spoken chunks, so that none is synthesized twice.",
)


def set_variable(_context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Set the option's environment variable: a server is a setting, not an option of a request."""
    os.environ[str(parameter.envvar)] = value or ""


engine_url_option = click.option(
    "--engine-url",
    metavar="URL",
    envvar="ENGINE_URL",
    expose_value=False,
    callback=set_variable,
    help="The speech server of --engine http: its address up to /v1 (docs/voices.md).",
)

music_option = click.option(
    "--music",
    type=click.Path(path_type=Path),
    help="A sound file to play under the speech, or a folder that is also searched for sounds that "
    "the story names.",
)


force_option = click.option(
    "--force", is_flag=True, help="Overwrite files even if Mixer did not write them."
)


def contract_options(*names: str) -> Callable[[Command], Command]:
    """Add options of the contract to a command, which gets None for those not given."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _build_option(name, Options.model_fields[name])(command)
        return command

    return decorate


def collect_options(given: Mapping[str, Any]) -> Options:
    """Check the options given on the command line; the others have their defaults."""
    values = {name: value for name, value in given.items() if value is not None}
    if "lexicon" in values:
        from mixer.narration import read_lexicon_file

        values["lexicon"] = read_lexicon_file(Path(values["lexicon"]))
    return parse_options(parse_texts(values))


def _build_option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return click.option(flag, is_flag=True, default=None, help=field.description)
    click_type = _select_click_type(field.annotation)
    metavar = None if isinstance(click_type, click.Choice) else _select_metavar(name)
    help_text = _format_help(field)
    if name in COMBINED:
        return click.option(
            flag, metavar=metavar, help=help_text, multiple=True, callback=_join_values
        )
    return click.option(flag, type=click_type, metavar=metavar, help=help_text)


def _join_values(
    _context: click.Context, _parameter: click.Parameter, values: Sequence[str]
) -> str | None:
    return ",".join(values) if values else None


def _format_help(field: FieldInfo) -> str:
    """Format an option's purpose, range and default."""
    sentences = [field.description or ""]
    bounds = {type(each).__name__: each for each in field.metadata}
    if "Ge" in bounds and "Le" in bounds:
        sentences.append(f"{bounds['Ge'].ge:,g} to {bounds['Le'].le:,g}.")
    literals = _literal_values(field.annotation)
    if literals and not isinstance(literals[0], str):
        sentences.append(f"One of {', '.join(map(str, literals))}.")
    default = field.default
    if default not in ("", None, []):
        shown = default if isinstance(default, str) else f"{default:g}"
        sentences.append(f" [default: {shown}]")
    return " ".join(sentences)


def _select_metavar(name: str) -> str:
    """The placeholder of an option's value in the help: its unit or kind."""
    unit = next((each for suffix, each in UNITS.items() if name.endswith(suffix)), None)
    return METAVARS.get(name) or unit or "TEXT"


def _select_click_type(annotation: Any) -> Any:  # noqa: ANN401 - click takes types and its own objects
    """The type for click: the first type of a union, the values of a literal."""
    literals = _literal_values(annotation)
    if literals:
        return click.Choice(literals) if isinstance(literals[0], str) else type(literals[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return _select_click_type(get_args(annotation)[0])
    return str if get_origin(annotation) is list else annotation


def _literal_values(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a literal may hold any value
    """The values of a literal; empty for other annotations."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return _literal_values(get_args(annotation)[0])
    return get_args(annotation) if get_origin(annotation) is Literal else ()
