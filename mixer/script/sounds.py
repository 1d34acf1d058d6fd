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
from mixer.script.casting import indented_under
from mixer.script.document import Block, BlockKind, Document
from mixer.script.marking import Attributes, Mark, in_order
from mixer.script.sound_cues import Place, SoundCue, SoundKind

OFF = "off"
"""What `music` names to end."""

SOFTEST_LU, LOUDEST_LU = -40.0, 0.0
"""Of a sound against the voice: what is softer nobody hears, what is louder hides the voice."""

MAX_NAMED = 200
"""Short names that a head may give."""

MAX_FILE_CHARS = 200


TAGS = frozenset(SoundKind)
"""Of marks that are sounds; no element of SSML is called so."""

_PLACE = "place"


class Unclear(ValueError):
    """A sound is written in a way that nobody can follow; the message goes on after "it"."""


@dataclass(frozen=True, slots=True)
class Sounds:
    """What the head of a text says of its sounds.

    Attributes:
        opening: what plays from the beginning; None for nothing.
        named: marks' attributes by the short names that the head gives.
    """

    opening: SoundCue | None
    named: Mapping[str, Attributes]

    def attributes(self, kind: str, what: str) -> Attributes:
        """A mark's attributes, from what stands behind its kind.

        Raises:
            Unclear: it names no sound.
        """
        return _attributes(what, self.named, may_be_off=kind == SoundKind.MUSIC)


def sounds_of_head(lines: Sequence[str], text_name: str) -> Sounds:
    """The sounds that a head names.

    Args:
        lines: of the head, from the text's second on.
        text_name: what to call the text in errors.

    Raises:
        UnreadableText: a line names no sound; it is told.
    """
    named: dict[str, Attributes] = {}
    for number, line in indented_under(lines, "sounds"):
        with _told_with_line(number, text_name):
            match = _NAMED.fullmatch(line)
            if match is None or match["name"].lower() == OFF or match["name"] in named:
                raise Unclear("names no new sound, such as in “bell: sounds/bell.wav, level -6”")
            if len(named) == MAX_NAMED:
                raise Unclear(f"is one of more than {MAX_NAMED} sounds")
            named[match["name"]] = _attributes(match["what"], {})
    return Sounds(_opening(lines, named, text_name), named)


def _opening(
    lines: Sequence[str], named: Mapping[str, Attributes], text_name: str
) -> SoundCue | None:
    """What plays from the beginning: the line `music: …` of a head."""
    for number, line in enumerate(lines, start=2):
        key, _, what = line.partition(":")
        if key.lower() == SoundKind.MUSIC and what.strip("\"' "):
            with _told_with_line(number, text_name):
                attributes = _attributes(what.strip("\"' "), named, may_be_off=True)
            mark = Mark(0, 0, SoundKind.MUSIC, attributes, number)
            return _cue(mark, Place.BEFORE) if mark.attribute("file") else None
    return None


@contextmanager
def _told_with_line(number: int, text_name: str) -> Iterator[None]:
    try:
        yield
    except Unclear as error:
        raise UnreadableText(f"{text_name} is refused: line {number} {error}.") from error


def _attributes(
    what: str, named: Mapping[str, Attributes], *, may_be_off: bool = False
) -> Attributes:
    """A sound as it is written, by its name or its file: “bell”, “bell.wav, level -6”."""
    match = _WHAT.fullmatch(what.strip())
    if match is None:
        raise Unclear("takes a file and perhaps a level, such as in [[sound door.wav, level -10]]")
    file = " ".join(match["file"].split())
    level = (("level", f"{_level_lu(match['level']):g}"),) if match["level"] else ()
    if may_be_off and file.lower() == OFF:
        return (("file", ""),)
    if file in named:
        return (*(each for each in named[file] if each[0] == "file" or not level), *level)
    return (("file", _checked_file(file)), *level)


def _level_lu(written: str) -> float:
    try:
        level_lu = float(written.replace("−", "-"))
    except ValueError:
        level_lu = float("nan")
    if not SOFTEST_LU <= level_lu <= LOUDEST_LU:
        raise Unclear(
            f"takes a level from {SOFTEST_LU:g} to {LOUDEST_LU:g} LU against the voice, not "
            f"“{written[:20]}”"
        )
    return level_lu


