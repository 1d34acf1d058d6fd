"""Planning for commands that speak to nobody: limits and language from names alone."""

from pathlib import Path

from mixer.cli.engines import POLLY
from mixer.cli.reading import cast_named, read_story, with_lexicon_file
from mixer.cli.sounds import sound_paths
from mixer.errors import BadOption
from mixer.jobs.planning import plan_read
from mixer.requests import Options
from mixer.script.limits import EMBEDDED_LIMITS, POLLY_LIMITS, EngineLimits
from mixer.script.script import Script
from mixer.speech.choosing import EMBEDDED, as_narrator, chosen, with_cast
from mixer.speech.embedded.engine import VOICES

DEFAULT_LANGUAGE = "en-US"


def planned(story: str, asked: Options, music: Path | None = None) -> Script:
    """A story's Script, without opening an engine.

    Args:
        story: its path, or `-` for standard input.
        asked: how it shall be said.
        music: where sounds that it names may lie besides its own folder.

    Raises:
        NotFound: a sound that it names is not there.
        BadOption: there is no such engine, or it has no such thing as was asked for.
        UnknownVoice: the embedded engine has no such voice; Polly's are not asked for.
    """
    document = read_story(story, asked).document
    sound_paths(document, story, music)
    asked = as_narrator(with_lexicon_file(asked, story, document), document.cast)
    if asked.engine in {"", EMBEDDED}:
        with cast_named(story):
            with_cast(chosen(VOICES, asked)[1], VOICES, asked, document.cast)
    language = asked.language or DEFAULT_LANGUAGE
    return plan_read(document, _limits(asked), language, asked)


def _limits(asked: Options) -> EngineLimits:
    known = {EMBEDDED: EMBEDDED_LIMITS, POLLY: POLLY_LIMITS["generative"], **POLLY_LIMITS}
    name = asked.engine or EMBEDDED
    if name not in known:
        raise BadOption(f"engine: there is no engine {name!r}; there are {', '.join(known)}.")
    return known[name]
