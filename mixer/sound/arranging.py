"""Where music and sounds come to lie between and under the takes. Pure.

Sounds in a pause make it longer by their own length: what was silence stays silence, half of it
before them and half behind. Sounds inside a take begin with a word. Music that changes in a pause
changes where the pause begins, or with the section that follows: that is where music is anchored,
so that an edit in one chapter leaves the music of the others as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from mixer.sound.cues import Music
from mixer.sound.marks import Placed, Plays, SoundMark, Stretch, Where
from mixer.sound.placing import Take
from mixer.sound.timeline import Clip, Section, at_rate

BETWEEN_S = 0.3
"""Of silence between two sounds in one pause, and behind those before the first word."""

LEAST_STRETCH_S = 1.0
"""Music that would be heard for less, before or behind a sound that it makes room for, is not."""


def held_s(marks: Sequence[SoundMark], sounds: Mapping[str, Music]) -> float:
    """How much of a pause its sounds take."""
    lengths = [sounds[mark.source].sounding_s for mark in marks if mark.plays is not Plays.ON]
    return sum(lengths) + BETWEEN_S * max(0, len(lengths) - 1)


def at(take: Take, where: Where) -> list[SoundMark]:
    """The sounds of a take at a place."""
    return [mark for mark in take.marks if mark.where is where]


def with_room(takes: Sequence[Take], sounds: Mapping[str, Music]) -> list[Take]:
    """Takes whose pauses hold their sounds; what stands before a take goes to the pause before."""
    if not any(take.marks for take in takes):
        return list(takes)
    roomy: list[Take] = []
    for take, following in zip(takes, [*takes[1:], None], strict=True):
        early = filter(_goes_before, following.marks) if following else ()
        kept = [mark for mark in take.marks if not roomy or not _goes_before(mark)]
        marks = (*kept, *(replace(mark, where=Where.AFTER) for mark in early))
        held_ms = ceil(1000 * held_s(at(replace(take, marks=marks), Where.AFTER), sounds))
        roomy.append(replace(take, marks=marks, gap_ms=take.gap_ms + held_ms, held_ms=held_ms))
    return roomy


def _goes_before(mark: SoundMark) -> bool:
    """Whether a sound belongs to the pause before its take; music begins with the take itself."""
    return mark.where is Where.BEFORE and mark.plays is not Plays.ON


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the voice lies.

    Attributes:
        takes: with room for their sounds.
        clips: one per take.
        sections: of the timeline.
        margin: silence before anything is heard, in samples.
        rate_hz: of the timeline.
    """

    takes: Sequence[Take]
    clips: Sequence[Clip]
    sections: Sequence[Section]
    margin: int
    rate_hz: int


def arranged(ground: Ground, sounds: Mapping[str, Music]) -> list[Placed]:
    """All sounds in their places, in playing order."""
    if not any(take.marks for take in ground.takes):
        return []
    placed = [each for number in range(len(ground.takes)) for each in _of(ground, number, sounds)]
    return sorted(placed, key=lambda each: each.start)


def _of(ground: Ground, number: int, sounds: Mapping[str, Music]) -> Iterator[Placed]:
    take, clip, rate_hz = ground.takes[number], ground.clips[number], ground.rate_hz
    opening = 0 if number == 0 else clip.start
    cursor = ground.margin
    for mark in at(take, Where.BEFORE):
        length = _length(mark, sounds, rate_hz)
        yield Placed(mark, cursor if length else opening, length)
        cursor += length + round(BETWEEN_S * rate_hz) if length else 0
    for mark in at(take, Where.WITHIN):
        moment = clip.start - clip.skip + at_rate(mark.at_samples, take.measured.rate_hz, rate_hz)
        start = min(max(moment, clip.start), clip.end - 1)
        yield Placed(mark, start, _length(mark, sounds, rate_hz))
    yield from _in_pause(ground, number, sounds)


