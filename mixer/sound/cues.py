"""Music under the voice: one cue for each section, low under speech, up in long pauses. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mixer.sound import ducking
from mixer.sound.loudness import DUAL_MONO_LU, STEP_S, WINDOW_S
from mixer.sound.measure import Measurement
from mixer.sound.timeline import Cue, Section

CROSSFADE_S = 3.0
"""From one section's music to the next."""

FADE_IN_S = 1.5
"""Of the first music."""

SEAM_S = 3.0
MAX_SEAM_SHARE = 1 / 3
"""Of a short recording: how it crossfades into itself where it is looped."""

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

    def momentary_lufs(self, played_s: float) -> float:
        """How loud it is after so many seconds of playing, looped where it has to be.

        In two channels, as it is mixed; -inf in its silences.
        """
        windows = self.measured.profile.momentary_lufs
        if not windows:
            loudness = self.measured.loudness_lufs
            return -math.inf if loudness is None else loudness + self.heard_as_db
        place_s = self.measured.lead_samples / self.measured.rate_hz + self._place_s(played_s)
        at = round((place_s + WINDOW_S + WINDOW_S / 2) / STEP_S) - 1
        return windows[min(at, len(windows) - 1)] + self.heard_as_db

    @property
    def heard_as_db(self) -> float:
        """What playing it in two channels adds to its measured loudness."""
        return DUAL_MONO_LU if self.measured.channels == 1 else 0.0

    def _place_s(self, played_s: float) -> float:
        """A moment of playing as a place in the sounding part of the recording."""
        measured = self.measured
        sounding = measured.samples - measured.lead_samples - measured.tail_samples
        sounding_s = sounding / measured.rate_hz
        if played_s < sounding_s:
            return played_s
        overlap_s = seam_s(sounding_s)
        return overlap_s + (played_s - overlap_s) % (sounding_s - overlap_s)


def seam_s(sounding_s: float) -> float:
    """How long a looped recording crossfades from its end into its beginning."""
    return min(SEAM_S, sounding_s * MAX_SEAM_SHARE)


def place_cues(
    music: Music,
    sections: Sequence[Section],
    speech: Sequence[ducking.Span],
    length: int,
    *,
    rise_db: float,
    fade_out_s: float,
    rate_hz: int,
) -> Iterator[Cue]:
    """The cue of each section; each begins the music anew, and crossfades into the next.

    Their gains are set by `mixer.sound.levels`.

    Args:
        music: what plays.
        sections: of the timeline.
        speech: when the voice is heard.
        length: of the timeline, in samples.
        rise_db: by how much it rises in long pauses.
        fade_out_s: at the very end.
        rate_hz: of the timeline.
    """
    ends = [section.start for section in sections[1:]]
    crossfade = round(CROSSFADE_S * rate_hz)
    last_fade = min(round(fade_out_s * rate_hz), int(length * MAX_FADE_OUT_SHARE))
    for section, end in zip(sections, [*ends, None], strict=True):
        stop = length if end is None else min(length, end + crossfade)
        cue = Cue(
            source=music.source,
            start=section.start,
            length=stop - section.start,
            gain_db=0.0,
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
