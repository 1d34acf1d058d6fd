"""Music and sounds at their places in a text: beds, stings between parts, one-shots at a word.

    [[music sea.mp3]]                music from here on, until other music or [[music off]]
    [[sting bell.wav]]               a sound that the music makes room for
    [[sound door.wav, level -10]]    a sound, so many LU against the voice

The head of a text may say what plays from the beginning, and give files short names:

    music: theme.mp3, level -18
    sounds:
      bell: bells/small bell.wav

In a paragraph of its own a mark belongs to the pause; inside a paragraph, to the words behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import regex

from mixer.errors import UnreadableText
from mixer.script.annotations import Annotation, Attributes, sort_annotations
from mixer.script.document import Block, BlockKind, Document
from mixer.script.front_matter import iter_nested_lines
from mixer.script.sound_cues import CuePlace, SoundCue, SoundKind

OFF = "off"
"""What `music` names to end."""

SOFTEST_LU, LOUDEST_LU = -40.0, 0.0
"""Of a sound against the voice: what is softer nobody hears, what is louder hides the voice."""

MAX_SOUND_NAMES = 200
"""Short names that a head may give."""

MAX_FILE_CHARS = 200


SOUND_TAGS = frozenset(SoundKind)
"""Of marks that are sounds; no element of SSML is called so."""

_PLACE_ATTRIBUTE = "place"


class InvalidSound(ValueError):
    """A sound is written in a way that nobody can follow; the message goes on after "it"."""


@dataclass(frozen=True, slots=True)
class SoundDefinitions:
    """What the head of a text says of its sounds.

    Attributes:
        opening: what plays from the beginning; None for nothing.
        by_name: marks' attributes by the short names that the head gives.
    """

    opening: SoundCue | None
    by_name: Mapping[str, Attributes]

    def parse_attributes(self, kind: str, written: str) -> Attributes:
        """A mark's attributes, from what stands behind its kind.

        Raises:
            Unclear: it names no sound.
        """
        return _parse_attributes(written, self.by_name, may_be_off=kind == SoundKind.MUSIC)


def parse_sounds(lines: Sequence[str], text_name: str) -> SoundDefinitions:
    """The sounds that a head names.

    Args:
        lines: of the head, from the text's second on.
        text_name: what to call the text in errors.

    Raises:
        UnreadableText: a line names no sound; it is told.
    """
    named: dict[str, Attributes] = {}
    for number, line in iter_nested_lines(lines, "sounds"):
        with _add_line_to_errors(number, text_name):
            match = _SOUND_DEFINITION.fullmatch(line)
            if match is None or match["name"].lower() == OFF or match["name"] in named:
                raise InvalidSound(
                    "names no new sound, such as in “bell: sounds/bell.wav, level -6”"
                )
            if len(named) == MAX_SOUND_NAMES:
                raise InvalidSound(f"is one of more than {MAX_SOUND_NAMES} sounds")
            named[match["name"]] = _parse_attributes(match["what"], {})
    return SoundDefinitions(_parse_opening_cue(lines, named, text_name), named)


def _parse_opening_cue(
    lines: Sequence[str], by_name: Mapping[str, Attributes], text_name: str
) -> SoundCue | None:
    """What plays from the beginning: the line `music: …` of a head."""
    for number, line in enumerate(lines, start=2):
        key, _, what = line.partition(":")
        if key.lower() == SoundKind.MUSIC and what.strip("\"' "):
            with _add_line_to_errors(number, text_name):
                attributes = _parse_attributes(what.strip("\"' "), by_name, may_be_off=True)
            mark = Annotation(0, 0, SoundKind.MUSIC, attributes, number)
            return _build_cue(mark, CuePlace.BEFORE) if mark.attribute("file") else None
    return None


@contextmanager
def _add_line_to_errors(number: int, text_name: str) -> Iterator[None]:
    try:
        yield
    except InvalidSound as error:
        raise UnreadableText(f"{text_name} is refused: line {number} {error}.") from error


def _parse_attributes(
    written: str, by_name: Mapping[str, Attributes], *, may_be_off: bool = False
) -> Attributes:
    """A sound as it is written, by its name or its file: “bell”, “bell.wav, level -6”."""
    match = _SOUND_REFERENCE.fullmatch(written.strip())
    if match is None:
        raise InvalidSound(
            "takes a file and perhaps a level, such as in [[sound door.wav, level -10]]"
        )
    file = " ".join(match["file"].split())
    level = (("level", f"{_parse_level_lu(match['level']):g}"),) if match["level"] else ()
    if may_be_off and file.lower() == OFF:
        return (("file", ""),)
    if file in by_name:
        return (*(each for each in by_name[file] if each[0] == "file" or not level), *level)
    return (("file", _validate_file_name(file)), *level)


def _parse_level_lu(written: str) -> float:
    try:
        level_lu = float(written.replace("−", "-"))
    except ValueError:
        level_lu = float("nan")
    if not SOFTEST_LU <= level_lu <= LOUDEST_LU:
        raise InvalidSound(
            f"takes a level from {SOFTEST_LU:g} to {LOUDEST_LU:g} LU against the voice, not "
            f"“{written[:20]}”"
        )
    return level_lu


def _validate_file_name(file: str) -> str:
    """A file's name that leads nowhere but into the folder it counts from."""
    if "://" in file:
        raise InvalidSound("names an address; nothing is fetched from there: name a file")
    parts = file.split("/")
    leads_out = "\\" in file or any(part in ("", ".", "..") or part[0] == "." for part in parts)
    if leads_out or not file.isprintable() or len(file) > MAX_FILE_CHARS:
        raise InvalidSound("names a file outside of the story's folder, or a hidden one")
    if "." not in parts[-1]:
        raise InvalidSound(f"names no file and nothing under “sounds” of the head: “{file[:40]}”")
    return file


