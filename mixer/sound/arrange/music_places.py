"""Where music is at the beginning of each section, also after an edit. Pure.

An edit moves the voice behind it, and music that moved with it would be another mix up to its end.
Where the next sections find their music in its old place, they stay as they are. Sections are known
by the recordings that open them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from mixer.sound.arrange.placement import MusicPlace, MusicRegion
from mixer.sound.timeline import Clip, Section, Timeline


def list_music_places(timeline: Timeline) -> dict[str, MusicPlace]:
    """List where music is at the beginning of sections, for the next version of a mix."""
    beds = {cue.start: cue for cue in reversed(timeline.cues) if not cue.plays_once}
    return {
        source: MusicPlace(beds[start].skip, beds[start].gain_db)
        for start, source in find_openers(timeline.sections, timeline.clips).items()
        if start in beds
    }


def find_openers(sections: Sequence[Section], clips: Sequence[Clip]) -> dict[int, str]:
    """The recording that opens a section, by its start, where it opens no other."""
    starts = [clip.start for clip in clips]
    opened = {each.start: clips[bisect_left(starts, each.start)].source for each in sections}
    times = Counter(opened.values())
    return {start: source for start, source in opened.items() if times[source] == 1}


def divide_region(
    region: MusicRegion, sections: Sequence[Section], places: Mapping[int, MusicPlace]
) -> Iterator[MusicRegion]:
    """Divide a region at sections, where music plays on, is in a known place, or begins again."""
    plays_on = {each.start: each.plays_on for each in sections}
    inner = [start for start in plays_on if region.start < start < region.end]
    skip = 0
    for start, end in pairwise([region.start, *inner, region.end]):
        place = places.get(start, MusicPlace(skip, None))
        begins = start == region.start or not plays_on[start]
        part = replace(
            region,
            start=start,
            end=end,
            gives_way=region.gives_way and end == region.end,
            plays_on=not begins,
            place=replace(place, skip=0) if begins else place,
        )
        skip = part.next_skip
        yield part
