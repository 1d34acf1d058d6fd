"""Planning for commands that speak to nobody: limits and language from names alone."""

from mixer.cli.engines import POLLY
from mixer.cli.reading import text_type_of
from mixer.errors import BadOption
from mixer.jobs.planning import plan_story
from mixer.requests import Options
from mixer.script.limits import EMBEDDED_LIMITS, POLLY_LIMITS, EngineLimits
from mixer.script.script import Script
from mixer.speech.choosing import EMBEDDED, chosen
from mixer.speech.embedded.engine import VOICES

DEFAULT_LANGUAGE = "en-US"


def planned(text: str, story: str, asked: Options) -> Script:
    """A story's Script, without opening an engine.

    Raises:
        BadOption: there is no such engine, or it has no such thing as was asked for.
        UnknownVoice: the embedded engine has no such voice; Polly's are not asked for.
    """
    if asked.engine in {"", EMBEDDED}:
        chosen(VOICES, asked)
    text_type = text_type_of(story, asked.text_type)
    return plan_story(text, text_type, _limits(asked), asked.language or DEFAULT_LANGUAGE, asked)


def _limits(asked: Options) -> EngineLimits:
    known = {EMBEDDED: EMBEDDED_LIMITS, POLLY: POLLY_LIMITS["generative"], **POLLY_LIMITS}
    name = asked.engine or EMBEDDED
    if name not in known:
        raise BadOption(f"engine: there is no engine {name!r}; there are {', '.join(known)}.")
    return known[name]
