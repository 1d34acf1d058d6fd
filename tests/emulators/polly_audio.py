"""Sound for the strict server: tones whose length follows the characters, as real MP3 frames.

FFmpeg encodes a few seconds of each pitch once; an answer is a run of those frames. They are
encoded without the bit reservoir, so that any run of them decodes.
"""

import functools
import subprocess
import zlib
from itertools import cycle, islice, pairwise

import imageio_ffmpeg

PITCHES_HZ = (220, 247, 262, 294, 330, 349, 392, 440)
LOOP_S = 6
LONGEST_S = 600.0
"""Polly cuts speech off after ten minutes."""


def pitch_hz(text: str) -> int:
    """The tone that stands for a text; always the same, mostly another for another text."""
    return PITCHES_HZ[zlib.crc32(text.encode()) % len(PITCHES_HZ)]


def tone_mp3(text: str, length_s: float, rate_hz: int, voice: str = "") -> bytes:
    """A whole MP3 of about that length, at most ten minutes; mono, 48 kbit/s.

    Another voice begins in another phase: other bytes, the same tone.
    """
    frames = mp3_frames(pitch_hz(text), rate_hz)
    samples = 1_152 if rate_hz >= 32_000 else 576
    count = max(1, round(min(length_s, LONGEST_S) * rate_hz / samples))
    first = zlib.crc32(voice.encode()) % len(frames)
    return b"".join(islice(cycle(frames), first, first + count))


def tone_pcm(text: str, length_s: float, rate_hz: int) -> bytes:
    """The same as 16-bit samples."""
    loop = _encode_tone(pitch_hz(text), rate_hz, "-f", "s16le")
    size = 2 * round(min(length_s, LONGEST_S) * rate_hz)
    return (loop * (size // len(loop) + 1))[:size]


@functools.cache
def mp3_frames(tone_hz: int, rate_hz: int) -> tuple[bytes, ...]:
    """The frames of a few seconds of a tone, the first (encoder's delay) left out."""
    coded = ("-c:a", "libmp3lame", "-b:a", "48k", "-reservoir", "0", "-write_xing", "0")
    mp3 = _encode_tone(tone_hz, rate_hz, *coded, "-id3v2_version", "0", "-f", "mp3")
    starts = [0]
    while (size := _frame_bytes(mp3[starts[-1] : starts[-1] + 4])) and starts[-1] < len(mp3):
        starts.append(starts[-1] + size)
    frames = [mp3[start:end] for start, end in pairwise(starts)]
    return tuple(frames[2:])


def _frame_bytes(header: bytes) -> int:
    if len(header) < 4 or header[0] != 0xFF:
        return 0
    is_first_version = header[1] >> 3 & 3 == 3
    low = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    high = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    rates = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
    kbps = (high if is_first_version else low)[header[2] >> 4]
    rate_hz = rates[header[1] >> 3 & 3][header[2] >> 2 & 3]
    return (144 if is_first_version else 72) * kbps * 1000 // rate_hz + (header[2] >> 1 & 1)


@functools.cache
def _encode_tone(tone_hz: int, rate_hz: int, *coded: str) -> bytes:
    source = f"sine=frequency={tone_hz}:sample_rate={rate_hz}:duration={LOOP_S}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi"]
    command += ["-i", source, "-ac", "1", *coded, "pipe:1"]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