def find_sound_files(document: Document) -> dict[str, int]:
    """The files that a document plays, with the first line that names each."""
    found: dict[str, int] = {}
    if document.music is not None:
        found[document.music.file] = document.music.line
    for block in document.blocks:
        for mark in block.annotations:
            if mark.tag in SOUND_TAGS and mark.attribute("file"):
                found.setdefault(mark.attribute("file"), mark.line)
    return found


def split_sound_tag(body: str) -> tuple[str, str] | None:
    """The kind of a sound and what stands behind it; None for a mark that is no sound."""
    match = _SOUND_TAG.fullmatch(body)
    return (match["kind"], match["what"]) if match else None


def move_to_start(annotation: Annotation) -> Annotation:
    """A mark that found no words before it, as one that stands before a block's first word."""
    if annotation.tag not in SOUND_TAGS:
        return replace(annotation, start=0, end=0)
    attributes = {**dict(annotation.attributes), _PLACE_ATTRIBUTE: CuePlace.BEFORE}
    return replace(annotation, start=0, end=0, attributes=tuple(attributes.items()))


def place_sounds(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks with their sounds where they are heard.

    Music that stands behind a heading plays from the heading on; sounds of a heading that is not
    said wait for the next words.
    """
    found: list[Block] = []
    late: list[Annotation] = []
    for block in blocks:
        sounds = [mark for mark in block.annotations if mark.tag in SOUND_TAGS]
        others = tuple(mark for mark in block.annotations if mark.tag not in SOUND_TAGS)
        if block.is_silent:
            late += map(move_to_start, sounds)
            found.append(replace(block, annotations=others))
        elif block.text and (sounds or late):
            sounds = [*late, *(_start_at_title(block, mark) for mark in sounds)]
            found.append(replace(block, annotations=tuple(sort_annotations([*others, *sounds]))))
            late = []
        else:
            found.append(block)
    return tuple(found)


def _start_at_title(block: Block, annotation: Annotation) -> Annotation:
    is_title = block.kind is BlockKind.HEADING and annotation.tag == SoundKind.MUSIC
    return move_to_start(annotation) if is_title else annotation


def assign_cues(
    annotations: Sequence[Annotation], block_chars: int, spans: Sequence[tuple[int, int]]
) -> list[tuple[SoundCue, ...]]:
    """The sounds of each utterance of a block.

    Args:
        annotations: of the block, on its text as the author wrote it.
        block_chars: the length of that text.
        spans: of the utterances in it, from character to character, in order.
    """
    found: list[list[SoundCue]] = [[] for _ in spans]
    for mark in annotations:
        if mark.tag not in SOUND_TAGS or not spans:
            continue
        number = next((n for n, (_, end) in enumerate(spans) if mark.start < end), len(spans) - 1)
        start, end = spans[number]
        if mark.attribute(_PLACE_ATTRIBUTE) == CuePlace.BEFORE:
            found[0].append(_build_cue(mark, CuePlace.BEFORE))
        elif mark.start >= min(block_chars, end):
            found[number].append(_build_cue(mark, CuePlace.AFTER))
        else:
            found[number].append(_build_cue(mark, CuePlace.WITHIN, max(0, mark.start - start)))
    return [tuple(each) for each in found]


def _build_cue(annotation: Annotation, place: CuePlace, at: int = 0) -> SoundCue:
    level = annotation.attribute("level")
    return SoundCue(
        kind=SoundKind(annotation.tag),
        file=annotation.attribute("file"),
        place=place,
        at=at,
        level_lu=float(level) if level else None,
        line=annotation.line,
    )


_SOUND_TAG = regex.compile(r"(?P<kind>music|sting|sound)\s+(?P<what>.+)", regex.DOTALL)
_SOUND_REFERENCE = regex.compile(
    r"(?P<file>[^,]+?)\s*(?:,\s*level\s+(?P<level>\S+?)\s*(?:LU)?\s*)?"
)
_SOUND_DEFINITION = regex.compile(r"\s+(?P<name>[^:,\[\]#/.\\]{1,40}?)\s*:\s*(?P<what>\S.*?)\s*")
