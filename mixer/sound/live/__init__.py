"""Encodes samples while they are made: the first bytes go out with the first chunk.

One FFmpeg encodes a whole answer, so that its joins are silent; a thread feeds it. Pipes hold it
back while the client does not read, so memory is that of one chunk. The encodings are those that
clients of other protocols ask for: without tags and lengths in headers, mono.
"""

import os
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, get_args

from mixer.formats import FormatName
from mixer.sound import arrange, ffmpeg
from mixer.sound.ffmpeg import ProcessGroup

if TYPE_CHECKING:
    from mixer.sound.analysis import Measurement

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


READ_BYTES = 1 << 16
SAMPLE_BYTES = 2
FADE_S = 0.01
TIMEOUT_S = 60.0
TEMPO_STEP = 2.0
"""Of one `atempo` filter without skipped samples (FFmpeg's documentation)."""

_INPUT = ("-f", "s16le", "-ar", str(LIVE_RATE_HZ), "-ac", "1", "-probesize", "32", "-i", "pipe:0")


@dataclass(frozen=True, slots=True)
class ChunkSamples:
    """The part of a recorded chunk that is played, in samples of its own rate.

    `silence_s` comes before it; `gap_s` is due after it, without its own quiet edge.
    """

    first: int
    end: int
    rate_hz: int
    silence_s: float
    gap_s: float

    @classmethod
    def cut(
        cls, measured: "Measurement", gap_ms: int, before: "ChunkSamples | None" = None
    ) -> "ChunkSamples":
        """Cut the quiet at its edges down to the margins of a mix, and to the gap before."""
        rate_hz = measured.rate_hz
        gap_s = arrange.LEAD_MARGIN_S if before is None else before.gap_s
        lead = min(measured.lead_samples, round(min(arrange.LEAD_MARGIN_S, gap_s) * rate_hz))
        tail = min(
            measured.tail_samples, round(min(arrange.TAIL_MARGIN_S, gap_ms / 1000) * rate_hz)
        )
        return cls(
            measured.lead_samples - lead,
            measured.samples - measured.tail_samples + tail,
            rate_hz,
            0.0 if before is None else gap_s - lead / rate_hz,
            gap_ms / 1000 - tail / rate_hz,
        )

    @property
    def duration_s(self) -> float:
        """How long it plays, without the silence before it."""
        return (self.end - self.first) / self.rate_hz

    @property
    def silence(self) -> bytes:
        """The samples of the silence before it."""
        return bytes(round(self.silence_s * LIVE_RATE_HZ) * SAMPLE_BYTES)

    def decode(self, audio: bytes, processes: ProcessGroup) -> bytes:
        """Decode it to mono samples of 16 bits at LIVE_RATE_HZ."""
        fade_s = min(FADE_S, self.duration_s / 2)
        out_s = self.duration_s - fade_s
        filters = [
            f"atrim=start_sample={self.first}:end_sample={self.end}",
            "asetpts=PTS-STARTPTS",
            f"afade=t=in:d={fade_s:.6f}",
            f"afade=t=out:st={out_s:.6f}:d={fade_s:.6f}",
        ]
        output = ["-f", "s16le", "-ar", str(LIVE_RATE_HZ), "-ac", "1", "pipe:1"]
        arguments = [*ffmpeg.confine_stdin(), "-af", ",".join(filters), *output]
        return ffmpeg.run(arguments, timeout_s=TIMEOUT_S, stdin=audio, processes=processes).stdout


def encode_live(
    pieces: Iterable[bytes], encoding: LiveEncoding, tempo: float, processes: ProcessGroup
) -> Generator[bytes]:
    """Encode samples as they come; `tempo` speeds them up without changing the pitch.

    An error of `pieces` ends the stream and is raised; closing it early ends FFmpeg.
    """
    if encoding.is_raw and tempo == 1:
        yield from pieces
        return
    filters = ["-af", ",".join(_tempo_filters(tempo))] if tempo != 1 else []
    output = ["-ar", str(encoding.rate_hz), "-ac", "1", *encoding.arguments]
    arguments = [*_INPUT, *filters, *output, "-flush_packets", "1", "pipe:1"]
    with ffmpeg.open_pipe(arguments, processes) as process:
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise TypeError("FFmpeg was started without pipes.")
        feeder = _Feeder(pieces, stdin, process.kill)
        feeder.start()
        while block := os.read(stdout.fileno(), READ_BYTES):
            yield block
        feeder.finish()


def convert_mix(content: bytes, encoding: LiveEncoding, processes: ProcessGroup) -> bytes:
    """Convert a finished mix to an encoding that mixes do not have."""
    if encoding.name == encoding.mix_format:
        return content
    raw = ["-ar", str(encoding.rate_hz), "-ac", "1"] if encoding.is_raw else []
    arguments = [*ffmpeg.confine_stdin(), *raw, *encoding.arguments, "pipe:1"]
    return ffmpeg.run(arguments, timeout_s=TIMEOUT_S, stdin=content, processes=processes).stdout


def _tempo_filters(tempo: float) -> list[str]:
    """Filters for a tempo within their own range of 0.5 to 2."""
    filters = []
    while not 1 / TEMPO_STEP <= tempo <= TEMPO_STEP:
        step = TEMPO_STEP if tempo > 1 else 1 / TEMPO_STEP
        filters.append(f"atempo={step}")
        tempo /= step
    return [*filters, f"atempo={tempo:.6f}"]


@dataclass
class _Feeder:
    pieces: Iterable[bytes]
    stdin: IO[bytes]
    kill: Callable[[], None]
    failure: BaseException | None = None
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._feed, name="live-feeder", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last piece, and raise the error that kept it from coming."""
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _feed(self) -> None:
        try:
            for piece in self.pieces:
                self.stdin.write(piece)
                self.stdin.flush()
        except BrokenPipeError:  # FFmpeg ended; its exit status says why
            pass
        except BaseException as error:  # noqa: BLE001 - raised where the stream is read
            self.failure = error
            self.kill()  # what was encoded must not look like the whole
        finally:
            with suppress(OSError):
                self.stdin.close()
