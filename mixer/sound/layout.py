"""Takes and music to a Timeline: the mix, decided before a sample is touched. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from mixer.errors import BadInput
from mixer.sound.cues import Music, place_cues
from mixer.sound.encoders import MP3, Encoding
from mixer.sound.levels import VOICE_LUFS, clip_gains_db, cue_gain_db, mastering
from mixer.sound.pauses import pause_windows
from mixer.sound.placing import Take, place
from mixer.sound.presets import Preset
from mixer.sound.timeline import Timeline, voice_rate_hz


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
    """

    preset: Preset
    encoding: Encoding = MP3
    music_level_lu: float = 20.0
    duck_db: float = 8.0
    intro_s: float = 0.0
    outro_s: float = 2.0
    fade_out_s: float = 5.0


def lay_out(takes: Sequence[Take], music: Music | None, style: MixStyle) -> Timeline:
    """Decide a mix.

    Args:
        takes: in playing order.
        music: None for the voice alone, which stays mono.
        style: how it shall sound.

    Raises:
        BadInput: there is nothing to hear in any take, or in the music.
    """
    heard = [take for take in takes if not take.measured.is_silent]
    if not heard:
        raise BadInput("There is nothing to hear: every chunk is silent or empty.")
    measured = [take.measured for take in heard]
    rate_hz = voice_rate_hz({each.rate_hz for each in measured})
    channels = 2 if music else 1
    gains_db = clip_gains_db(measured, channels)
    clips, sections = place(heard, gains_db, _lead_s(style, music), rate_hz)
    length = clips[-1].end + round(_after_last_word_s(style, music) * rate_hz)
    bed_gain_db = cue_gain_db(music, style.music_level_lu) if music else 0.0
    bed_lufs = VOICE_LUFS - style.music_level_lu
    cues = tuple(
        place_cues(
            music,
            sections,
            clips,
            length,
            gain_db=bed_gain_db,
            rise_db=style.duck_db,
            fade_out_s=style.fade_out_s,
            rate_hz=rate_hz,
        )
        if music
        else ()
    )
    return Timeline(
        rate_hz=rate_hz,
        length=length,
        channels=channels,
        clips=clips,
        cues=cues,
        sections=sections,
        mastering=mastering(
            clips,
            measured,
            music.measured.true_peak_dbtp + bed_gain_db if music else None,
            bed_lufs if music else None,
            pauses=pause_windows(clips, cues, length, bed_lufs, rate_hz),
            channels=channels,
            preset=style.preset,
            encoding=style.encoding,
        ),
    )


def _lead_s(style: MixStyle, music: Music | None) -> float:
    return style.preset.margin_s[0] + (style.intro_s if music else 0.0)


def _after_last_word_s(style: MixStyle, music: Music | None) -> float:
    return max(style.preset.margin_s[1], style.outro_s if music else 0.0)
