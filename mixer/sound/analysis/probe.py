"""Reads what a sound file says about its own stream: codec, rate, bit rate."""

from pathlib import Path

import regex

from mixer.sound import ffmpeg
from mixer.sound.analysis.compliance import StreamInfo
from mixer.sound.analysis.measurement import DECODE_TIMEOUT_S, Measurement
from mixer.sound.ffmpeg import ProcessGroup

_STREAM = regex.compile(
    r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)[^\n]*? Hz[^\n]*?(?:, (?P<kbps>\d+) kb/s)?(?: \(|\n|$)"
)


def probe_stream(path: Path, measurement: Measurement, processes: ProcessGroup) -> StreamInfo:
    """Probe a measured file."""
    command = [*ffmpeg.confine_input(0), "-t", "0", "-f", "null", "-"]
    log = ffmpeg.run(command, files=[path], timeout_s=DECODE_TIMEOUT_S, processes=processes).stderr
    stream = _STREAM.search(log)
    whole_kbps = path.stat().st_size * 8 / 1000 / measurement.duration_s
    kbps = float(stream["kbps"]) if stream and stream["kbps"] else whole_kbps
    codec = stream["codec"] if stream else ""
    return StreamInfo(codec, measurement.rate_hz, round(kbps, 1), measurement.duration_s)
