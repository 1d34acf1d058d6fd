"""What a sound is, found out in one pass of FFmpeg: length, loudness, peaks, silent edges.

A chunk is measured once, when it is made; everything that the mix decides later it decides from
these numbers, not from the audio.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import regex

from mixer.errors import NotFound, RenderFailed, UnplayableAudio
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import Histogram, histogram, integrated_lufs

SILENCE_DBFS = -50.0
"""Below this an edge counts as dead air."""

SILENCE_S = 0.02
"""Shorter dips are part of speech."""

WINDOW_S = 0.4
"""Of momentary loudness (EBU Tech 3341); padded on at both ends, where windows hold less than a
whole one of speech, as they will between the gaps of a mix."""

TIMEOUT_S = 600.0
"""A pass takes about a second for half an hour of speech; this is for a machine gone wrong."""

VOICE_CHANNELS = "aresample=ochl=mono:rematrix_maxval=1"
"""Any channel layout to mono without a change of level: plain averages, no power law."""

COUNTED = "asetpts=round(N/SR/TB)"
"""Time told by samples alone: a file's own times may begin late or jump where it is damaged."""

MUSIC_CHANNELS = "aformat=channel_layouts=stereo|mono"
"""Mono and stereo as they are, anything else folded down to stereo."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known of a recording.

    Attributes:
        samples: decoded length at `rate_hz`.
        rate_hz: sample rate.
        channels: of the file.
        true_peak_dbtp: oversampled peak; -inf for silence.
        lead_samples: dead air before the first sound.
        tail_samples: dead air after the last sound.
        windows: momentary loudness, see `mixer.sound.loudness`.
    """

    samples: int
    rate_hz: int
    channels: int
    true_peak_dbtp: float
    lead_samples: int
    tail_samples: int
    windows: Histogram

    @property
    def loudness_lufs(self) -> float | None:
        """Integrated loudness in the measured channels; None for silence."""
        return None if self.is_silent else integrated_lufs(self.windows)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.rate_hz

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to hear in it."""
        return self.true_peak_dbtp <= SILENCE_DBFS or self.lead_samples >= self.samples


def measure(
    path: Path, name: str = "", *, channels: str = VOICE_CHANNELS, children: Children | None = None
) -> Measurement:
    """Measure a sound file of any format that FFmpeg reads.

    Args:
        path: the file; it is opened confined, it can name no other.
        name: what to call it in an error; the path where missing.
        channels: how it will be played: VOICE_CHANNELS or MUSIC_CHANNELS.
        children: the job that it belongs to.

    Raises:
        NotFound: there is no such file.
        UnplayableAudio: there is no sound in it.
    """
    name = name or str(path)
    if not path.is_file():
        raise NotFound(f"There is no audio file {name}.", key=name)
    try:
        done = ffmpeg.run(_command(channels), files=[path], timeout_s=TIMEOUT_S, children=children)
    except RenderFailed as error:
        raise UnplayableAudio(f"FFmpeg finds no sound in {name}.", key=name) from error
    return _parsed(done.stdout.decode(), done.stderr, name)


def momentary_lufs(printed: str) -> list[float]:
    """The momentary loudness that `ebur128` and `ametadata` print, one window every 100 ms."""
    values = (float(match["value"]) for match in _MOMENTARY.finditer(printed))
    return [-math.inf if math.isnan(value) else value for value in values]


def true_peak_dbtp(said: str) -> float:
    """The true peak in the summary that `ebur128` leaves on standard error; -inf for silence."""
    peaks = [float(match["peak"]) for match in _TRUE_PEAK.finditer(said)]
    return peaks[-1] if peaks else -math.inf


def _command(channels: str) -> list[str]:
    """Two branches: one counts and finds edges, the other measures loudness with padded ends."""
    edges = f"astats=measure_perchannel=none,silencedetect=n={SILENCE_DBFS}dB:d={SILENCE_S}"
    padded = f"adelay={WINDOW_S * 1000:g}:all=1,apad=pad_dur={WINDOW_S}"
    levels = "ebur128=metadata=1:peak=true:framelog=quiet,ametadata=print:file=-"
    graph = (
        f"[0:a:0]{COUNTED},{channels},asplit[a][b];[a]{edges}[edges];"
        f"[b]{padded},{levels}:key=lavfi.r128.M[levels]"
    )
    outputs = ["-map", "[edges]", "-f", "null", "-", "-map", "[levels]", "-f", "null", "-"]
    return [*ffmpeg.confined_input(0), "-filter_complex", graph, *outputs]


def _parsed(printed: str, said: str, name: str) -> Measurement:
    counts = [int(match["value"]) for match in _SAMPLES.finditer(said)]
    stream = _STREAM.search(said)
    if not any(counts) or stream is None:
        raise UnplayableAudio(f"There is not a single sample of sound in {name}.", key=name)
    if len(counts) > 1:
        raise UnplayableAudio(
            f"{name} changes its sample rate or its channels on the way: convert it to one format.",
            key=name,
        )
    samples = counts[0]
    rate_hz = int(stream["rate"])
    lead, tail = _edges(said, samples, rate_hz)
    return Measurement(
        samples=samples,
        rate_hz=rate_hz,
        channels=_channels(stream["layout"]),
        true_peak_dbtp=true_peak_dbtp(said),
        lead_samples=lead,
        tail_samples=tail,
        windows=histogram(momentary_lufs(printed)),
    )


def _edges(said: str, samples: int, rate_hz: int) -> tuple[int, int]:
    """Dead air at both ends, from the stretches of silence that FFmpeg reports."""
    starts = [round(float(match["at"]) * rate_hz) for match in _SILENCE_START.finditer(said)]
    ends = [round(float(match["at"]) * rate_hz) for match in _SILENCE_END.finditer(said)]
    ends += [samples] * (len(starts) - len(ends))
    stretches = [
        (max(start, 0), min(end, samples)) for start, end in zip(starts, ends, strict=True)
    ]
    lead = stretches[0][1] if stretches and stretches[0][0] == 0 else 0
    tail = samples - stretches[-1][0] if stretches and stretches[-1][1] >= samples - 1 else 0
    return lead, tail


def _channels(layout: str) -> int:
    """How many channels a layout's name stands for: `stereo`, `5.1(side)`, `3 channels`."""
    known = {"mono": 1, "stereo": 2, "quad": 4, "hexagonal": 6, "octagonal": 8}
    surround = regex.match(r"(\d+)\.(\d+)", layout)
    counted = regex.match(r"(\d+) channels", layout)
    if surround:
        return int(surround[1]) + int(surround[2])
    return int(counted[1]) if counted else known.get(layout, 2)


_SAMPLES = regex.compile(r"Number of samples: (?P<value>\d+)")
_STREAM = regex.compile(r"Stream #0:\d+.*?: Audio: .*?, (?P<rate>\d+) Hz, (?P<layout>[^,\n]+)")
_MOMENTARY = regex.compile(r"lavfi\.r128\.M=(?P<value>\S+)")
_SILENCE_START = regex.compile(r"silence_start: (?P<at>-?[\d.e+-]+)")
_SILENCE_END = regex.compile(r"silence_end: (?P<at>[\d.e+-]+)")
_TRUE_PEAK = regex.compile(r"True peak:\s+Peak:\s+(?P<peak>-?(?:[\d.]+|inf)) dBFS")
