"""Measures a sound in one pass of FFmpeg: length, loudness, peaks, silences, flaws.

A chunk is measured once, when it is made; the mix is decided from these numbers, not from the
audio. The voice is measured as it will be mixed, above HIGH_PASS_HZ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import regex

from mixer.errors import NotFound, RenderFailed, UnplayableAudio
from mixer.scratch import open_scratch_folder
from mixer.sound import ffmpeg
from mixer.sound.analysis import profile
from mixer.sound.analysis.profile import UNKNOWN, LevelBlock, Profile, RawStats
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import (
    WINDOW_S,
    Histogram,
    histogram,
    integrated_lufs,
    parse_momentary_lufs,
    parse_true_peak_dbtp,
)
from mixer.sound.presets import HIGH_PASS_HZ

SILENCE_DBFS = -50.0
"""Below this an edge counts as silent."""

SILENCE_S = 0.02
"""Shorter dips are part of speech."""

BLOCK_SAMPLES = 1_200
"""50 ms at 24 kHz, for peaks and mean levels; shorter ones cost too much (measured)."""

SETTLING_S = 0.05
"""The high-pass needs this long to settle after a recording that starts with an offset."""

MISSING_S = 0.25
"""A file that plays this much less than its header says is truncated."""

MIN_RATE_HZ = 4_000
"""The meter's filters reach up to 2 kHz (ITU-R BS.1770-5, annex 1)."""

DECODE_TIMEOUT_S = 600.0
"""A pass takes about a second per half hour of speech; the timeout is for a broken machine."""

VOICE_CHANNELS = "aresample=ochl=mono:rematrix_maxval=1"
"""Any channel layout to mono without a change of level: plain averages, no power law."""

SAMPLE_CLOCK = "asetpts=round(N/SR/TB)"
"""Time counted in samples: a file's own timestamps may begin late or jump where it is damaged."""

MUSIC_CHANNELS = "aformat=channel_layouts=stereo|mono"
"""Mono and stereo unchanged, anything else folded down to stereo."""


@dataclass(frozen=True, slots=True)
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
    with open_scratch_folder("measure") as folder:
        blocks_file = Path(folder, "blocks.txt")
        try:
            done = ffmpeg.run(
                _build_command(channels, blocks_file.name),
                files=[path.resolve()],
                cwd=Path(folder),
                timeout_s=DECODE_TIMEOUT_S,
                processes=processes,
            )
        except RenderFailed as error:
            raise UnplayableAudio(f"FFmpeg finds no audio in {name}.", key=name) from error
        blocks = _parse_blocks(blocks_file.read_text())
    return _parse_measurement(done.stdout.decode(), done.stderr, blocks, name)


def _build_command(channels: str, blocks_file: str) -> list[str]:
    """Build two branches: levels in blocks; silences and loudness, with padded ends."""
    is_voice = channels == VOICE_CHANNELS
    high_pass = f",aformat=sample_fmts=fltp,highpass=f={HIGH_PASS_HZ}" if is_voice else ""
    whole = (
        f"[0:a:0]{SAMPLE_CLOCK},{channels},astats=measure_perchannel=none{high_pass},asplit[a][b]"
    )
    stats = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level+RMS_level"
    blocks = f"[a]asetnsamples={BLOCK_SAMPLES}:p=0,{stats},ametadata=print:file={blocks_file}[c]"
    silences = f"[b]silencedetect=n={SILENCE_DBFS}dB:d={SILENCE_S}"
    padded = f"adelay={WINDOW_S * 1000:g}:all=1,apad=pad_dur={WINDOW_S}"
    levels = "ebur128=metadata=1:peak=true:framelog=quiet,ametadata=print:file=-"
    graph = f"{whole};{blocks};{silences},{padded},{levels}:key=lavfi.r128.M[d]"
    outputs = ["-map", "[c]", "-f", "null", "-", "-map", "[d]", "-f", "null", "-"]
    return [*ffmpeg.confine_input(0), "-filter_complex", graph, *outputs]


def _parse_measurement(
    stdout: str, stderr: str, blocks: Sequence[LevelBlock], name: str
) -> Measurement:
    passes, stream = _WHOLE.findall(stderr), _STREAM.search(stderr)
    if stream is None or not any(int(found[-1]) for found in passes):
        raise UnplayableAudio(f"{name} contains no audio samples.", key=name)
    whole, rate_hz = _parse_raw_stats(passes, name), int(stream["rate"])
    _require_measurable(rate_hz, name)
    silences = _parse_silences(stderr, whole, rate_hz)
    lead, tail = _measure_dead_air(silences, whole.samples)
    momentary = parse_momentary_lufs(stdout)
    measured = Measurement(
        samples=whole.samples,
        rate_hz=rate_hz,
        channels=_count_channels(stream["layout"]),
        true_peak_dbtp=parse_true_peak_dbtp(stderr),
        lead_samples=lead,
        tail_samples=tail,
        windows=histogram(momentary),
    )
    flaws = tuple(profile.find_flaws(whole, is_damaged=_is_damaged(stderr, measured.duration_s)))
    known = _build_profile(measured, blocks, silences, momentary)
    return replace(measured, profile=replace(known, flaws=flaws))


