"""What FFmpeg says of a file's sound: its codec and bit rate."""

from pathlib import Path

import regex

from mixer.sound import ffmpeg
from mixer.sound.analysis.compliance import StreamInfo
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.ffmpeg import ProcessGroup

PROBE_TIMEOUT_S = 600.0
_STREAM = regex.compile(r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)[^\n]*")
_STATED_KBPS = regex.compile(r", (?P<kbps>\d+) kb/s")
_COPIED_BYTES = regex.compile(r"\baudio:(?P<kib>\d+)KiB")


def probe_stream(path: Path, measurement: Measurement, processes: ProcessGroup) -> StreamInfo:
    """Probe a measured file; the bit rate is that of its sound, without cover and tags.

    Where the file does not state it, the packets of the sound are counted.
    """
    command = [*ffmpeg.confine_input(0), "-map", "0:a:0", "-c", "copy", "-f", "null", "-"]
    log = ffmpeg.run(command, files=[path], timeout_s=PROBE_TIMEOUT_S, processes=processes).stderr
    stream, copied = _STREAM.search(log), _COPIED_BYTES.search(log)
    stated = _STATED_KBPS.search(stream[0]) if stream else None
    counted_kbps = int(copied["kib"]) * 8.192 / measurement.duration_s if copied else 0.0
    kbps = float(stated["kbps"]) if stated else counted_kbps
    codec = stream["codec"] if stream else ""
    return StreamInfo(codec, measurement.rate_hz, round(kbps, 1), measurement.duration_s)
