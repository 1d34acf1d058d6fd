"""Music under the voice: one cue for each section, low under speech, up in long pauses. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mixer.sound import ducking
from mixer.sound.measure import Measurement
from mixer.sound.timeline import Clip, Cue, Section

CROSSFADE_S = 3.0
"""From one section's music to the next."""

FADE_IN_S = 1.5
"""Of the first music."""

MAX_FADE_OUT_SHARE = 1 / 3
"""Of the whole length (the contract's limit)."""


@dataclass(frozen=True, slots=True)
class Music:
    """A recording to lie under the voice.

    Attributes:
        source: its object key.
        measured: in its own channels.
    """

    source: str
    measured: Measurement


def place_cues(
    music: Music,
    sections: Sequence[Section],
    clips: Sequence[Clip],
    length: int,
    *,
    gain_db: float,
    rise_db: float,
    fade_out_s: float,
    rate_hz: int,
) -> Iterator[Cue]:
    """The cue of each section; each begins the music anew, and crossfades into the next.

    Args:
        music: what plays.
        sections: of the timeline.
        clips: when the voice is heard.
        length: of the timeline, in samples.
        gain_db: of the music under speech.
        rise_db: by how much it rises in long pauses.
        fade_out_s: at the very end.
        rate_hz: of the timeline.
    """
    speech = [(clip.start, clip.end) for clip in clips]
    ends = [section.start for section in sections[1:]]
    crossfade = round(CROSSFADE_S * rate_hz)
    last_fade = min(round(fade_out_s * rate_hz), int(length * MAX_FADE_OUT_SHARE))
    for section, end in zip(sections, [*ends, None], strict=True):
        stop = length if end is None else min(length, end + crossfade)
        cue = Cue(
            source=music.source,
            start=section.start,
            length=stop - section.start,
            gain_db=gain_db,
            fade_in=crossfade if section.start else round(FADE_IN_S * rate_hz),
            fade_out=last_fade if end is None else stop - end,
        )
        yield _ducked(_with_fades_that_fit(cue), speech, rise_db, rate_hz)


def _with_fades_that_fit(cue: Cue) -> Cue:
    """Fades of at most half the cue each."""
    half = cue.length // 2
    return replace(cue, fade_in=min(cue.fade_in, half), fade_out=min(cue.fade_out, half))


def _ducked(cue: Cue, speech: Sequence[ducking.Span], rise_db: float, rate_hz: int) -> Cue:
    ramps = ducking.ramps(speech, (cue.start, cue.end), rise_db, rate_hz)
    return replace(cue, ramps=ramps)
