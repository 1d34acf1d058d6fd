"""Turns a document into a script, and checks its cost before anything is spent."""

from collections.abc import Mapping
from dataclasses import replace

from mixer.errors import TooExpensive
from mixer.requests import Options
from mixer.script import LIMITS, NARRATOR, Document, EngineLimits, Script
from mixer.script.normalise import is_same_language
from mixer.script.planning import PlanStyle, SsmlStyle, plan_document, read_lexicon, resolve_pauses


def plan_script(
    document: Document,
    limits: EngineLimits,
    language: str,
    options: Options,
    engines: Mapping[str, str] | None = None,
) -> Script:
    """Decide what is synthesized of a document, in a BCP 47 language unless it names another."""
    stated = document.language
    if stated and not options.language and not is_same_language(stated, language):
        language = stated
    ssml = SsmlStyle(limits, resolve_pauses(options.pauses), options.rate)
    spoken = {
        role.name: replace(
            ssml,
            limits=LIMITS.get((engines or {}).get(role.name) or role.engine, limits),
            rate_percent=role.rate_percent or options.rate,
        )
        for role in document.cast
        if role.name != NARRATOR
    }
    style = PlanStyle(
        language,
        ssml,
        options.gap_ms,
        reads_titles=options.titles == "spoken",
        chapters=options.chapters,
        lexicon=read_lexicon(options.lexicon) if options.lexicon else (),
        voices=spoken,
    )
    return plan_document(document, style)


def check_cost_limit(cost_usd: float, options: Options) -> None:
    """Raise TooExpensive if a plan costs more than `max_cost_usd`."""
    if options.max_cost_usd is not None and cost_usd > options.max_cost_usd:
        raise TooExpensive(
            f"This would cost about ${cost_usd:.2f}, more than max_cost_usd "
            f"(${options.max_cost_usd:.2f}); nothing was spent.",
            cost_usd=cost_usd,
        )
