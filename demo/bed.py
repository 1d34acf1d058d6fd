"""The music under the demo: six slow chords and a few plucked notes, computed, not recorded.

The repository holds no audio and needs no licence for music. The tones are added up at a
quarter of the final rate, which is plenty for a pad that should stay below the voice; FFmpeg
brings them to 44.1 kHz, gives them a small room and writes the file. The last chord (A, with its
fourth held back) wants to go home to the first (D), so the piece may be played round and round;
it starts and ends in silence, so that no seam can click.

The price: pure Python takes two seconds for it, and would take minutes for a concert.

Usage: python demo/bed.py OUT.flac
"""

import subprocess
import sys
from array import array
from itertools import cycle
from math import cos, exp2, pi, sin, sqrt
from pathlib import Path

import imageio_ffmpeg

RATE_HZ = 11_025
"""A quarter of 44.1 kHz: room for every partial used here, the highest being 2.7 kHz."""

CHORD_S, ATTACK_S, RELEASE_S = 7.5, 2.4, 3.0
LOOP_S = 4
"""A pad is computed once for so long and repeated; its partials fit it in whole periods."""

PARTIALS = ((1, 1.0), (2, 0.3), (3, 0.1))
"""Multiple of the fundamental, and amplitude: close to a flute."""

GOLDEN_ANGLE = pi * (3 - sqrt(5))
"""Spreads the phases, so that the slow beats of a chord's notes never swell together."""

CHORDS = (
    ((38, 57, 61, 64, 66), ((1.5, 78), (4.5, 76), (6.0, 74))),  # D major ninth
    ((35, 54, 57, 62, 64), ((2.25, 74), (5.25, 71))),  # B minor with its fourth
    ((43, 50, 57, 59, 66), ((1.5, 74), (3.0, 76), (4.5, 78))),  # G major ninth
    ((42, 52, 57, 61, 64), ((2.25, 81), (5.25, 76))),  # F sharp minor seventh
    ((40, 55, 59, 62, 66), ((1.5, 74), (4.5, 71), (6.0, 74))),  # E minor ninth
    ((45, 52, 57, 62, 64), ((1.5, 76), (3.75, 71))),  # A, suspended
)
"""MIDI notes of each pad, low to high, and its plucks: seconds after the chord, MIDI note."""

PLUCK_S, PLUCK_ATTACK_S = 3.0, 0.012
ECHOES = ((0.0, 1.1, 0.35), (0.5625, 0.33, 0.75), (1.125, 0.11, 0.25))
"""Each pluck and its echoes: seconds later, level, place from left (0) to right (1)."""

LENGTH_S = len(CHORDS) * CHORD_S + RELEASE_S
FINISH = (
    "aresample=44100,"
    "aecho=in_gain=0.9:out_gain=0.9:delays=61|97|149|223:decays=0.3|0.24|0.18|0.12,"
    "lowpass=f=2600:p=1,highpass=f=35,volume=-17dB,"
    f"atrim=end={LENGTH_S},afade=t=out:st={LENGTH_S - 0.5}:d=0.5"
)
"""Rate, room, tone, level (−20 LUFS by FFmpeg's ebur128), and a quiet end, in this order."""

Wave = list[float]


def frequency_hz(note: int) -> float:
    """The pitch of a MIDI note; 69 is the A of 440 Hz."""
    return 440 * exp2((note - 69) / 12)


def silence(length_s: float) -> Wave:
    """Nothing, so many seconds of it: what waves are added to."""
    return [0.0] * round(length_s * RATE_HZ)


def pad_loop(note: int) -> Wave:
    """One held note, `LOOP_S` long, that joins its own beginning; two voices beat slowly."""
    wave = silence(LOOP_S)
    periods = round(frequency_hz(note) * LOOP_S)
    for multiple, level in PARTIALS:
        for turns, share in ((periods * multiple, 0.7), (periods * multiple + 1, 0.3)):
            step = 2 * pi * turns / len(wave)
            phase, gain = GOLDEN_ANGLE * note * turns, level * share
            wave = [w + gain * sin(phase + step * i) for i, w in enumerate(wave)]
    return wave


def pad_envelope(size: int) -> Wave:
    """The envelope of a pad: rises and falls along half a cosine, starting and ending at zero."""
    attack, release = round(ATTACK_S * RATE_HZ), round(RELEASE_S * RATE_HZ)
    rise = [0.5 - 0.5 * cos(pi * i / attack) for i in range(attack)]
    fall = [0.5 + 0.5 * cos(pi * i / release) for i in range(1, release + 1)]
    return rise + [1.0] * (size - attack - release) + fall


def pluck(note: int) -> Wave:
    """A soft plucked note: the higher the partial, the sooner it is gone."""
    wave, attack = silence(PLUCK_S), PLUCK_ATTACK_S * RATE_HZ
    step = 2 * pi * frequency_hz(note) / RATE_HZ
    for multiple, level in PARTIALS:
        fade = 0.5 ** (multiple / (0.45 * RATE_HZ))
        wave = [w + level * fade**i * sin(step * multiple * i) for i, w in enumerate(wave)]
    return [w * min(1, i / attack) * (1 - i / len(wave)) for i, w in enumerate(wave)]


def mix_wave(side: Wave, start_s: float, wave: Wave, level: float) -> None:
    """Mix a wave into one side of the piece; what would lie beyond its end is dropped."""
    start = round(start_s * RATE_HZ)
    end = min(len(side), start + len(wave))
    side[start:end] = [s + level * w for s, w in zip(side[start:end], wave, strict=False)]


def pad(notes: tuple[int, ...]) -> tuple[Wave, Wave]:
    """One chord, left and right, `LOOP_S` long: its notes sit side by side."""
    left, right = silence(LOOP_S), silence(LOOP_S)
    for note, side in zip(notes, cycle((0.65, 0.55, 0.45)), strict=False):
        loop = pad_loop(note)
        mix_wave(left, 0, loop, 1 - side)
        mix_wave(right, 0, loop, side)
    return left, right


def compose() -> tuple[Wave, Wave]:
    """The whole piece, left and right, at `RATE_HZ`, before its room and its level."""
    piece = silence(LENGTH_S), silence(LENGTH_S)
    envelope = pad_envelope(round((CHORD_S + RELEASE_S) * RATE_HZ))
    for number, (notes, plucks) in enumerate(CHORDS):
        start_s = number * CHORD_S
        for channel, loop in zip(piece, pad(notes), strict=True):
            held = [e * w for e, w in zip(envelope, cycle(loop), strict=False)]
            mix_wave(channel, start_s, held, 1)
        for after_s, note in plucks:
            wave = pluck(note)
            for later_s, level, side in ECHOES:
                for channel, share in zip(piece, (1 - side, side), strict=True):
                    mix_wave(channel, start_s + after_s + later_s, wave, level * share)
    return piece


def write_bed(out: Path) -> None:
    """Compose the bed and write it as 16-bit FLAC; the file appears when it is whole."""
    samples = array("f", (value for frame in zip(*compose(), strict=True) for value in frame))
    partial = out.with_name(out.name + ".part")
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "f32le"]
    argv += ["-ar", str(RATE_HZ), "-ac", "2", "-i", "pipe:0", "-af", FINISH]
    argv += ["-sample_fmt", "s16", "-bitexact", "-f", "flac", str(partial)]
    subprocess.run(argv, input=samples.tobytes(), check=True)
    partial.replace(out)


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("Usage: python demo/bed.py OUT.flac")
    sys.stderr.write("Composing the sample music: a few seconds.\n")
    write_bed(Path(sys.argv[1]))
