"""Two hours of clips: where they start is measured in stretches that lie hours apart.

A segment's frames have their place in the file by number, so what is rendered of the first, of the
last and of some in between is as it would lie in the whole, without two hours of encoding.
"""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mixer.sound.analysis.measurement import measure
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.placement import Take
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import Encoding
from mixer.sound.formats.model import Workshop
from mixer.sound.formats.mp3_frames import FRAME_SAMPLES
from mixer.sound.presets import PRESETS
from mixer.sound.render.segment_renderer import Renderer, RenderSources
from mixer.sound.render.segments import Segment, cut_timeline
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Timeline
from tests.sounds import Sound, bursts, decode_audio, duplicate_channels, find_onset, write_sound

RATES_HZ = (24_000, 22_050, 16_000, 8_000, 44_100)
LENGTH_S = 7_200
MS = MIX_RATE_HZ // 1000
DECODER_DELAY = 1_105
"""Samples by which MP3 comes out late (528 of the decoder, 577 of LAME); the file's header tells
players to skip them."""


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Sound, int]]:
    """Recordings of unlike rates, in mono and stereo, which begin at once."""
    folder, made = tmp_path_factory.mktemp("sounds"), {}
    for number, rate_hz in enumerate(RATES_HZ):
        sound = bursts([0.0, 0.11 + number / 50, 0.6], 1.0 + number / 7, rate_hz)
        file = duplicate_channels(sound) if number % 2 else sound
        made[f"{number}"] = (write_sound(folder / f"{number}.wav", file, rate_hz), sound, rate_hz)
    return made


def two_hours(sounds: dict[str, tuple[Path, Sound, int]]) -> Timeline:
    """More than a thousand clips in chapters, with gaps of chance to the millisecond."""
    draw = random.Random(7)
    known = {name: measure(path) for name, (path, _, _) in sounds.items()}
    takes: list[Take] = []
    length_s = 0.0
    while length_s < 1.15 * LENGTH_S:
        name, gap_ms = draw.choice(list(known)), draw.randint(1, 9_000)
        opens = "Chapter" if draw.random() < 0.01 else None
        takes.append(Take(name, known[name], gap_ms, chapter_title=opens))
        length_s += known[name].duration_s + gap_ms / 1000
    style = MixStyle(
        replace(PRESETS["story"], margin_s=(0.0, 0.5)), Encoding("mp3", 64).level_offset_db
    )
    return build_timeline(takes, None, style)


def decode_segment(segment: Segment, renderer: Renderer) -> tuple[Sound, int]:
    """What is heard of a segment, and at which sample of the file that begins."""
    done = renderer.render(segment)
    own = done.path.with_suffix(".own.mp3")
    own.write_bytes(done.path.read_bytes()[done.begin_byte : done.end_byte])
    rate_hz = renderer.timeline.rate_hz
    first_frame = -(-segment.start * MIX_RATE_HZ // (rate_hz * FRAME_SAMPLES))
    return decode_audio(own, channels=1)[:, 0], first_frame * FRAME_SAMPLES - DECODER_DELAY


def resample_attack(clip: Clip, sound: Sound, rate_hz: int, timeline_hz: int) -> Sound:
    """The first tenth of a second of a clip, at the rate of the mix."""
    at = np.arange(MIX_RATE_HZ // 10) / MIX_RATE_HZ + clip.skip / timeline_hz
    return np.interp(at, np.arange(sound.size) / rate_hz, sound)


def test_every_clip_starts_within_a_millisecond_two_hours_on(
    tmp_path: Path, sounds: dict[str, tuple[Path, Sound, int]]
):
    timeline = two_hours(sounds)
    assert timeline.duration_s > LENGTH_S
    ingredients = RenderSources({name: path for name, (path, _, _) in sounds.items()}, {})
    renderer = Renderer(
        timeline, ingredients, Encoding("mp3", 64), Workshop(tmp_path, ProcessGroup())
    )
    segments = [
        each for each in cut_timeline(timeline) if each.end - each.start > timeline.rate_hz * 60
    ]
    errors = []
    for segment in (segments[0], segments[len(segments) // 2], segments[-2], segments[-1]):
        samples, begins = decode_segment(segment, renderer)
        for clip in timeline.clips:
            if segment.start + timeline.rate_hz < clip.start < segment.end - timeline.rate_hz:
                _, sound, rate_hz = sounds[clip.source]
                near = round(clip.start * MIX_RATE_HZ / timeline.rate_hz) - begins
                expected = resample_attack(clip, sound, rate_hz, timeline.rate_hz)
                errors.append(find_onset(samples, expected, near, 20 * MS) - near)
    assert len(errors) > 50
    assert max(map(abs, errors)) <= MS
