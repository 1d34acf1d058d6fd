"""Places music and sounds between and under the takes. Pure.

Sounds lengthen a pause by their own length and stand in its middle. Music starts at a pause or a
section, so an edit in one chapter does not move the music of the others.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from mixer.script import CuePlace, SoundKind
from mixer.sound.analysis import Measurement
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.music_places import divide_region, find_openers
from mixer.sound.arrange.placement import (
    MusicPlace,
    MusicRegion,
    PlacedSound,
    SoundAnnotation,
    Take,
)
from mixer.sound.timeline import Clip, Section, rescale_samples

SOUND_GAP_S = 0.3
"""Silence between two sounds in one pause, and after those before the first word."""

MIN_MUSIC_S = 1.0
"""Shorter music before or after a sting is left out."""


def sounds_duration_s(
    annotations: Sequence[SoundAnnotation], sounds: Mapping[str, SoundFile]
) -> float:
    """The part of a pause that its sounds take."""
    lengths = [
        _find_play_time_s(annotation, sounds)
        for annotation in annotations
        if annotation.kind is not SoundKind.MUSIC
    ]
    return sum(lengths) + SOUND_GAP_S * max(0, len(lengths) - 1)


def _find_play_time_s(annotation: SoundAnnotation, sounds: Mapping[str, SoundFile]) -> float:
    """Length of a sound that plays once, cut where the author wants it."""
    audible_s = sounds[annotation.source].audible_s
    return min(audible_s, annotation.shape.length_s or audible_s)


def sounds_at(take: Take, place: CuePlace) -> list[SoundAnnotation]:
    """Select the sounds of a take at a place."""
    return [annotation for annotation in take.annotations if annotation.place is place]


def extend_gaps(takes: Sequence[Take], sounds: Mapping[str, SoundFile]) -> list[Take]:
    """Lengthen pauses for their sounds and for music alone.

    Sounds before a take belong to the pause before it.
    """
    if not any(take.annotations for take in takes):
        return list(takes)
    takes = _reserve_intros(takes)
    spaced: list[Take] = []
    for take, following in zip(takes, [*takes[1:], None], strict=True):
        own = [each for each in take.annotations if not spaced or not _is_before_take(each)]
        early = filter(_is_before_take, following.annotations) if following else ()
        annotations = (*own, *(replace(each, place=CuePlace.AFTER) for each in early))
        spaced.append(_extend_gap(replace(take, annotations=annotations), sounds))
    return spaced


def _extend_gap(take: Take, sounds: Mapping[str, SoundFile]) -> Take:
    held_ms = ceil(1000 * sounds_duration_s(sounds_at(take, CuePlace.AFTER), sounds))
    return replace(take, gap_ms=take.gap_ms + held_ms, sounds_ms=take.sounds_ms + held_ms)


def _reserve_intros(takes: Sequence[Take]) -> list[Take]:
    """Make room for music alone: at the beginning of a chapter, or in the pause before the words.

    The music of a chapter begins with the chapter; no other section begins in the middle of it.
    """
    spaced = list(takes)
    for number in range(1, len(takes)):
        before, after = spaced[number - 1], spaced[number]
        annotated = [*sounds_at(before, CuePlace.AFTER), *sounds_at(after, CuePlace.BEFORE)]
        intro_ms = round(1000 * max((each.intro_s for each in annotated), default=0.0))
        if intro_ms and after.chapter_title is not None:
            spaced[number] = replace(after, lead_ms=intro_ms)
        elif intro_ms:
            spaced[number - 1] = replace(
                before,
                gap_ms=before.gap_ms + intro_ms,
                sounds_ms=before.sounds_ms + intro_ms,
                ends_paragraph=False,
            )
    return spaced


def _is_before_take(annotation: SoundAnnotation) -> bool:
    return annotation.place is CuePlace.BEFORE and annotation.kind is not SoundKind.MUSIC


@dataclass(frozen=True, slots=True)
class VoiceLayout:
    """The voice on the timeline, with room for sounds; `margin` is in samples, at the beginning."""

    takes: Sequence[Take]
    clips: tuple[Clip, ...]
    sections: tuple[Section, ...]
    margin: int
    rate_hz: int

    @property
    def measurements(self) -> list[Measurement]:
        """The measurement of each take."""
        return [take.measured for take in self.takes]

    def find_section_start(self, number: int) -> int | None:
        """The beginning of the section that a clip opens; None if it opens none."""
        clip = self.clips[number]
        after = self.clips[number - 1].end if number else 0
        at = bisect_right([section.start for section in self.sections], clip.start) - 1
        start = self.sections[at].start
        return start if start >= after else None


def arrange_sounds(voice: VoiceLayout, sounds: Mapping[str, SoundFile]) -> list[PlacedSound]:
    """Place all sounds, in playing order."""
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
    opening = voice.find_section_start(number)
    cursor = voice.margin
    for annotation in sounds_at(take, CuePlace.BEFORE):
        length = _sound_length(annotation, sounds, rate_hz)
        alone = clip.start - round(annotation.intro_s * rate_hz)
        yield PlacedSound(
            annotation, cursor if length else alone if opening is None else opening, length
        )
        cursor += length + round(SOUND_GAP_S * rate_hz) if length else 0
    for annotation in sounds_at(take, CuePlace.WITHIN):
        moment = (
            clip.start
            - clip.skip
            + rescale_samples(annotation.at_samples, take.measured.rate_hz, rate_hz)
        )
        start = min(max(moment, clip.start), clip.end - 1)
        yield PlacedSound(annotation, start, _sound_length(annotation, sounds, rate_hz))
    yield from _place_pause_sounds(voice, number, sounds)


def _place_pause_sounds(
    voice: VoiceLayout, number: int, sounds: Mapping[str, SoundFile]
) -> Iterator[PlacedSound]:
    take, clip, rate_hz = voice.takes[number], voice.clips[number], voice.rate_hz
    annotated = sounds_at(take, CuePlace.AFTER)
    if not annotated:
        return
    held = round(take.sounds_ms * rate_hz / 1000)
    pause = take.gap_ms * rate_hz // 1000
    anchor = None
    if number + 1 < len(voice.clips):
        anchor = voice.find_section_start(number + 1)
        pause = (voice.clips[number + 1].start if anchor is None else anchor) - clip.end
    free, cursor = max(0, pause - held), clip.end
    for sound in annotated:
        length = _sound_length(sound, sounds, rate_hz)
        if not length:
            yield PlacedSound(sound, cursor if anchor is None or not sound.source else anchor)
            continue
        start = (
            clip.end + free // 2 if cursor == clip.end else cursor + round(SOUND_GAP_S * rate_hz)
        )
        yield PlacedSound(sound, start, length)
        cursor = start + length


def _sound_length(
    annotation: SoundAnnotation, sounds: Mapping[str, SoundFile], rate_hz: int
) -> int:
    """Length of a sound that plays once, in whole timeline samples; 0 for music."""
    return (
        0
        if annotation.kind is SoundKind.MUSIC
        else max(1, int(_find_play_time_s(annotation, sounds) * rate_hz) - 2)
    )


def arrange_music(
    opening: SoundAnnotation | None,
    placed_sounds: Sequence[PlacedSound],
    voice: VoiceLayout,
    length: int,
    kept: Mapping[str, MusicPlace],
) -> list[MusicRegion]:
    """Build one region for each piece of music in each section; `length` is in timeline samples.

    `kept` is where the music was in the last version of the mix (see `list_music_places`).
    """
    whole = _find_regions(opening, placed_sounds, length)
    gaps_for_sounds = [
        _sting_span(each, voice)
        for each in placed_sounds
        if each.annotation.kind is SoundKind.STING
    ]
    min_length = round(MIN_MUSIC_S * voice.rate_hz)
    cleared = [part for span in whole for part in _subtract_gaps(span, gaps_for_sounds, min_length)]
    openers = find_openers(voice.sections, voice.clips)
    places = {start: kept[source] for start, source in openers.items() if source in kept}
    return [part for span in cleared for part in divide_region(span, voice.sections, places)]


def _find_regions(
    opening: SoundAnnotation | None, placed_sounds: Sequence[PlacedSound], length: int
) -> list[MusicRegion]:
    starts: dict[int, SoundAnnotation | None] = {0: opening}
    starts |= {
        each.start: each.annotation
        for each in placed_sounds
        if each.annotation.kind is SoundKind.MUSIC
    }
    changes = sorted(starts.items(), key=lambda change: change[0])
    ends = [*(start for start, _ in changes[1:]), length]
    return [
        MusicRegion(annotation, start, end)
        for (start, annotation), end in zip(changes, ends, strict=True)
        if annotation is not None and annotation.source and start < end
    ]


def _sting_span(sting: PlacedSound, voice: VoiceLayout) -> tuple[int, int]:
    """Span in which music pauses for a sound, up to its end or the start of a section."""
    following = (number for number, clip in enumerate(voice.clips) if clip.start >= sting.end)
    number = next(following, None)
    section = None if number is None else voice.find_section_start(number)
    if section is not None and section >= sting.end:
        return sting.start, section
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
