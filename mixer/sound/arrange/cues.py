"""Music and sounds as cues: begun in each section, low under speech, up in pauses. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mixer.script import SoundKind
from mixer.sound.analysis import Measurement
from mixer.sound.analysis.loudness import DUAL_MONO_LU, STEP_S, WINDOW_S
from mixer.sound.arrange.ducking import Span, build_ramps
from mixer.sound.arrange.sound_annotations import MusicRegion, PlacedSound
from mixer.sound.presets import RADIO, DuckingEnvelope
from mixer.sound.timeline import Cue

CROSSFADE_S = 3.0
"""From one section's music to the next."""

FADE_IN_S = 1.5
"""Of music that begins where there was none."""

END_FADE_S = 2.0
"""Of music that ends where the author says so, from there on."""

STING_FADE_S = 0.8
"""Of music that makes room for a sound, up to its beginning."""

SOUND_FADE_S = 0.004
"""At both edges of a sound that plays once; keeps a cut from clicking."""

SEAM_S = 3.0
MAX_SEAM_SHARE = 1 / 3
"""Of a short recording: how it crossfades into itself where it is looped."""

MAX_FADE_OUT_SHARE = 1 / 3
"""Of the whole length (the contract's limit)."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A recording of music, or of any other sound.

    Attributes:
        source: its object key.
        measured: in its own channels.
        digest: of its content, which differs from another of the same key; may be empty.
    """

    source: str
    measured: Measurement
    digest: str = ""

    def momentary_lufs(self, played_s: float) -> float:
        """How loud it is after so many seconds of playing, looped where it has to be.

        In two channels, as it is mixed; -inf in its silences.
        """
        windows = self.measured.profile.momentary_lufs
        if not windows:
            loudness = self.measured.loudness_lufs
            return -math.inf if loudness is None else loudness + self.dual_mono_db
        place_s = self.measured.lead_samples / self.measured.rate_hz + self._loop_position_s(
            played_s
        )
        at = round((place_s + WINDOW_S + WINDOW_S / 2) / STEP_S) - 1
        return windows[min(at, len(windows) - 1)] + self.dual_mono_db

    @property
    def audible_s(self) -> float:
        """How long it plays, without the silence at its ends."""
        known = self.measured
        return (known.samples - known.lead_samples - known.tail_samples) / known.rate_hz

    @property
    def dual_mono_db(self) -> float:
        """What playing it in two channels adds to its measured loudness."""
        return DUAL_MONO_LU if self.measured.channels == 1 else 0.0

    def _loop_position_s(self, played_s: float) -> float:
        """A moment of playing as a place in the sounding part of the recording."""
        if played_s < self.audible_s:
            return played_s
        overlap_s = seam_s(self.audible_s)
        return overlap_s + (played_s - overlap_s) % (self.audible_s - overlap_s)


def seam_s(audible_s: float) -> float:
    """How long a looped recording crossfades from its end into its beginning."""
    return min(SEAM_S, audible_s * MAX_SEAM_SHARE)


@dataclass(frozen=True, slots=True)
class MusicBedStyle:
    """How music plays under the voice.

    Attributes:
        rise_db: by how much it rises in long pauses, at most; it never rises up to the voice.
        level_lu: how far below the voice it plays, unless its annotation says otherwise.
        fade_out_s: at the very end.
        envelope: how quickly it gives way and comes back.
    """

    rise_db: float
    level_lu: float
    fade_out_s: float
    rate_hz: int
    envelope: DuckingEnvelope = RADIO

    def level_below_voice_lu(self, level_lu: float | None) -> float:
        """How far below the voice music of a level plays."""
        return self.level_lu if level_lu is None else -level_lu


def place_cues(
    music: Sequence[MusicRegion],
    foreground: Sequence[Span],
    length: int,
    bed_style: MusicBedStyle,
) -> Iterator[Cue]:
    """The cue of each stretch of music; neighbours crossfade, others fade.

    Their gains are set by `mixer.sound.arrange.levels`.

    Args:
        music: in playing order.
        foreground: when the voice, or a sound over the music, plays.
        length: of the timeline, in samples.
        bed_style: how it plays.
    """
    rate_hz = bed_style.rate_hz
    befores = [0, *(stretch.end for stretch in music)]
    afters = [*(stretch.start for stretch in music[1:]), length]
    for stretch, before, after in zip(music, befores, afters, strict=False):
        joins = 0 < stretch.start == before
        fade_out = _fade_out_samples(stretch, after, length, bed_style)
        rings_on = stretch.end < length and not stretch.gives_way
        stop = min(length, stretch.end + fade_out) if rings_on else stretch.end
        cue = Cue(
            source=stretch.annotation.source,
            start=stretch.start,
            length=stop - stretch.start,
            gain_db=0.0,
            fade_in=round((CROSSFADE_S if joins else FADE_IN_S) * rate_hz),
            fade_out=min(fade_out, stop - stretch.end) if rings_on else fade_out,
        )
        rise_db = min(
            bed_style.rise_db, bed_style.level_below_voice_lu(stretch.annotation.level_lu)
        )
        yield _duck_cue(_clamp_fades(cue), foreground, rise_db, bed_style)


def _fade_out_samples(
    region: MusicRegion, following: int, length: int, bed_style: MusicBedStyle
) -> int:
    """How long the end of a stretch fades, from its end on or up to it."""
    if region.end == length:
        longest = int(length * MAX_FADE_OUT_SHARE)
        return min(round(bed_style.fade_out_s * bed_style.rate_hz), longest)
    if region.gives_way:
        return round(STING_FADE_S * bed_style.rate_hz)
    joins = following == region.end
    return round((CROSSFADE_S if joins else END_FADE_S) * bed_style.rate_hz)


def place_sounds(placed_sounds: Sequence[PlacedSound], rate_hz: int) -> Iterator[Cue]:
    """The cues of sounds that play once, a moment of fading at both edges."""
    fade = round(SOUND_FADE_S * rate_hz)
    for each in placed_sounds:
        if each.annotation.kind is not SoundKind.MUSIC:
            cue = Cue(
                each.annotation.source, each.start, each.length, 0.0, fade, fade, plays_once=True
            )
            yield _clamp_fades(cue)


def _clamp_fades(cue: Cue) -> Cue:
    """Fades of at most half the cue each."""
    half = cue.length // 2
    return replace(cue, fade_in=min(cue.fade_in, half), fade_out=min(cue.fade_out, half))


def _duck_cue(
    cue: Cue, foreground: Sequence[Span], rise_db: float, bed_style: MusicBedStyle
) -> Cue:
    bed = cue.start, cue.end
    ramps = build_ramps(foreground, bed, rise_db, bed_style.rate_hz, bed_style.envelope)
    return replace(cue, ramps=ramps)