def _in_pause(ground: Ground, number: int, sounds: Mapping[str, Music]) -> Iterator[Placed]:
    """The sounds behind a take, in the middle of the pause; music where it may begin or end."""
    take, clip, rate_hz = ground.takes[number], ground.clips[number], ground.rate_hz
    marks = at(take, Where.AFTER)
    if not marks:
        return
    held = round(take.held_ms * rate_hz / 1000)
    pause = take.gap_ms * rate_hz // 1000
    anchor = None
    if number + 1 < len(ground.clips):
        following = ground.clips[number + 1].start
        pause = following - clip.end
        anchor = following if _opens_section(ground, following) else None
    free, cursor = max(0, pause - held), clip.end
    for mark in marks:
        length = _length(mark, sounds, rate_hz)
        if not length:
            yield Placed(mark, cursor if anchor is None or not mark.source else anchor)
            continue
        start = clip.end + free // 2 if cursor == clip.end else cursor + round(BETWEEN_S * rate_hz)
        yield Placed(mark, start, length)
        cursor = start + length


def _opens_section(ground: Ground, start: int) -> bool:
    return any(section.start == start for section in ground.sections)


def _length(mark: SoundMark, sounds: Mapping[str, Music], rate_hz: int) -> int:
    """Of a sound that plays once, in whole samples of the timeline that it fills; 0 for music."""
    return (
        0 if mark.plays is Plays.ON else max(1, int(sounds[mark.source].sounding_s * rate_hz) - 2)
    )


def stretches(
    opening: SoundMark | None, placed: Sequence[Placed], ground: Ground, length: int
) -> list[Stretch]:
    """Where music plays: one stretch for each piece in each section.

    Args:
        opening: what plays from the beginning; None for nothing.
        placed: all sounds.
        ground: where the voice lies.
        length: of the timeline, in samples.
    """
    starts: dict[int, SoundMark | None] = {0: opening}
    starts |= {each.start: each.mark for each in placed if each.mark.plays is Plays.ON}
    changes = sorted(starts.items(), key=lambda change: change[0])
    ends = [*(start for start, _ in changes[1:]), length]
    whole = [
        Stretch(mark, start, end)
        for (start, mark), end in zip(changes, ends, strict=True)
        if mark is not None and mark.source and start < end
    ]
    rooms = [_room(each, ground) for each in placed if each.mark.plays is Plays.ALONE]
    least = round(LEAST_STRETCH_S * ground.rate_hz)
    cleared = [part for stretch in whole for part in _without(stretch, rooms, least)]
    edges = [section.start for section in ground.sections]
    return [part for stretch in cleared for part in _cut(stretch, edges)]


def _room(alone: Placed, ground: Ground) -> tuple[int, int]:
    """Where music makes room for a sound: to its end, or to a section that follows at once."""
    following = next((clip.start for clip in ground.clips if clip.start >= alone.end), None)
    if following is not None and _opens_section(ground, following):
        return alone.start, following
    return alone.start, alone.end


def _without(stretch: Stretch, rooms: Sequence[tuple[int, int]], least: int) -> Iterator[Stretch]:
    start = stretch.start
    for room_start, room_end in rooms:
        if room_end <= start or room_start >= stretch.end:
            continue
        if room_start - start >= least:
            yield replace(stretch, start=start, end=room_start, gives_way=True)
        start = max(start, room_end)
    if stretch.end - start >= (least if start > stretch.start else 1):
        yield replace(stretch, start=start)


def _cut(stretch: Stretch, edges: Sequence[int]) -> Iterator[Stretch]:
    """A stretch parted where sections begin."""
    inner = [edge for edge in edges if stretch.start < edge < stretch.end]
    for start, end in zip([stretch.start, *inner], [*inner, stretch.end], strict=True):
        yield replace(
            stretch, start=start, end=end, gives_way=stretch.gives_way and end == stretch.end
        )