def _require_measurable(rate_hz: int, name: str) -> None:
    if rate_hz < MIN_RATE_HZ:
        raise UnplayableAudio(
            f"The sample rate of {name} is too low: {rate_hz} Hz; at least {MIN_RATE_HZ:,} Hz are"
            " needed.",
            key=name,
        )


def _parse_raw_stats(passes: Sequence[tuple[str, str, str, str]], name: str) -> RawStats:
    if len(passes) > 1:
        raise UnplayableAudio(
            f"The sample rate or channels of {name} change midway: convert it to one format.",
            key=name,
        )
    offset, peak_dbfs, at_peak, samples = passes[0]
    return RawStats(int(samples), abs(float(offset)), float(peak_dbfs), int(at_peak))


def _build_profile(
    measured: Measurement,
    blocks: Sequence[LevelBlock],
    silences: Sequence[tuple[int, int]],
    momentary: Sequence[float],
) -> Profile:
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
        momentary_lufs=tuple(momentary),
    )


def _parse_blocks(output: str) -> list[LevelBlock]:
    peaks, levels = _BLOCK_PEAK.findall(output), _BLOCK_LEVEL.findall(output)
    return [LevelBlock(float(peak), float(rms)) for peak, rms in zip(peaks, levels, strict=True)]


def _parse_silences(stderr: str, raw: RawStats, rate_hz: int) -> list[tuple[int, int]]:
    starts = [round(float(match["at"]) * rate_hz) for match in _SILENCE_START.finditer(stderr)]
    ends = [round(float(match["at"]) * rate_hz) for match in _SILENCE_END.finditer(stderr)]
    ends += [raw.samples] * (len(starts) - len(ends))
    if raw.offset > profile.DC_OFFSET and starts and starts[0] <= SETTLING_S * rate_hz:
        starts[0] = 0
    silent_spans = zip(starts, ends, strict=True)
    return [(max(start, 0), min(end, raw.samples)) for start, end in silent_spans]


def _measure_dead_air(silences: Sequence[tuple[int, int]], samples: int) -> tuple[int, int]:
    lead = silences[0][1] if silences and silences[0][0] == 0 else 0
    tail = samples - silences[-1][0] if silences and silences[-1][1] >= samples - 1 else 0
    return lead, tail


def _is_damaged(stderr: str, duration_s: float) -> bool:
    if _DAMAGE.search(stderr):
        return True
    promised = _DURATION.search(stderr)
    if promised is None or "Estimating duration" in stderr:
        return False
    hours, minutes, seconds = (float(part) for part in promised[1].split(":"))
    return duration_s < 3600 * hours + 60 * minutes + seconds - MISSING_S


def _count_channels(layout: str) -> int:
    known = {"mono": 1, "stereo": 2, "quad": 4, "hexagonal": 6, "octagonal": 8}
    surround = regex.match(r"(\d+)\.(\d+)", layout)
    counted = regex.match(r"(\d+) channels", layout)
    if surround:
        return int(surround[1]) + int(surround[2])
    return int(counted[1]) if counted else known.get(layout, 2)


_WHOLE = regex.compile(
    r"DC offset: (-?[\d.]+).*?Peak level dB: (-?(?:[\d.]+|inf)).*?Abs Peak count: (\d+).*?"
    r"Number of samples: (\d+)",
    regex.DOTALL,
)
_BLOCK_PEAK = regex.compile(r"Overall\.Peak_level=(\S+)")
_BLOCK_LEVEL = regex.compile(r"Overall\.RMS_level=(\S+)")
_DURATION = regex.compile(r"Duration: ([\d:.]+)")
_DAMAGE = regex.compile(r"(?i)invalid data|header missing|error submitting|corrupt|truncat|partial")
_STREAM = regex.compile(r"Stream #0:\d+.*?: Audio: .*?, (?P<rate>\d+) Hz, (?P<layout>[^,\n]+)")
_SILENCE_START = regex.compile(r"silence_start: (?P<at>-?[\d.e+-]+)")
_SILENCE_END = regex.compile(r"silence_end: (?P<at>[\d.e+-]+)")
