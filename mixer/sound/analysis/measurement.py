"""Measures a sound in one pass of FFmpeg: length, loudness, peaks, silences, flaws.

A chunk is measured once, when it is made; the mix is decided from these numbers, not from the
audio. The voice is measured as it will be mixed, above HIGH_PASS_HZ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

import regex

from mixer.errors import NotFound, RenderFailed, UnplayableAudio
from mixer.sound import ffmpeg
from mixer.sound.analysis import profile
from mixer.sound.analysis.filters import BlockFilter, high_pass
from mixer.sound.analysis.meters import LevelMeter, LoudnessMeter, RawMeter, SilenceFinder
from mixer.sound.analysis.profile import UNKNOWN, LevelBlocks, Profile, RawStats
from mixer.sound.analysis.refusals import (
    explain_failure,
    require_measurable,
    require_single_file,
)
from mixer.sound.analysis.samples import SampleReader, decode_samples
from mixer.sound.analysis.true_peak import TruePeakMeter
from mixer.sound.arithmetic import Samples, np
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import SILENCE_DBFS, WINDOW_S, Histogram, histogram, integrated_lufs
from mixer.sound.presets import HIGH_PASS_HZ

SILENCE_S = 0.02
"""Shorter dips inside speech are part of it."""

BLOCK_SAMPLES = 1_200
"""50 ms at 24 kHz, for peaks and mean levels; shorter ones cost too much (measured)."""

SETTLING_S = 0.05
"""The high-pass needs this long to settle after a recording that starts with an offset."""

MISSING_S = 0.25
"""A file that plays this much less than its header says is truncated."""

NAMED_LAYOUTS = {
    "mono": 1,
    "stereo": 2,
    "quad": 4,
    "hexagonal": 6,
    "octagonal": 8,
    "cube": 8,
    "hexadecagonal": 16,
}
"""Channels of the layouts that FFmpeg names without a number."""

VOICE_CHANNELS = "aresample=ochl=mono:rematrix_maxval=1"
"""Any channel layout to mono without a change of level: plain averages, no power law."""

MUSIC_CHANNELS = "aformat=channel_layouts=stereo|mono"
"""Mono and stereo unchanged, anything else folded down to stereo."""


@dataclass(frozen=True)
class Measurement:
    """Measurements of a recording.

    `samples` is the decoded length at `rate_hz`, `true_peak_dbtp` is -inf for silence, and lead and
    tail are the silence before the first and after the last sound.
    """

    samples: int
    rate_hz: int
    channels: int
    true_peak_dbtp: float
    lead_samples: int
    tail_samples: int
    windows: Histogram
    profile: Profile = UNKNOWN

    @cached_property
    def loudness_lufs(self) -> float | None:
        """Integrated loudness in the measured channels; None for silence."""
        return None if self.is_silent else integrated_lufs(self.windows)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.rate_hz

    @property
    def is_silent(self) -> bool:
        """Whether it holds no audible sound."""
        return self.true_peak_dbtp <= SILENCE_DBFS or self.lead_samples >= self.samples


def measure(
    path: Path,
    name: str = "",
    *,
    channels: str = VOICE_CHANNELS,
    processes: ProcessGroup | None = None,
) -> Measurement:
    """Measure a sound file of any format that FFmpeg reads; FFmpeg can open no other file.

    Args:
        path: opened confined.
        name: for errors; by default the path.
        channels: VOICE_CHANNELS or MUSIC_CHANNELS.
        processes: the job that FFmpeg belongs to.

    Raises:
        NotFound: the file does not exist.
        UnplayableAudio: the file holds no sound.
    """
    name = name or str(path)
    if not path.is_file():
        raise NotFound(f"The audio file {name} does not exist.", key=name)
    require_single_file(path, name)
    consume = partial(_meter_samples, name=name, is_voice=channels == VOICE_CHANNELS)
    try:
        decoded = decode_samples(path, channels, consume, processes=processes)
    except RenderFailed as error:
        raise explain_failure(error, path, name) from error
    measured = _build_measurement(decoded.result, decoded.log, name)
    if measured.is_silent and measured.channels > 1 and channels == VOICE_CHANNELS:
        _require_same_phase(measure(path, name, channels=MUSIC_CHANNELS, processes=processes), name)
    return measured


def _meter_samples(reader: SampleReader, *, name: str, is_voice: bool) -> "_SoundMeter":
    require_measurable(reader.rate_hz, name)
    meter = _SoundMeter(reader.rate_hz, reader.channels, is_voice=is_voice)
    for samples in reader.read():
        meter.add(samples)
    return meter


def _require_same_phase(in_stereo: Measurement, name: str) -> None:
    """Raise UnplayableAudio for a sound that is silent in mono only."""
    if not in_stereo.is_silent:
        raise UnplayableAudio(
            f"The channels of {name} cancel each other out, since they are in opposite phase: "
            "invert one of them, or export one alone.",
            key=name,
        )


class _SoundMeter:
    """All meters of a sound; a voice is measured above HIGH_PASS_HZ, except for its flaws.

    Loudness has one window's length of silence at both ends.
    """

    def __init__(self, rate_hz: int, channels: int, *, is_voice: bool) -> None:
        self.rate_hz = rate_hz
        self.raw = RawMeter()
        passes = high_pass(rate_hz, HIGH_PASS_HZ) if is_voice else ()
        self._high_pass = BlockFilter(passes, channels) if passes else None
        self._levels = LevelMeter(Fraction(BLOCK_SAMPLES))
        self._silences = SilenceFinder(10 ** (SILENCE_DBFS / 20), round(SILENCE_S * rate_hz))
        self._loudness = LoudnessMeter(rate_hz, channels)
        self._true_peak = TruePeakMeter(rate_hz, channels)
        self._edge = np.zeros((channels, round(WINDOW_S * rate_hz)), np.float32)
        self._loudness.add(self._edge)

    def add(self, samples: Samples) -> None:
        """Measure the next samples."""
        self.raw.add(samples)
        self._add_passed(self._high_pass.filter(samples) if self._high_pass else samples)

    def _add_passed(self, samples: Samples) -> None:
        if samples.shape[1]:
            self._levels.add(samples)
            self._silences.add(samples)
            self._loudness.add(samples)
            self._true_peak.add(samples)

    def finish(self) -> tuple[Measurement, LevelBlocks, Sequence[tuple[int, int]]]:
        """Measure the end; edges, profile and channels of the file are filled in later."""
        if self._high_pass:
            self._add_passed(self._high_pass.flush())
        self._loudness.add(self._edge)
        momentary = self._loudness.finish_lufs().round(3).tolist()
        measured = Measurement(
            samples=self.raw.samples,
            rate_hz=self.rate_hz,
            channels=0,
            true_peak_dbtp=round(self._true_peak.finish_dbtp(), 1),
            lead_samples=0,
            tail_samples=0,
            windows=histogram(momentary),
            profile=Profile(momentary_lufs=tuple(momentary)),
        )
        return measured, self._build_blocks(), self._silences.finish()

    def _build_blocks(self) -> LevelBlocks:
        lowest, highest, energies = self._levels.finish()
        sizes = np.full(len(energies), float(BLOCK_SAMPLES))
        sizes[-1:] -= -self.raw.samples % BLOCK_SAMPLES
        return LevelBlocks(np.maximum(highest, -lowest), energies / sizes)


def _build_measurement(meter: _SoundMeter, log: str, name: str) -> Measurement:
    stream, passes = _STREAM.search(log), log.count("Number of samples:")
    raw = meter.raw.finish()
    if stream is None or not raw.samples:
        raise UnplayableAudio(f"{name} contains no audio samples.", key=name)
    changes = passes > 1 or _UNREAD_LINK.search(log) is not None
    if changes or int(stream["rate"]) != meter.rate_hz:
        raise UnplayableAudio(
            f"The codec, sample rate or channels of {name} change midway: convert it to one"
            " format.",
            key=name,
        )
    measured, blocks, found = meter.finish()
    silences = _settle_silences(found, raw, meter.rate_hz)
    lead, tail = _measure_dead_air(silences, raw.samples)
    channels = _count_channels(stream["layout"])
    measured = replace(measured, channels=channels, lead_samples=lead, tail_samples=tail)
    flaws = tuple(profile.find_flaws(raw, is_damaged=_is_damaged(log, measured.duration_s)))
    known = _build_profile(measured, blocks, silences)
    return replace(measured, profile=replace(known, flaws=flaws))


def _build_profile(
    measured: Measurement,
    blocks: LevelBlocks,
    silences: Sequence[tuple[int, int]],
) -> Profile:
    momentary = measured.profile.momentary_lufs
    first_s = measured.lead_samples / measured.rate_hz
    last_s = (measured.samples - measured.tail_samples) / measured.rate_hz
    head, tail = profile.find_edges(momentary, first_s, last_s)
    return Profile(
        head=head,
        tail=tail,
        limited_db=profile.limiter_losses_db(blocks, measured.true_peak_dbtp),
        rms_dbfs=profile.rms_dbfs(blocks),
        noise_dbfs=profile.noise_dbfs(blocks),
        pauses=profile.find_inner_pauses(silences, measured.samples, measured.rate_hz),
        momentary_lufs=momentary,
    )


def _settle_silences(
    silences: Sequence[tuple[int, int]], raw: RawStats, rate_hz: int
) -> list[tuple[int, int]]:
    """Count the settling of the high-pass after an offset as silence."""
    settled = list(silences)
    if raw.offset > profile.DC_OFFSET and settled and settled[0][0] <= SETTLING_S * rate_hz:
        settled[0] = (0, settled[0][1])
    return settled


def _measure_dead_air(silences: Sequence[tuple[int, int]], samples: int) -> tuple[int, int]:
    lead = silences[0][1] if silences and silences[0][0] == 0 else 0
    tail = samples - silences[-1][0] if silences and silences[-1][1] >= samples - 1 else 0
    return lead, tail


def _is_damaged(stderr: str, duration_s: float) -> bool:
    if ffmpeg.is_damaged(stderr):
        return True
    promised = _DURATION.search(stderr)
    if promised is None or "Estimating duration" in stderr:
        return False
    hours, minutes, seconds = (float(part) for part in promised[1].split(":"))
    return duration_s < 3600 * hours + 60 * minutes + seconds - MISSING_S


def _count_channels(layout: str) -> int:
    surround = regex.match(r"\d+(?:\.\d+)+", layout)
    counted = regex.match(r"(\d+) channels", layout)
    if surround:
        return sum(map(int, surround[0].split(".")))
    return int(counted[1]) if counted else NAMED_LAYOUTS.get(layout, 2)


_UNREAD_LINK = regex.compile("change is not supported|failed to create or replace stream")
"""FFmpeg ends a chained Ogg file, without an error, where a link differs from the first one."""

_DURATION = regex.compile(r"Duration: ([\d:.]+)")
_STREAM = regex.compile(r"Stream #0:\d+.*?: Audio: .*?, (?P<rate>\d+) Hz, (?P<layout>[^,\n]+)")
