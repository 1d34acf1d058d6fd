"""Scripts from texts in one call, and the words that their SSML says."""

from defusedxml.ElementTree import fromstring

from mixer.requests import Options
from mixer.script.limits import EngineLimits
from mixer.script.planning.plan import PlanStyle, plan_document
from mixer.script.readers.registry import read_document
from mixer.script.readers.text_types import TextType
from mixer.script.script import Script
from mixer.stories.steps import plan_script


def plan_text(
    text: str, text_type: TextType = TextType.TEXT, style: PlanStyle | None = None
) -> Script:
    """The Script of a text in a style."""
    return plan_document(read_document(text, text_type), style)


def plan_story(
    text: str, text_type: TextType, limits: EngineLimits, language: str, options: Options
) -> Script:
    """The Script of a text for a request's options."""
    return plan_script(read_document(text, text_type), limits, language, options)


def ssml_text(ssml: str) -> str:
    """The words of an SSML document, one sentence a line."""
    return "\n".join("".join(sentence.itertext()) for sentence in fromstring(ssml).iter("s"))
