"""Prepares music for the mix: raw samples, readable from any point, looped without a seam.

A track is decoded once, without the silence at its ends; the end of a short one crossfades into its
beginning at equal power. It takes 10 MB of disk for each minute of music that plays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mixer.sound import ffmpeg
from mixer.sound.analysis import Measurement
from mixer.sound.arrange import seam_s
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.timeline import MIX_RATE_HZ, rescale_samples

TIMEOUT_S = 600.0
"""An hour of music takes some seconds; the timeout is for a broken machine."""

CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS
"""Signed 16 bits a channel: music is 20 dB under the voice, so rounding is inaudible."""

MIN_LOOP_S = 60
"""Shorter loops are repeated in the file, so that a segment reads few pieces."""


@dataclass(frozen=True, slots=True)
class Bed:
    """Music as raw 16-bit stereo at MIX_RATE_HZ; after `frames` it continues at `loop_from`."""

    path: Path
    frames: int
    loop_from: int

    def pieces(self, start: int, length: int) -> Iterator[tuple[int, int]]:
        """List the frame ranges of the file that play `length` frames from `start` of the music."""
        while length > 0:
            begin = self._wrap_frame(start)
            end = min(self.frames, begin + length)
            yield begin, end
            start, length = start + end - begin, length - (end - begin)

    def _wrap_frame(self, frame: int) -> int:
        if frame < self.frames:
            return frame
        period = self.frames - self.loop_from
        return self.loop_from + (frame - self.loop_from) % period


def prepare_bed(
    source: Path,
    measured: Measurement,
    played_s: float,
    folder: Path,
    processes: ProcessGroup | None = None,
) -> Bed:
    """Decode a track of any format, opened confined, into a bed of at most `played_s`."""
    needed = round(played_s * MIX_RATE_HZ)
    frames = _audible_frames(measured)
    path = folder / "bed.s16"
    if frames >= needed:
        _decode_track(source, f"{_trim_filter(measured, needed)}[out]", path, processes)
        return Bed(path, needed, loop_from=0)
    overlap = _overlap_frames(frames)
    _decode_track(
        source, _loop_filter(_trim_filter(measured, frames), frames, overlap), path, processes
    )
    return Bed(path, _extend_loop(path, frames, overlap), loop_from=overlap)


def predict_bed(measured: Measurement, played_s: float, path: Path) -> Bed:
    """Predict what `prepare_bed` will make."""
    needed, frames = round(played_s * MIX_RATE_HZ), _audible_frames(measured)
    if frames >= needed:
        return Bed(path, needed, loop_from=0)
    overlap = _overlap_frames(frames)
    period = frames - overlap
    missing = max(0, MIN_LOOP_S * MIX_RATE_HZ - period)
    return Bed(path, frames + period * -(-missing // period), loop_from=overlap)


def _audible_frames(measured: Measurement) -> int:
    sounding = measured.samples - measured.lead_samples - measured.tail_samples
    return rescale_samples(sounding, measured.rate_hz, MIX_RATE_HZ)


def _overlap_frames(frames: int) -> int:
    return int(seam_s(frames / MIX_RATE_HZ) * MIX_RATE_HZ)


def _trim_filter(measured: Measurement, frames: int) -> str:
    end = measured.samples - measured.tail_samples
    is_mono = measured.channels == 1
    twice = "pan=stereo|c0=c0|c1=c0" if is_mono else "aformat=channel_layouts=stereo"
    return (
        f"[0:a:0]atrim=start_sample={measured.lead_samples}:end_sample={end},"
        f"asetpts=PTS-STARTPTS,{twice},aresample={MIX_RATE_HZ},"
        f"apad=whole_len={frames},atrim=end_sample={frames}"
    )


def _loop_filter(track: str, frames: int, overlap: int) -> str:
    body = frames - overlap
    return (
        f"{track},asplit=3[a][b][c];[a]atrim=end_sample={body}[body];"
        f"[b]atrim=start_sample={body},asetpts=PTS-STARTPTS[tail];[c]atrim=end_sample={overlap}[head];"
        f"[tail][head]acrossfade=ns={overlap}:c1=qsin:c2=qsin[seam];"
        "[body][seam]concat=v=0:a=1[out]"
    )


def _decode_track(source: Path, graph: str, path: Path, processes: ProcessGroup | None) -> None:
    output = ["-map", "[out]", "-f", "s16le", "-c:a", "pcm_s16le", str(path)]
    command = [*ffmpeg.confine_input(0), "-filter_complex", graph, *output]
    ffmpeg.run(command, files=[source], timeout_s=TIMEOUT_S, processes=processes)


def _extend_loop(path: Path, frames: int, loop_from: int) -> int:
    period = frames - loop_from
    with path.open("rb") as source, path.open("ab") as file:
        while frames - loop_from < MIN_LOOP_S * MIX_RATE_HZ:
            source.seek(loop_from * FRAME_BYTES)
            file.write(source.read(period * FRAME_BYTES))
            frames += period
    return frames
