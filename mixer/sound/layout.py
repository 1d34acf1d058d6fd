"""Takes and music to a Timeline: the mix, decided before a sample is touched. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from mixer.errors import UnplayableAudio
from mixer.sound.cues import Music, place_cues
from mixer.sound.ducking import Span
from mixer.sound.encoders import MP3, Encoding
from mixer.sound.foretelling import foretold
from mixer.sound.levels import VOICE_LUFS, clip_gains_db, cue_gains_db, mastering
from mixer.sound.loudness import DUAL_MONO_LU
from mixer.sound.pauses import pause_windows, silent_windows, speech_spans
from mixer.sound.placing import Take, place
from mixer.sound.presets import Preset
from mixer.sound.timeline import Cue, Section, Timeline, voice_rate_hz

NAMED_TAKES = 20
"""How many takes are named where none can be heard."""


@dataclass(frozen=True, slots=True)
class MixStyle:
    """How a mix shall sound.

    Attributes:
        preset: loudness, ceiling, margins.
        encoding: of the finished file; encoders change the level.
        music_level_lu: how far the music lies below the voice while it speaks.
        duck_db: by how much the music rises in long pauses.
        intro_s: music before the first word.
        outro_s: music after the last word.
        fade_out_s: of the music at the end.
        off_by_lu: how much louder than foretold this mix was found to be.
    """

    preset: Preset
    encoding: Encoding = MP3
    music_level_lu: float = 20.0
    duck_db: float = 8.0
    intro_s: float = 0.0
    outro_s: float = 2.0
    fade_out_s: float = 5.0
    off_by_lu: float = 0.0


def lay_out(takes: Sequence[Take], music: Music | None, style: MixStyle) -> Timeline:
    """Decide a mix.

    Args:
        takes: in playing order.
        music: None for the voice alone, which stays mono.
        style: how it shall sound.

    Raises:
        UnplayableAudio: there is nothing to hear in any take; it names them.
        BadInput: there is nothing to hear in the music.
    """
    heard = [take for take in takes if not take.measured.is_silent]
    if not heard:
        keys = [take.source for take in islice(takes, NAMED_TAKES)]
        raise UnplayableAudio(
            "There is nothing to hear: every chunk is silent or empty.", keys=keys
        )
    measured = [take.measured for take in heard]
    rate_hz = voice_rate_hz({each.rate_hz for each in measured})
    channels = 2 if music else 1
    level_db = clip_gains_db(measured, channels)
    gains_db = [gain + take.level_db for gain, take in zip(level_db, heard, strict=True)]
    clips, sections = place(heard, gains_db, _lead_s(style, music), rate_hz)
    length = clips[-1].end + round(_after_last_word_s(style, music) * rate_hz)
    speech = speech_spans(clips, measured, rate_hz)
    cues = _cues(music, sections, speech, length, style=style, rate_hz=rate_hz) if music else ()
    bed_lufs = VOICE_LUFS - style.music_level_lu if music else None
    alone = Counter(pause_windows(speech, cues, length, music, rate_hz))
    if bed_lufs is not None:
        alone[bed_lufs] += silent_windows(speech, measured, rate_hz)
    expected = foretold(
        *(clips, measured, length, rate_hz),
        heard_as_db=DUAL_MONO_LU if channels > 1 else 0.0,
        bed_lufs=bed_lufs,
        bed_alone=alone,
    )
    return Timeline(
        rate_hz=rate_hz,
        length=length,
        channels=channels,
        clips=clips,
        cues=cues,
        sections=sections,
        mastering=mastering(
            *(expected, _bed_peak_db(music, cues), channels),
            *(style.preset, style.encoding),
            off_by_lu=style.off_by_lu,
        ),
        treatment=style.preset.treatment,
    )


def _cues(
    music: Music,
    sections: Sequence[Section],
    speech: Sequence[Span],
    length: int,
    *,
    style: MixStyle,
    rate_hz: int,
) -> tuple[Cue, ...]:
    """The music, at its level. However far it rises, it is never louder than the voice."""
    rise_db = min(style.duck_db, style.music_level_lu)
    placed = list(
        place_cues(
            *(music, sections, speech, length),
            rise_db=rise_db,
            fade_out_s=style.fade_out_s,
            rate_hz=rate_hz,
        )
    )
    gains_db = cue_gains_db(music, placed, speech, style.music_level_lu, rate_hz)
    return tuple(replace(cue, gain_db=gain) for cue, gain in zip(placed, gains_db, strict=True))


def _bed_peak_db(music: Music | None, cues: Sequence[Cue]) -> float | None:
    """Of the music under speech, before mastering."""
    if music is None:
        return None
    return music.measured.true_peak_dbtp + max(cue.gain_db for cue in cues)


def _lead_s(style: MixStyle, music: Music | None) -> float:
    return style.preset.margin_s[0] + (style.intro_s if music else 0.0)


def _after_last_word_s(style: MixStyle, music: Music | None) -> float:
    return max(style.preset.margin_s[1], style.outro_s if music else 0.0)
