"""Encodes samples while they are made: the first bytes go out with the first chunk.

One FFmpeg encodes a whole answer, so that its joins are silent; a thread feeds it. Pipes hold it
back while the client does not read, so memory is that of one chunk.
"""

import os
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from mixer.sound import ffmpeg
from mixer.sound.analysis import Measurement
from mixer.sound.arrange import LEAD_MARGIN_S, TAIL_MARGIN_S
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.live.encodings import LIVE_RATE_HZ, LiveEncoding

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

    `gap_ms` is what is left of the silence after it, without the quiet edges of two chunks.
    """

    first: int
    end: int
    rate_hz: int
    gap_ms: int

    @classmethod
    def cut(cls, measured: Measurement, gap_ms: int) -> "ChunkSamples":
        """Cut the silence at its edges down to the margins of a mix."""
        lead = min(measured.lead_samples, round(LEAD_MARGIN_S * measured.rate_hz))
        tail = min(measured.tail_samples, round(TAIL_MARGIN_S * measured.rate_hz))
        return cls(
            measured.lead_samples - lead,
            measured.samples - measured.tail_samples + tail,
            measured.rate_hz,
            max(0, gap_ms - round(1000 * (LEAD_MARGIN_S + TAIL_MARGIN_S))),
        )

    @property
    def duration_s(self) -> float:
        """How long it plays, without the silence after it."""
        return (self.end - self.first) / self.rate_hz

    @property
    def silence(self) -> bytes:
        """The samples of the silence after it."""
        return bytes(self.gap_ms * LIVE_RATE_HZ // 1000 * SAMPLE_BYTES)

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
