"""Music and sounds as authors write them: beds, stings between parts, one-shots at a word.

    [[music sea.mp3]]                music from here on, until other music or [[music off]]
    [[sting bell.wav]]               a sound during which the music is silent
    [[sound door.wav, level -10]]    a sound at a level in LU relative to the voice
    [[music sea.mp3, intro 8s]]      music that plays alone for so long, and then under the words
    [[sting bell.wav, length 4s]]    a sound that is cut; `fade-in 2s` and `fade-out 3s` are fades

The front matter may set what plays from the beginning, and give files short names:

    music: theme.mp3, level -18
    sounds:
      bell: bells/small bell.wav
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.annotations import Annotation, Attributes
from mixer.script.document import build_line_error
from mixer.script.readers.front_matter import iter_nested_lines
from mixer.script.script import CuePlace, SoundCue, SoundKind
from mixer.script.sounds import build_cue

OFF = "off"
"""The name that ends the music."""

SOFTEST_LU, LOUDEST_LU = -40.0, 0.0
"""Relative to the voice: a softer sound is inaudible, a louder one masks the voice."""

MAX_TIME_S = 60
"""Of an intro, a fade, or the length of a sound that is cut (as of the options for music)."""

MAX_SOUND_NAMES = 200
MAX_FILE_CHARS = 200

_SOUND_TAG = compile_lazily(r"(?P<kind>music|sting|sound)\s+(?P<what>.+)", regex.DOTALL)
_SOUND_LEVEL = compile_lazily(r"level\s++(?P<level>\S+?)\s*+(?:LU)?")
_SOUND_TIME = compile_lazily(
    r"(?P<name>intro|length|fade[- ]in|fade[- ]out)\s++(?P<seconds>\d++(?:\.\d++)?)\s*+s"
)
_SOUND_DEFINITION = compile_lazily(
    r"(?P<name>[^\s:,\[\]#/.\\][^:,\[\]#/.\\]{0,39}?)\s*+:\s*+(?P<what>\S.*)"
)


class InvalidSound(ValueError):
    """A malformed sound; the message continues a sentence that begins with the tag."""


@dataclass(frozen=True, slots=True)
class SoundDefinitions:
    """What plays from the beginning, and the sounds' attributes by short name."""

    opening: SoundCue | None
    by_name: Mapping[str, Attributes]

    def parse_attributes(self, kind: str, written: str) -> Attributes:
        """Read what follows a tag's kind; InvalidSound where it names no sound."""
        return _parse_attributes(written, self.by_name, may_be_off=kind == SoundKind.MUSIC)


def split_sound_tag(body: str) -> tuple[str, str] | None:
    """Separate a sound tag's kind from the rest; None for any other tag."""
    match = _SOUND_TAG.fullmatch(body)
    return (match["kind"], match["what"]) if match else None


def parse_sounds(lines: Sequence[str], text_name: str) -> SoundDefinitions:
    """Read the sounds that front matter defines, whose lines begin with the text's second line.

    Raises:
        UnreadableText: a line is malformed; it is named.
    """
    by_name: dict[str, Attributes] = {}
    for number, line in iter_nested_lines(lines, "sounds"):
        with _add_line_to_errors(number, text_name):
            match = _SOUND_DEFINITION.fullmatch(line.strip())
            if match is None or match["name"].lower() == OFF or match["name"] in by_name:
                raise InvalidSound(
                    "must define a new sound, such as “bell: sounds/bell.wav, level -6”"
                )
            if len(by_name) == MAX_SOUND_NAMES:
                raise InvalidSound(f"is one too many: at most {MAX_SOUND_NAMES} sounds are allowed")
            by_name[match["name"]] = _parse_attributes(match["what"], {})
    return SoundDefinitions(_parse_opening_cue(lines, by_name, text_name), by_name)


def _parse_opening_cue(
    lines: Sequence[str], by_name: Mapping[str, Attributes], text_name: str
) -> SoundCue | None:
    for number, line in enumerate(lines, start=2):
        key, _, value = line.partition(":")
        written = value.strip("\"' ")
        if key.lower() == SoundKind.MUSIC and written:
            with _add_line_to_errors(number, text_name):
                attributes = _parse_attributes(written, by_name, may_be_off=True)
            annotation = Annotation(0, 0, SoundKind.MUSIC, attributes, number)
            return build_cue(annotation, CuePlace.BEFORE) if annotation.attribute("file") else None
    return None


@contextmanager
def _add_line_to_errors(number: int, text_name: str) -> Iterator[None]:
    try:
        yield
    except InvalidSound as error:
        raise build_line_error(text_name, number, f"it {error}") from error


def _parse_attributes(
    written: str, by_name: Mapping[str, Attributes], *, may_be_off: bool = False
) -> Attributes:
    """Read a sound by its short name or file: “bell”, “bell.wav, level -6”."""
    named, comma, settings = written.strip().partition(",")
    options = _parse_options(settings) if comma else {}
    if not named.strip() or options is None:
        raise InvalidSound(
            "takes a file and, if you like, a level and times, such as"
            " [[sound door.wav, level -10]] or [[music sea.mp3, intro 8s, fade-out 3s]]"
        )
    file = " ".join(named.split())
    if may_be_off and file.lower() == OFF:
        return (("file", ""),)
    if file in by_name:
        return tuple({**dict(by_name[file]), **options}.items())
    return (("file", _validate_file_name(file)), *options.items())


def _parse_options(written: str) -> dict[str, str] | None:
    """Read what follows a file and a comma; None for anything unknown or repeated."""
    options: dict[str, str] = {}
    for part in written[:MAX_FILE_CHARS].split(","):
        level, time = (each.fullmatch(part.strip()) for each in (_SOUND_LEVEL, _SOUND_TIME))
        name = time["name"].replace(" ", "-") if time else "level"
        if (level is None and time is None) or name in options:
            return None
        if time:
            options[name] = _check_seconds(time["seconds"])
        elif level:
            options[name] = f"{_parse_level_lu(level['level']):g}"
    return options


def _check_seconds(written: str) -> str:
    if not 0 < float(written) <= MAX_TIME_S:
        raise InvalidSound(f"takes times above 0 and up to {MAX_TIME_S} seconds")
    return written


def _parse_level_lu(written: str) -> float:
    try:
        level_lu = float(written.replace("−", "-"))
    except ValueError:
        level_lu = float("nan")
    if not SOFTEST_LU <= level_lu <= LOUDEST_LU:
        raise InvalidSound(
            f"takes a level from {SOFTEST_LU:g} to {LOUDEST_LU:g} LU relative to the voice, not "
            f"“{written[:20]}”"
        )
    return level_lu


def _validate_file_name(file: str) -> str:
    """Refuse a name that leads out of the folder it is relative to."""
    if "://" in file:
        raise InvalidSound("names an address; nothing is fetched from there: name a file")
    parts = file.split("/")
    leads_out = "\\" in file or any(part in ("", ".", "..") or part[0] == "." for part in parts)
    if leads_out or not file.isprintable() or len(file) > MAX_FILE_CHARS:
        raise InvalidSound("names a file outside the story's folder, or a hidden one")
    if "." not in parts[-1]:
        raise InvalidSound(
            f"names “{file[:40]}”, which is neither a file nor a sound of the front matter"
        )
    return file