def _checked_file(file: str) -> str:
    """A file's name that leads nowhere but into the folder it counts from."""
    if "://" in file:
        raise Unclear("names an address; nothing is fetched from there: name a file")
    parts = file.split("/")
    leads_out = "\\" in file or any(part in ("", ".", "..") or part[0] == "." for part in parts)
    if leads_out or not file.isprintable() or len(file) > MAX_FILE_CHARS:
        raise Unclear("names a file outside of the story's folder, or a hidden one")
    if "." not in parts[-1]:
        raise Unclear(f"names no file and nothing under “sounds” of the head: “{file[:40]}”")
    return file


def files_of(document: Document) -> dict[str, int]:
    """The files that a document plays, with the first line that names each."""
    found: dict[str, int] = {}
    if document.music is not None:
        found[document.music.file] = document.music.line
    for block in document.blocks:
        for mark in block.marks:
            if mark.tag in TAGS and mark.attribute("file"):
                found.setdefault(mark.attribute("file"), mark.line)
    return found


def split_mark(body: str) -> tuple[str, str] | None:
    """The kind of a sound and what stands behind it; None for a mark that is no sound."""
    match = _MARK.fullmatch(body)
    return (match["kind"], match["what"]) if match else None


def as_waiting(mark: Mark) -> Mark:
    """A mark that found no words before it, as one that stands before a block's first word."""
    if mark.tag not in TAGS:
        return replace(mark, start=0, end=0)
    attributes = {**dict(mark.attributes), _PLACE: Place.BEFORE}
    return replace(mark, start=0, end=0, attributes=tuple(attributes.items()))


def settled(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks with their sounds where they are heard.

    Music that stands behind a heading plays from the heading on; sounds of a heading that is not
    said wait for the next words.
    """
    found: list[Block] = []
    late: list[Mark] = []
    for block in blocks:
        sounds = [mark for mark in block.marks if mark.tag in TAGS]
        others = tuple(mark for mark in block.marks if mark.tag not in TAGS)
        if block.is_silent:
            late += map(as_waiting, sounds)
            found.append(replace(block, marks=others))
        elif block.text and (sounds or late):
            sounds = [*late, *(_from_the_title_on(block, mark) for mark in sounds)]
            found.append(replace(block, marks=tuple(in_order([*others, *sounds]))))
            late = []
        else:
            found.append(block)
    return tuple(found)


def _from_the_title_on(block: Block, mark: Mark) -> Mark:
    is_title = block.kind is BlockKind.HEADING and mark.tag == SoundKind.MUSIC
    return as_waiting(mark) if is_title else mark


def cues_within(
    marks: Sequence[Mark], block_chars: int, spans: Sequence[tuple[int, int]]
) -> list[tuple[SoundCue, ...]]:
    """The sounds of each utterance of a block.

    Args:
        marks: of the block, on its text as the author wrote it.
        block_chars: the length of that text.
        spans: of the utterances in it, from character to character, in order.
    """
    found: list[list[SoundCue]] = [[] for _ in spans]
    for mark in marks:
        if mark.tag not in TAGS or not spans:
            continue
        number = next((n for n, (_, end) in enumerate(spans) if mark.start < end), len(spans) - 1)
        start, end = spans[number]
        if mark.attribute(_PLACE) == Place.BEFORE:
            found[0].append(_cue(mark, Place.BEFORE))
        elif mark.start >= min(block_chars, end):
            found[number].append(_cue(mark, Place.AFTER))
        else:
            found[number].append(_cue(mark, Place.WITHIN, max(0, mark.start - start)))
    return [tuple(each) for each in found]


def _cue(mark: Mark, place: Place, at: int = 0) -> SoundCue:
    level = mark.attribute("level")
    return SoundCue(
        kind=SoundKind(mark.tag),
        file=mark.attribute("file"),
        place=place,
        at=at,
        level_lu=float(level) if level else None,
        line=mark.line,
    )


_MARK = regex.compile(r"(?P<kind>music|sting|sound)\s+(?P<what>.+)", regex.DOTALL)
_WHAT = regex.compile(r"(?P<file>[^,]+?)\s*(?:,\s*level\s+(?P<level>\S+?)\s*(?:LU)?\s*)?")
_NAMED = regex.compile(r"\s+(?P<name>[^:,\[\]#/.\\]{1,40}?)\s*:\s*(?P<what>\S.*?)\s*")
