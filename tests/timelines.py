"""Timelines of every shape, for properties: decided by the real layout from drawn measurements."""

from collections import Counter

from hypothesis import strategies as st

from mixer.script.script import CuePlace, SoundKind
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.placement import SoundAnnotation, Take
from mixer.sound.formats.encoding import Encoding
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import Timeline

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)


def build_measurement(
    seconds: float, rate_hz: int = 24_000, lufs: float = -24.0, peak_dbtp: float = -6.0
) -> Measurement:
    """What would be known of a recording without dead air, of one loudness throughout."""
    windows = Counter({round(lufs * 4) / 4: max(1, round(seconds * 10))})
    return Measurement(round(seconds * rate_hz), rate_hz, 1, peak_dbtp, 0, 0, windows)


SOUNDS = {
    "sea": build_measurement(40.0, 44_100, -20.0),
    "bell": build_measurement(1.5, 48_000, -18.0, -3.0),
}

sound_marks = st.builds(
    SoundAnnotation,
    source=st.sampled_from(sorted(SOUNDS)),
    kind=st.sampled_from(SoundKind),
    place=st.sampled_from(CuePlace),
    at_samples=st.integers(0, 2_000_000),
    level_lu=st.none() | st.floats(-30, 0),
) | st.just(SoundAnnotation("", SoundKind.MUSIC))


@st.composite
def timelines(draw: st.DrawFn, *, max_takes: int = 6, with_sounds: bool = True) -> Timeline:
    """Takes of one engine's rate, with or without music, and with sounds at them where `marked`."""
    rate_hz = draw(st.sampled_from(RATES_HZ))
    takes = [
        Take(
            source=f"{number}",
            measured=build_measurement(
                draw(st.floats(0.05, 60)),
                rate_hz,
                draw(st.floats(-45, -10)),
                draw(st.floats(-12, 0)),
            ),
            gap_ms=draw(st.integers(0, 9_000)),
            ends_paragraph=draw(st.booleans()),
            chapter_title=draw(st.sampled_from([None, None, "Chapter"])),
            annotations=tuple(draw(st.lists(sound_marks, max_size=2))) if with_sounds else (),
        )
        for number in range(draw(st.integers(1, max_takes)))
    ]
    bed = draw(
        st.none() | st.floats(0.5, 900).map(lambda s: build_measurement(s, 44_100, -14.0, -1.0))
    )
    encoding = Encoding(
        draw(st.sampled_from(["mp3", "m4b", "wav"])), draw(st.sampled_from([64, 128, 192, 320]))
    )
    style = MixStyle(
        preset=PRESETS[draw(st.sampled_from(sorted(PRESETS)))],
        level_offset_db=encoding.level_offset_db,
        section_grid=encoding.stream.section_grid,
        music_level_lu=draw(st.floats(6, 40)),
        duck_db=draw(st.sampled_from([0.0, 8.0, 24.0])),
        intro_s=draw(st.floats(0, 60)),
        outro_s=draw(st.floats(0, 60)),
        fade_out_s=draw(st.floats(0, 60)),
    )
    sounds = {name: SoundFile(name, each) for name, each in SOUNDS.items()}
    return build_timeline(takes, bed and SoundFile("music", bed), style, sounds)
