"""The encodings that clients of other protocols ask for, which can be written as a stream.

They differ from the formats of finished files: no tags, no lengths in headers, mono.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from mixer.formats import FormatName

FORMAT_NAMES: tuple[FormatName, ...] = get_args(FormatName)
LOSSLESS: FormatName = "flac"

LIVE_RATE_HZ = 24_000
"""Of the samples before they are encoded: that of the voices."""

_MP3 = ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
_OPUS = ("-c:a", "libopus", "-page_duration", "200000", "-f", "ogg")
_PCM = ("-c:a", "pcm_s16le", "-f", "s16le")
_WAV = ("-c:a", "pcm_s16le", "-bitexact", "-f", "wav")
"""Its header has the greatest possible length, as in every WAV that is written to a pipe."""


@dataclass(frozen=True, slots=True)
class LiveEncoding:
    """An encoding: FFmpeg's output arguments, and what is stated to the client."""

    name: str
    content_type: str
    arguments: tuple[str, ...]
    rate_hz: int = LIVE_RATE_HZ

    @property
    def mix_format(self) -> FormatName:
        """The format of a mix from which it is made: its own where mixes have it."""
        return next((each for each in FORMAT_NAMES if each == self.name), LOSSLESS)

    @property
    def is_raw(self) -> bool:
        """Whether it is the samples themselves."""
        return self.arguments == _PCM and self.rate_hz == LIVE_RATE_HZ


def _encode_mp3(kbps: int, rate_hz: int = LIVE_RATE_HZ, name: str = "mp3") -> LiveEncoding:
    return LiveEncoding(name, "audio/mpeg", (*_MP3, "-b:a", f"{kbps}k"), rate_hz)


def _encode_opus(kbps: int, name: str = "opus") -> LiveEncoding:
    return LiveEncoding(name, "audio/ogg", (*_OPUS, "-b:a", f"{kbps}k"), 48_000)


CLIENT_ENCODINGS = MappingProxyType(
    {
        each.name: each
        for each in (
            _encode_mp3(96),
            _encode_opus(48),
            LiveEncoding("aac", "audio/aac", ("-c:a", "aac", "-b:a", "72k", "-f", "adts")),
            LiveEncoding("flac", "audio/flac", ("-c:a", "flac", "-f", "flac")),
            LiveEncoding("wav", "audio/wav", _WAV),
            LiveEncoding("pcm", "audio/pcm", _PCM),
        )
    }
)
"""By OpenAI's names (API reference, createSpeech)."""

DEFAULT_ENCODING = "mp3"

_MP3_RATES = ((22_050, 32), (24_000, 48), *((44_100, kbps) for kbps in (32, 64, 96, 128, 192)))
_SAMPLE_RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES = (32, 64, 96, 128, 192)
_TELEPHONE = {"ulaw_8000": ("pcm_mulaw", "mulaw"), "alaw_8000": ("pcm_alaw", "alaw")}


def _list_outputs() -> list[LiveEncoding]:
    mp3 = [_encode_mp3(kbps, rate, f"mp3_{rate}_{kbps}") for rate, kbps in _MP3_RATES]
    opus = [_encode_opus(kbps, f"opus_48000_{kbps}") for kbps in _OPUS_RATES]
    raw = [LiveEncoding(f"pcm_{rate}", "audio/pcm", _PCM, rate) for rate in _SAMPLE_RATES]
    wav = [LiveEncoding(f"wav_{rate}", "audio/wav", _WAV, rate) for rate in _SAMPLE_RATES]
    telephone = [
        LiveEncoding(name, "audio/basic", ("-c:a", codec, "-f", muxer), 8_000)
        for name, (codec, muxer) in _TELEPHONE.items()
    ]
    return [*mp3, *opus, *raw, *wav, *telephone]


OUTPUTS = MappingProxyType({each.name: each for each in _list_outputs()})
"""By ElevenLabs' names: codec, rate and bit rate (API reference, output_format)."""
