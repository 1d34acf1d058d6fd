"""Planning a story: what will be spoken, how long it takes, what it costs."""

from pathlib import Path

from mixer.errors import BadOption
from mixer.narration.checks import list_conflicts, measure_sounds
from mixer.narration.results import Plan
from mixer.narration.story_files import (
    apply_head,
    apply_source,
    collect_story_files,
    name_story_in_errors,
)
from mixer.requests import Options
from mixer.script import LIMITS, EngineLimits, Script
from mixer.script.planning import check_language, estimate_script
from mixer.speech import EMBEDDED, costs_usd, select_voice
from mixer.speech.embedded import VOICES
from mixer.stories.steps import plan_script

DEFAULTS = Options()
DEFAULT_LANGUAGE = "en-US"
POLLY = "polly"

LIMITS_BY_NAME = {EMBEDDED: LIMITS[EMBEDDED], POLLY: LIMITS["generative"], **LIMITS}
"""Limits of a call, by the names of the option `engine`."""


def plan(
    story: str | Path, options: Options = DEFAULTS, *, music: str | Path | None = None
) -> Plan:
    """Plan the speech of a story and its cost; nothing is synthesized or paid for.

    Polly's voices are not checked, because that takes an account.

    Raises:
        MixerError: the message explains the reason and the remedy.
    """
    files = collect_story_files(story, options, as_path(music))
    options = apply_source(apply_head(options, files.source), files.source)
    document, engine = files.source.document, options.engine or EMBEDDED
    if engine == EMBEDDED:
        with name_story_in_errors(files.source.name):
            select_voice(VOICES, options, document.cast)
    language = options.language or DEFAULT_LANGUAGE
    script = plan_script(document, select_limits(engine), language, options)
    estimate = estimate_script(script, options.rate, measure_sounds(script, files.sounds))
    return Plan(
        script=script,
        characters=estimate.characters,
        chapters=estimate.chapters,
        chunks=estimate.chunks,
        duration_s=estimate.duration_s,
        costs_usd=costs_usd(estimate.characters),
        estimate=estimate,
        warnings=(
            *files.warnings,
            *files.missing,
            *list_conflicts(options, has_music=files.has_music),
            *_check_language(script, options, language),
        ),
    )


def _check_language(script: Script, options: Options, language: str) -> tuple[str, ...]:
    """Warn of a text in another language than its voice, as far as the voice is known."""
    engine = options.engine or EMBEDDED
    if engine != EMBEDDED and options.voice:
        return ()
    spoken = VOICES[0].language if engine == EMBEDDED else language
    return check_language(script, spoken, reads_latin_only=engine == EMBEDDED)


def select_limits(engine: str) -> EngineLimits:
    """The limits of an engine by its name: embedded, polly, or one of Polly's engines.

    Raises:
        BadOption: the name is unknown.
    """
    if engine not in LIMITS_BY_NAME:
        names = ", ".join(LIMITS_BY_NAME)
        raise BadOption(
            f"engine: unknown engine {engine!r}; choose one of {names}.", field="engine"
        )
    return LIMITS_BY_NAME[engine]


def as_path(path: str | Path | None) -> Path | None:
    """Make a Path of what a caller gave, if anything."""
    return None if path is None else Path(path)
