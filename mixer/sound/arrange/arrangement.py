"""Where music and sounds come to lie between and under the takes. Pure.

Sounds in a pause make it longer by their own length: what was silence stays silence, half of it
before them and half behind. Sounds inside a take begin with a word. Music that changes in a pause
changes where the pause begins, or with the section that follows: that is where music is anchored,
so that an edit in one chapter leaves the music of the others as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from mixer.script import CuePlace, SoundKind
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.placement import Take
from mixer.sound.arrange.sound_annotations import MusicRegion, PlacedSound, SoundAnnotation
from mixer.sound.timeline import Clip, Section, rescale_samples

SOUND_GAP_S = 0.3
"""Of silence between two sounds in one pause, and behind those before the first word."""

MIN_MUSIC_S = 1.0
"""Music that would play for less, before or after a sound that it makes room for, is left out."""


def sounds_duration_s(
    annotations: Sequence[SoundAnnotation], sounds: Mapping[str, SoundFile]
) -> float:
    """How much of a pause its sounds take."""
    lengths = [
        sounds[mark.source].audible_s for mark in annotations if mark.kind is not SoundKind.MUSIC
    ]
    return sum(lengths) + SOUND_GAP_S * max(0, len(lengths) - 1)


def sounds_at(take: Take, place: CuePlace) -> list[SoundAnnotation]:
    """The sounds of a take at a place."""
    return [mark for mark in take.annotations if mark.place is place]


def extend_gaps(takes: Sequence[Take], sounds: Mapping[str, SoundFile]) -> list[Take]:
    """Takes whose pauses hold their sounds; what stands before a take goes to the pause before."""
    if not any(take.annotations for take in takes):
        return list(takes)
    roomy: list[Take] = []
    for take, following in zip(takes, [*takes[1:], None], strict=True):
        early = filter(_is_before_take, following.annotations) if following else ()
        kept = [mark for mark in take.annotations if not roomy or not _is_before_take(mark)]
        marks = (*kept, *(replace(mark, place=CuePlace.AFTER) for mark in early))
        held_ms = ceil(
            1000
            * sounds_duration_s(sounds_at(replace(take, annotations=marks), CuePlace.AFTER), sounds)
        )
        roomy.append(
            replace(take, annotations=marks, gap_ms=take.gap_ms + held_ms, sounds_ms=held_ms)
        )
    return roomy


def _is_before_take(annotation: SoundAnnotation) -> bool:
    """Whether a sound belongs to the pause before its take; music begins with the take itself."""
    return annotation.place is CuePlace.BEFORE and annotation.kind is not SoundKind.MUSIC


@dataclass(frozen=True, slots=True)
class VoiceLayout:
    """Where the voice is.

    Attributes:
        takes: with room for their sounds.
        clips: one per take.
        margin: silence before the first sound, in samples.
    """

    takes: Sequence[Take]
    clips: tuple[Clip, ...]
    sections: tuple[Section, ...]
    margin: int
    rate_hz: int


def arrange_sounds(voice: VoiceLayout, sounds: Mapping[str, SoundFile]) -> list[PlacedSound]:
    """All sounds in their places, in playing order."""
    if not any(take.annotations for take in voice.takes):
        return []
    placed = [
        each
        for number in range(len(voice.takes))
        for each in _place_take_sounds(voice, number, sounds)
    ]
    return sorted(placed, key=lambda each: each.start)


def _place_take_sounds(
    voice: VoiceLayout, number: int, sounds: Mapping[str, SoundFile]
) -> Iterator[PlacedSound]:
    take, clip, rate_hz = voice.takes[number], voice.clips[number], voice.rate_hz
    opening = 0 if number == 0 else clip.start
    cursor = voice.margin
    for mark in sounds_at(take, CuePlace.BEFORE):
        length = _sound_length(mark, sounds, rate_hz)
        yield PlacedSound(mark, cursor if length else opening, length)
        cursor += length + round(SOUND_GAP_S * rate_hz) if length else 0
    for mark in sounds_at(take, CuePlace.WITHIN):
        moment = (
            clip.start
            - clip.skip
            + rescale_samples(mark.at_samples, take.measured.rate_hz, rate_hz)
        )
        start = min(max(moment, clip.start), clip.end - 1)
        yield PlacedSound(mark, start, _sound_length(mark, sounds, rate_hz))
    yield from _place_pause_sounds(voice, number, sounds)


def _place_pause_sounds(
    voice: VoiceLayout, number: int, sounds: Mapping[str, SoundFile]
) -> Iterator[PlacedSound]:
    """The sounds behind a take, in the middle of the pause; music where it may begin or end."""
    take, clip, rate_hz = voice.takes[number], voice.clips[number], voice.rate_hz
    marks = sounds_at(take, CuePlace.AFTER)
    if not marks:
        return
    held = round(take.sounds_ms * rate_hz / 1000)
    pause = take.gap_ms * rate_hz // 1000
    anchor = None
    if number + 1 < len(voice.clips):
        following = voice.clips[number + 1].start
        pause = following - clip.end
        anchor = following if _is_section_start(voice, following) else None
    free, cursor = max(0, pause - held), clip.end
    for mark in marks:
        length = _sound_length(mark, sounds, rate_hz)
        if not length:
            yield PlacedSound(mark, cursor if anchor is None or not mark.source else anchor)
            continue
        start = (
            clip.end + free // 2 if cursor == clip.end else cursor + round(SOUND_GAP_S * rate_hz)
        )
        yield PlacedSound(mark, start, length)
        cursor = start + length


def _is_section_start(voice: VoiceLayout, start: int) -> bool:
    return any(section.start == start for section in voice.sections)


def _sound_length(
    annotation: SoundAnnotation, sounds: Mapping[str, SoundFile], rate_hz: int
) -> int:
    """Of a sound that plays once, in whole samples of the timeline that it fills; 0 for music."""
    return (
        0
        if annotation.kind is SoundKind.MUSIC
        else max(1, int(sounds[annotation.source].audible_s * rate_hz) - 2)
    )


def arrange_music(
    opening: SoundAnnotation | None,
    placed_sounds: Sequence[PlacedSound],
    voice: VoiceLayout,
    length: int,
) -> list[MusicRegion]:
    """Where music plays: one stretch for each piece in each section.

    Args:
        opening: what plays from the beginning; None for nothing.
        placed_sounds: all sounds.
        voice: where the voice is.
        length: of the timeline, in samples.
    """
    starts: dict[int, SoundAnnotation | None] = {0: opening}
    starts |= {
        each.start: each.annotation
        for each in placed_sounds
        if each.annotation.kind is SoundKind.MUSIC
    }
    changes = sorted(starts.items(), key=lambda change: change[0])
    ends = [*(start for start, _ in changes[1:]), length]
    whole = [
        MusicRegion(mark, start, end)
        for (start, mark), end in zip(changes, ends, strict=True)
        if mark is not None and mark.source and start < end
    ]
    rooms = [
        _sting_span(each, voice)
        for each in placed_sounds
        if each.annotation.kind is SoundKind.STING
    ]
    least = round(MIN_MUSIC_S * voice.rate_hz)
    cleared = [part for stretch in whole for part in _subtract_gaps(stretch, rooms, least)]
    edges = [section.start for section in voice.sections]
    return [part for stretch in cleared for part in _split_region(stretch, edges)]


def _sting_span(sting: PlacedSound, voice: VoiceLayout) -> tuple[int, int]:
    """Where music makes room for a sound: to its end, or to a section that follows at once."""
    following = next((clip.start for clip in voice.clips if clip.start >= sting.end), None)
    if following is not None and _is_section_start(voice, following):
        return sting.start, following
    return sting.start, sting.end


def _subtract_gaps(
    region: MusicRegion, gaps: Sequence[tuple[int, int]], min_samples: int
) -> Iterator[MusicRegion]:
    start = region.start
    for room_start, room_end in gaps:
        if room_end <= start or room_start >= region.end:
            continue
        if room_start - start >= min_samples:
            yield replace(region, start=start, end=room_start, gives_way=True)
        start = max(start, room_end)
    if region.end - start >= (min_samples if start > region.start else 1):
        yield replace(region, start=start)


def _split_region(region: MusicRegion, edges: Sequence[int]) -> Iterator[MusicRegion]:
    """A region split where sections begin."""
    inner = [edge for edge in edges if region.start < edge < region.end]
    for start, end in zip([region.start, *inner], [*inner, region.end], strict=True):
        yield replace(
            region, start=start, end=end, gives_way=region.gives_way and end == region.end
        )
