"""Turns music and sounds into cues: low under speech, louder in pauses. Pure.

The bed is down before the first syllable, which no detector can manage. Short pauses are held
through; only a pause long enough for a full rise lets the bed up.

Source: practice of radio mixing (10 dB deep, down over 150 ms, hold 200 ms, up over 500 ms, stay
down through pauses shorter than 0.85 s, which is the sum of the three).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mixer.script import SoundKind
from mixer.sound.analysis import Measurement
from mixer.sound.arithmetic import Values, np
from mixer.sound.arrange.placement import MusicRegion, PlacedSound
from mixer.sound.loudness import DUAL_MONO_LU, STEP_S, WINDOW_S
from mixer.sound.presets import RADIO, DuckingEnvelope
from mixer.sound.timeline import Cue, Ramp

Span = tuple[int, int]
"""First sample and one past the last."""


def build_ramps(
    speech: Sequence[Span],
    bed: Span,
    rise_db: float,
    rate_hz: int,
    envelope: DuckingEnvelope = RADIO,
) -> tuple[Ramp, ...]:
    """Build the ramps of a bed that is low under speech and rises in long pauses.

    `speech` is in order, without overlaps. Where there is time before it, a first ramp of zero
    length raises the bed.
    """
    if rise_db == 0:
        return ()
    return tuple(_generate_ramps(speech, bed, rise_db, rate_hz, envelope))


def _generate_ramps(
    speech: Sequence[Span], bed: Span, rise_db: float, rate_hz: int, envelope: DuckingEnvelope
) -> Iterator[Ramp]:
    down, up = round(envelope.attack_s * rate_hz), round(envelope.release_s * rate_hz)
    for start, end in _find_pauses(speech, bed, rate_hz, envelope):
        rises_at_once = start <= bed[0]
        yield Ramp(start, 0 if rises_at_once else up, rise_db)
        if end < bed[1]:
            yield Ramp(end - down, down, 0.0)


def _find_pauses(
    speech: Sequence[Span], bed: Span, rate_hz: int, envelope: DuckingEnvelope
) -> Iterator[Span]:
    hold = round(envelope.hold_s * rate_hz)
    least = round((envelope.release_s + envelope.attack_s) * rate_hz)
    inside = [span for span in speech if span[1] > bed[0] and span[0] < bed[1]]
    quiet_from = bed[0]
    for start, end in inside:
        if start - quiet_from >= least:
            yield quiet_from, start
        quiet_from = max(quiet_from, end + hold)
    if bed[1] - quiet_from >= least:
        yield quiet_from, bed[1]


CROSSFADE_S = 3.0
"""Between the music of two sections."""

FADE_IN_S = 1.5
"""For music that begins after silence."""

END_FADE_S = 2.0
"""For music that the author ends, from that point on."""

STING_FADE_S = 0.8
"""For music that pauses for a sting, up to its beginning."""

SOUND_FADE_S = 0.004
"""At both edges of a sound that plays once; avoids clicks."""

CUT_FADE_S = 0.5
"""At the end of a sound that is cut to a length."""

SEAM_S = 3.0
MAX_SEAM_SHARE = 1 / 3
"""Longest crossfade of a loop, as a share of a short recording."""

MAX_FADE_OUT_SHARE = 1 / 3
"""Longest fade-out, as a share of the whole length (part of the API contract)."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A recording of music or of any other sound, measured in its own channels.

    `digest` is a hash of the content, which may change under the same key; it may be empty.
    """

    source: str
    measured: Measurement
    digest: str = ""

    def momentary_lufs(self, played_s: Values) -> Values:
        """Loudness in two channels after so many seconds of playing, looped; -inf in silences."""
        windows = np.asarray(self.measured.profile.momentary_lufs)
        if not windows.size:
            loudness = self.measured.loudness_lufs
            known = -math.inf if loudness is None else loudness + self.dual_mono_db
            return np.full(played_s.shape, known)
        lead_s = self.measured.lead_samples / self.measured.rate_hz
        place_s = lead_s + self._loop_positions_s(played_s)
        at = np.rint((place_s + WINDOW_S + WINDOW_S / 2) / STEP_S).astype(np.int64) - 1
        levels: Values = windows[np.minimum(at, windows.size - 1)] + self.dual_mono_db
        return levels

    @property
    def audible_s(self) -> float:
        """Length without the silence at its ends."""
        known = self.measured
        return (known.samples - known.lead_samples - known.tail_samples) / known.rate_hz

    @property
    def dual_mono_db(self) -> float:
        """How much louder it measures in two channels."""
        return DUAL_MONO_LU if self.measured.channels == 1 else 0.0

    def _loop_positions_s(self, played_s: Values) -> Values:
        audible_s = self.audible_s
        overlap_s = seam_s(audible_s)
        looped_s = overlap_s + (played_s - overlap_s) % (audible_s - overlap_s)
        return np.where(played_s < audible_s, played_s, looped_s)


def seam_s(audible_s: float) -> float:
    """Length of the crossfade from the end of a looped recording to its beginning."""
    return min(SEAM_S, audible_s * MAX_SEAM_SHARE)


@dataclass(frozen=True, slots=True)
class MusicBedStyle:
    """How music plays under the voice, in dB and LU below it; it never rises up to the voice."""

    rise_db: float
    level_lu: float
    fade_out_s: float
    rate_hz: int
    envelope: DuckingEnvelope = RADIO

    def rise_in_pauses_db(self, own_lu: float | None) -> float:
        """How far music of a level rises: not over the voice."""
        return min(self.rise_db, self.level_below_voice_lu(own_lu))

    def level_below_voice_lu(self, level_lu: float | None) -> float:
        """How far below the voice music with this annotated level plays."""
        return self.level_lu if level_lu is None else -level_lu


def place_cues(
    music: Sequence[MusicRegion],
    foreground: Sequence[Span],
    length: int,
    bed_style: MusicBedStyle,
) -> Iterator[Cue]:
    """Build the cue of each music region; neighbours crossfade, others fade.

    `mixer.sound.arrange.levels` sets gains. `foreground` is where the voice or a sound plays.
    """
    neighbours = [None, *music, None]
    for region, before, after in zip(music, neighbours, neighbours[2:], strict=False):
        joins = before is not None and 0 < region.start == before.end
        fade_out = _fade_out_samples(region, after, length, bed_style)
        continues = region.end < length and not region.gives_way
        stop = min(length, region.end + fade_out) if continues else region.end
        cue = Cue(
            source=region.annotation.source,
            start=region.start,
            length=stop - region.start,
            gain_db=0.0,
            fade_in=round(_fade_in_s(region, before, joins=joins) * bed_style.rate_hz),
            fade_out=min(fade_out, stop - region.end) if continues else fade_out,
            skip=region.place.skip,
        )
        rise_db = bed_style.rise_in_pauses_db(region.annotation.level_lu)
        bed = cue.start, cue.end + region.flows_into(after)  # it is down for the next words
        ramps = build_ramps(foreground, bed, rise_db, bed_style.rate_hz, bed_style.envelope)
        yield replace(_clamp_fades(cue), ramps=ramps)


def _fade_in_s(region: MusicRegion, before: MusicRegion | None, *, joins: bool) -> float:
    if before is not None and before.flows_into(region):
        return 0.0
    own_s = region.annotation.shape.fade_in_s
    is_first = before is None or before.annotation is not region.annotation
    if own_s is not None and is_first:
        return own_s
    return CROSSFADE_S if joins else FADE_IN_S


def _fade_out_samples(
    region: MusicRegion, after: MusicRegion | None, length: int, bed_style: MusicBedStyle
) -> int:
    """Length of the fade, which starts at the region's end or leads up to it."""
    own_s, rate_hz = region.annotation.shape.fade_out_s, bed_style.rate_hz
    if region.flows_into(after):
        return 0
    if region.end == length:
        longest = int(length * MAX_FADE_OUT_SHARE)
        return min(round((bed_style.fade_out_s if own_s is None else own_s) * rate_hz), longest)
    if region.gives_way:
        return round(STING_FADE_S * rate_hz)
    is_last = after is None or after.annotation is not region.annotation
    if own_s is not None and is_last:
        return round(own_s * rate_hz)
    joins = after is not None and after.start == region.end
    return round((CROSSFADE_S if joins else END_FADE_S) * rate_hz)


def place_sounds(placed_sounds: Sequence[PlacedSound], rate_hz: int) -> Iterator[Cue]:
    """Build the cues of sounds that play once, with short fades at both edges.

    A sound that is cut fades out more slowly.
    """
    for each in placed_sounds:
        if each.annotation.kind is not SoundKind.MUSIC:
            shape = each.annotation.shape
            cut_s = CUT_FADE_S if shape.length_s is not None else SOUND_FADE_S
            fade_in, fade_out = (
                round((usual_s if own_s is None else own_s) * rate_hz)
                for own_s, usual_s in ((shape.fade_in_s, SOUND_FADE_S), (shape.fade_out_s, cut_s))
            )
            cue = Cue(
                each.annotation.source,
                each.start,
                each.length,
                0.0,
                fade_in,
                fade_out,
                plays_once=True,
            )
            yield _clamp_fades(cue)


def _clamp_fades(cue: Cue) -> Cue:
    """Limit fades to half the cue each."""
    half = cue.length // 2
    return replace(cue, fade_in=min(cue.fade_in, half), fade_out=min(cue.fade_out, half))
