"""Speech engines of the command line, and `mixer voices`, which lists their voices."""

from contextlib import closing

import click

from mixer.cli.files import Source, apply_lexicon, name_story_in_errors
from mixer.errors import BadOption
from mixer.requests import Options
from mixer.script import LIMITS, EngineLimits, Script
from mixer.speech import EMBEDDED, SpeechEngine, apply_narrator, select_voice
from mixer.speech.embedded import VOICES
from mixer.stories.planner import plan_script

POLLY = "polly"
DEFAULT_LANGUAGE = "en-US"

LIMITS_BY_NAME = {EMBEDDED: LIMITS[EMBEDDED], POLLY: LIMITS["generative"], **LIMITS}
"""Limits of a call, by the names of --engine."""


def select_limits(name: str) -> EngineLimits:
    """Select the limits of an engine by its name: embedded, polly, or one of Polly's engines.

    Raises:
        BadOption: the name is unknown.
    """
    if name not in LIMITS_BY_NAME:
        names = ", ".join(LIMITS_BY_NAME)
        raise BadOption(f"engine: unknown engine {name!r}; choose one of {names}.", field="engine")
    return LIMITS_BY_NAME[name]


def open_engine(name: str, *, speech_marks: bool = False) -> SpeechEngine:
    """Open an engine by its name; speech marks are the times of sentences, which Polly bills.

    Raises:
        BadOption: the name is unknown.
    """
    select_limits(name)
    if name == EMBEDDED:
        from mixer.speech.embedded import EmbeddedEngine

        return EmbeddedEngine()
    from mixer.speech.polly import PollyEngine, create_polly_client

    return PollyEngine(create_polly_client(), speech_marks=speech_marks)


@click.command()
@click.option("--engine", default=EMBEDDED, show_default=True, help="embedded, or polly.")
def voices(engine: str) -> None:
    """List the voices of an engine."""
    from rich.console import Console
    from rich.table import Table

    with closing(open_engine(engine)) as opened:
        found = opened.voices()
    table = Table()
    for name in ("voice", "language", "gender", "engines"):
        table.add_column(name)
    for voice in found:
        table.add_row(voice.id, voice.language, voice.gender, ", ".join(voice.engines))
    Console().print(table)


def plan_source(source: Source, story: str, options: Options) -> Script:
    """Plan a story that was read, without opening an engine; `story` names it in errors.

    Raises:
        BadOption: the engine is unknown, or does not support an option.
        UnknownVoice: the embedded engine has no such voice; Polly's are not checked.
    """
    document = source.document
    options = apply_narrator(apply_lexicon(options, story, document), document.cast)
    engine = options.engine or EMBEDDED
    if engine == EMBEDDED:
        with name_story_in_errors(story):
            select_voice(VOICES, options, document.cast)
    language = options.language or DEFAULT_LANGUAGE
    return plan_script(document, select_limits(engine), language, options)
