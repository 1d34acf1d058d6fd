"""From a text to its Script, and whether it may cost what it costs: before anything is spent."""

from mixer.errors import TooExpensive
from mixer.requests import Options
from mixer.script.limits import EngineLimits
from mixer.script.pauses import pauses
from mixer.script.plan import PlanStyle, TextType, plan
from mixer.script.script import Script
from mixer.script.ssml import SsmlStyle


def plan_story(
    text: str, text_type: TextType, limits: EngineLimits, language: str, asked: Options
) -> Script:
    """Decide what is said of a text.

    Args:
        text: the whole story.
        text_type: how it is written.
        limits: of the engine that will say it.
        language: BCP 47 tag of the text.
        asked: pauses, gap and rate count here.
    """
    ssml = SsmlStyle(limits, pauses(asked.pauses), asked.rate)
    return plan(text, text_type, PlanStyle(language, ssml, asked.gap_ms))


def refuse_if_too_dear(cost_usd: float, asked: Options) -> None:
    """Stop before spending more than was allowed.

    Raises:
        TooExpensive: the plan costs more than `max_cost_usd`.
    """
    if asked.max_cost_usd is not None and cost_usd > asked.max_cost_usd:
        raise TooExpensive(
            f"This would cost about ${cost_usd:.2f}, more than max_cost_usd "
            f"(${asked.max_cost_usd:.2f}); nothing was spent.",
            cost_usd=cost_usd,
        )
