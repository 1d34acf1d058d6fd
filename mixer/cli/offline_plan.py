"""Planning for commands that speak to nobody: limits and language from names alone."""

from pathlib import Path

from mixer.cli.engines import POLLY
from mixer.cli.sounds import find_sounds
from mixer.cli.story_files import apply_lexicon, name_story_in_errors, read_story
from mixer.errors import BadOption
from mixer.requests import Options
from mixer.script import LIMITS, EngineLimits
from mixer.script.script import Script
from mixer.speech.embedded.engine import VOICES
from mixer.speech.voice_selection import EMBEDDED, apply_narrator, select_voice
from mixer.stories.planner import plan_script

DEFAULT_LANGUAGE = "en-US"


def plan_story(story: str, options: Options, music: Path | None = None) -> Script:
    """A story's Script, without opening an engine.

    Args:
        story: its path, or `-` for standard input.
        options: how it shall be said.
        music: where sounds that it names may lie besides its own folder.

    Raises:
        NotFound: a sound that it names is not there.
        BadOption: there is no such engine, or it has no such thing as was asked for.
        UnknownVoice: the embedded engine has no such voice; Polly's are not asked for.
    """
    document = read_story(story, options).document
    find_sounds(document, story, music)
    options = apply_narrator(apply_lexicon(options, story, document), document.cast)
    if options.engine in {"", EMBEDDED}:
        with name_story_in_errors(story):
            select_voice(VOICES, options, document.cast)
    language = options.language or DEFAULT_LANGUAGE
    return plan_script(document, _select_limits(options), language, options)


def _select_limits(options: Options) -> EngineLimits:
    known = {EMBEDDED: LIMITS[EMBEDDED], POLLY: LIMITS["generative"], **LIMITS}
    name = options.engine or EMBEDDED
    if name not in known:
        raise BadOption(f"engine: there is no engine {name!r}; there are {', '.join(known)}.")
    return known[name]
