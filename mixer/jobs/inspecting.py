"""Any sound file measured as our own are: loudness, peaks, levels, rules of a preset, a picture.

Where the report of a mix lies beside the file, it tells where speech and music are.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import regex
from pydantic import TypeAdapter

from mixer.jobs.account import bed_outline
from mixer.jobs.production import chapters
from mixer.publish.time_axis import clock
from mixer.publish.waveform import WaveformPicture, draw
from mixer.requests import PresetName
from mixer.sound import ffmpeg
from mixer.sound.check import Check, check
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import STEP_S
from mixer.sound.measure import MUSIC_CHANNELS, TIMEOUT_S, Measurement, measure
from mixer.sound.presets import PRESETS
from mixer.sound.rules import Carrier, Rule, judged
from mixer.sound.timeline import Timeline

COLUMNS = 1_600
"""Of the picture."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a file.

    Attributes:
        name: of the file.
        measured: length, rate, channels, flaws.
        checked: levels.
        carrier: the file around the sound.
        rules: of the preset that was asked for.
        timeline: that the file was made of; None where no report tells it.
        sound_peaks_dbtp: of its music and sounds, by source.
    """

    name: str
    measured: Measurement
    checked: Check
    carrier: Carrier
    rules: tuple[Rule, ...]
    timeline: Timeline | None
    sound_peaks_dbtp: Mapping[str, float]


def inspect(
    path: Path, preset: PresetName | None, report: Path | None, children: Children
) -> Inspection:
    """Measure a file.

    Args:
        path: the file, of any format that FFmpeg reads.
        preset: whose rules it is held against.
        report: of the mix that it is; the file's own name with .json where None.
        children: the job that it belongs to.

    Raises:
        NotFound: there is no such file.
        UnplayableAudio: there is no sound in it.
    """
    measured = measure(path, channels=MUSIC_CHANNELS, children=children)
    checked = check(path, measured.duration_s, COLUMNS, children=children)
    carrier = _carrier(path, measured, children)
    rules: tuple[Rule, ...] = ()
    if preset is not None:
        asked = PRESETS[preset]
        target = asked.mono_lufs if measured.channels == 1 else asked.stereo_lufs
        rules = tuple(judged(checked, carrier, asked, target))
    told = _told(report or path.with_suffix(".json"))
    timeline = _timeline(told)
    return Inspection(
        name=path.name,
        measured=measured,
        checked=checked,
        carrier=carrier,
        rules=rules,
        timeline=timeline,
        sound_peaks_dbtp=_sound_peaks_dbtp(told, timeline),
    )


def figures(found: Inspection) -> dict[str, float | int | str | None]:
    """What a file measures, by name."""
    checked, carrier = found.checked, found.carrier
    head_s, tail_s = checked.silent_ends_s or (None, None)
    return {
        "file": found.name,
        "duration_s": carrier.duration_s,
        "codec": carrier.codec,
        "sample_rate_hz": carrier.rate_hz,
        "channels": found.measured.channels,
        "bitrate_kbps": carrier.kbps,
        "integrated_loudness_lufs": checked.integrated_lufs,
        "loudness_range_lu": checked.range_lu,
        "true_peak_dbtp": checked.true_peak_dbtp,
        "rms_dbfs": checked.rms_dbfs,
        "noise_floor_dbfs": checked.noise_floor_dbfs,
        "room_tone_before_s": head_s,
        "room_tone_after_s": tail_s,
        "room_tone_dbfs": checked.room_tone_dbfs,
    }


def picture(found: Inspection) -> bytes:
    """Waveform, loudness over time, and where speech and music are, as PNG."""
    timeline, checked = found.timeline, found.checked
    duration_s = found.carrier.duration_s
    lufs = checked.integrated_lufs
    told = [clock(duration_s), "silent" if lufs is None else f"{lufs:.1f} LUFS"]
    momentary = enumerate(checked.momentary_lufs, start=1)
    return draw(
        WaveformPicture(
            peaks=checked.peaks,
            duration_s=duration_s,
            music=_bed(found),
            chapters=chapters(timeline) if timeline else (),
            title=found.name,
            caption=" · ".join([*told, f"{checked.true_peak_dbtp:.1f} dBTP"]),
            loudness=tuple((step * STEP_S, level) for step, level in momentary),
            speech=_speech(timeline) if timeline else (),
        )
    )


def _sound_peaks_dbtp(told: Mapping[str, object], timeline: Timeline | None) -> dict[str, float]:
    """By source; reports of older versions tell one figure, for their only music."""
    peaks, peak = told.get("sound_peaks_dbtp"), told.get("music_peak_dbtp")
    if isinstance(peaks, dict) and peaks:
        return {str(source): float(each) for source, each in peaks.items()}
    if timeline is None or not isinstance(peak, int | float):
        return {}
    return {cue.source: float(peak) for cue in timeline.cues}


def _speech(timeline: Timeline) -> tuple[tuple[float, float], ...]:
    seconds = timeline.seconds
    return tuple((seconds(clip.start), seconds(clip.end)) for clip in timeline.clips)


def _bed(found: Inspection) -> tuple[float, ...]:
    if found.timeline is None or not found.timeline.cues:
        return ()
    if not {cue.source for cue in found.timeline.cues} <= found.sound_peaks_dbtp.keys():
        return ()
    return bed_outline(found.timeline, found.sound_peaks_dbtp, COLUMNS)


def _carrier(path: Path, measured: Measurement, children: Children) -> Carrier:
    """What FFmpeg says of the file's stream."""
    command = [*ffmpeg.confined_input(0), "-t", "0", "-f", "null", "-"]
    said = ffmpeg.run(command, files=[path], timeout_s=TIMEOUT_S, children=children).stderr
    stream = _STREAM.search(said)
    whole_kbps = path.stat().st_size * 8 / 1000 / measured.duration_s
    kbps = float(stream["kbps"]) if stream and stream["kbps"] else whole_kbps
    codec = stream["codec"] if stream else ""
    return Carrier(codec, measured.rate_hz, round(kbps, 1), measured.duration_s)


def _told(report: Path) -> Mapping[str, object]:
    """A report's fields; nothing where there is none, or it is something else."""
    with suppress(OSError, ValueError):
        found = json.loads(report.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _timeline(told: Mapping[str, object]) -> Timeline | None:
    with suppress(ValueError):
        return (
            TypeAdapter(Timeline).validate_python(told["timeline"])
            if told.get("timeline")
            else None
        )
    return None


_STREAM = regex.compile(
    r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)[^\n]*? Hz[^\n]*?(?:, (?P<kbps>\d+) kb/s)?(?: \(|\n|$)"
)
