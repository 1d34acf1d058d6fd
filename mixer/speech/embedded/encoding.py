"""Samples to the audio file of a chunk."""

import shlex
from collections.abc import Sequence

from mixer.errors import MixerError
from mixer.sound import ffmpeg

ENCODE_TIMEOUT_S = 120.0
"""Many times what the longest chunk takes."""

BITEXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1")
"""No encoder version in the file: equal samples give equal bytes."""

ENCODERS: dict[str, Sequence[str]] = {
    "flac": shlex.split("-c:a flac -f flac"),
    "mp3": shlex.split("-c:a libmp3lame -b:a 64k -write_xing 0 -id3v2_version 0 -f mp3"),
}

CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg"}

DELAY_SAMPLES = {"flac": 0, "mp3": 1_105}
"""What decoding puts in front: LAME's 576 and the decoder's 529, as there is no LAME tag."""

FLAC_TOTAL_SAMPLES = slice(21, 26)
"""Where a FLAC file holds its length, in the lower 36 bits (source: RFC 9639, section 8.2)."""


def encode_audio(pcm: bytes, rate_hz: int, suffix: str, processes: ffmpeg.ProcessGroup) -> bytes:
    """A whole audio file.

    Args:
        pcm: mono samples, 16 bits, little-endian.
        rate_hz: of the samples.
        suffix: `flac` or `mp3`.
        processes: the job that the encoder belongs to.
    """
    if suffix not in ENCODERS:
        raise MixerError(f"There is no encoder for {suffix}: it is flac or mp3.")
    source = ("-f", "s16le", "-ar", str(rate_hz), "-ac", "1", *ffmpeg.confined_stdin())
    arguments = [*source, *BITEXACT, *ENCODERS[suffix], "pipe:1"]
    audio = ffmpeg.run(arguments, stdin=pcm, timeout_s=ENCODE_TIMEOUT_S, processes=processes).stdout
    return _set_flac_length(audio, len(pcm) // 2) if suffix == "flac" else audio


def _set_flac_length(flac: bytes, length_samples: int) -> bytes:
    """State the length in a FLAC file's head, which FFmpeg cannot go back to in a pipe."""
    length = length_samples.to_bytes(5, "big")
    first = FLAC_TOTAL_SAMPLES.start
    head = bytes([flac[first] & 0xF0 | length[0]]) + length[1:]
    return flac[:first] + head + flac[FLAC_TOTAL_SAMPLES.stop :]
