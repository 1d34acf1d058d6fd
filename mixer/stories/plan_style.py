"""From a request's options to the style of its plan; needs nothing that speaks or plays."""

from collections.abc import Mapping
from dataclasses import replace

from mixer.requests import Options
from mixer.script import LIMITS, NARRATOR, Document, EngineLimits, Script
from mixer.script.normalise import is_same_language
from mixer.script.planning import (
    PlanStyle,
    SsmlStyle,
    build_disclosure,
    plan_document,
    read_lexicon,
    resolve_pauses,
)


def plan_script(
    document: Document,
    limits: EngineLimits,
    language: str,
    options: Options,
    speaker_limits: Mapping[str, EngineLimits] | None = None,
) -> Script:
    """Decide what is synthesized of a document, in a BCP 47 language unless it names another."""
    style = build_plan_style(document, limits, language, options, speaker_limits)
    return plan_document(document, style)


def build_plan_style(
    document: Document,
    limits: EngineLimits,
    language: str,
    options: Options,
    speaker_limits: Mapping[str, EngineLimits] | None = None,
) -> PlanStyle:
    """Build the style of a plan from options; `speaker_limits` are by role.

    The rules are those of the language that the text states; `language` counts where it states
    none, and lends its region where it states no more than the same language.
    """
    stated = document.language
    if (
        stated
        and not options.language
        and ("-" in stated or not is_same_language(stated, language))
    ):
        language = stated
    ssml = SsmlStyle(limits, resolve_pauses(options.pauses), options.rate)
    return PlanStyle(
        language,
        ssml,
        options.gap_ms,
        reads_titles=options.titles == "spoken",
        chapters=options.chapters,
        lexicon=read_lexicon(options.lexicon) if options.lexicon else (),
        voices=_build_voice_styles(document, ssml, speaker_limits or {}),
        disclosure=build_disclosure(options.disclose, options.disclosure, language),
    )


def _build_voice_styles(
    document: Document, ssml: SsmlStyle, speaker_limits: Mapping[str, EngineLimits]
) -> dict[str, SsmlStyle]:
    """Build the style of each role; `ssml` is the narrator's."""
    return {
        role.name: replace(
            ssml,
            limits=speaker_limits.get(role.name) or LIMITS.get(role.engine, ssml.limits),
            rate_percent=role.rate_percent or ssml.rate_percent,
        )
        for role in document.cast
        if role.name != NARRATOR
    }
