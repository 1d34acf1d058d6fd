"""Takes and music to a finished, checked file: the steps that every way of asking shares.

Lay out, render, check. Each stage is timed and told to whoever watches.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mixer.errors import BadInput
from mixer.parallel import run_in_parallel, usable_cores
from mixer.publish.cover import Picture
from mixer.publish.tags import build_tags
from mixer.publish.timing import chapter_starts
from mixer.requests import Options, PresetName
from mixer.sound.analysis.compliance import ComplianceRule
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, Measurement, measure
from mixer.sound.analysis.verification import Verification, verify
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.placement import Take
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import DEFAULT_FORMAT, MP3, Encoding
from mixer.sound.formats.tags import AudioTags
from mixer.sound.presets import PRESETS, DuckingEnvelope
from mixer.sound.render.loudness_correction import render_to_target
from mixer.sound.render.mixdown import Mixdown, RenderJob, render
from mixer.sound.render.segment_renderer import RenderPool, RenderSources
from mixer.sound.timeline import Timeline

StageProgress = Callable[[str, float], None]
"""Told a stage's name and the share of it that is done, from 0 to 1."""

OUTLINE_COLUMNS = 1_600
"""Of the waveform picture."""

DEFAULT_GAP_MS = 1_000
"""After chunks that say nothing of their end (the contract's default)."""


@dataclass(slots=True)
class StageTimer:
    """What is being done, for whoever watches, and how long each stage took.

    Attributes:
        progress: told how far each stage is.
        seconds: by stage, in the order in which they began.
    """

    progress: StageProgress
    seconds: dict[str, float] = field(default_factory=dict)
    _started_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time a block under a name; what it yields tells the share that is done."""
        begun_s = time.monotonic()
        self.progress(name, 0.0)
        yield lambda share: self.progress(name, share)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begun_s
        self.progress(name, 1.0)

    def report_progress(self, name: str, share: float) -> None:
        """Say how far a stage is that is no block: it begins when it is first told of."""
        begun_s = self._started_s.setdefault(name, time.monotonic())
        self.seconds[name] = time.monotonic() - begun_s
        self.progress(name, share)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What mixing is done with.

    Attributes:
        timer: times and tells what is done.
        processes: the job that all of FFmpeg belongs to; stopping it ends the work at once.
    """

    timer: StageTimer
    processes: ProcessGroup


@dataclass(frozen=True, slots=True)
class MixMeasurements:
    """What a finished file measures besides its loudness and its peak, and what follows from it.

    Attributes:
        loudness_range_lu: None where there was too little to measure it, or it was not looked at.
        rms_dbfs: plain level of the whole, likewise.
        noise_floor_dbfs: plain level of the quietest half second, likewise.
        bed_below_speech_lu: how far the music lies below the voice while it speaks, likewise.
        rules: of the preset, on all that was measured.
        unmeasured: names of what was not looked at, because the file is too long for it.
    """

    loudness_range_lu: float | None = None
    rms_dbfs: float | None = None
    noise_floor_dbfs: float | None = None
    bed_below_speech_lu: float | None = None
    rules: tuple[ComplianceRule, ...] = ()
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix.

    Attributes:
        timeline: what it is made of.
        verification: what the finished file measures.
        sounds: what is played besides the voice, by source.
        preset: by whose rules it is judged.
        encoding: of the finished file.
        flaws: of the recordings, by source.
        measurements: what was found out of it before; None: told by `checked`.
    """

    timeline: Timeline
    verification: Verification
    sounds: Mapping[str, SoundFile]
    preset: PresetName = "story"
    encoding: Encoding = MP3
    flaws: Mapping[str, Sequence[str]] = field(default_factory=dict)
    measurements: MixMeasurements | None = None

    @property
    def peaks_dbtp(self) -> dict[str, float]:
        """True peaks of what is played besides the voice, by source."""
        return {source: each.measured.true_peak_dbtp for source, each in self.sounds.items()}


def measure_music(
    context: JobContext, path: Path | None, name: str = ""
) -> tuple[Path, SoundFile] | None:
    """Music that was found playable; before anything is paid for the voice.

    Args:
        context: what it is done with.
        path: a local file; None for no music.
        name: what to call it in an error and on the timeline; the path where missing.

    Raises:
        UnplayableAudio: there is no sound in it.
        BadInput: it is silent.
    """
    if path is None:
        return None
    name = name or str(path)
    known = measure(path, name, channels=MUSIC_CHANNELS, processes=context.processes)
    if known.loudness_lufs is None:
        raise BadInput(f"There is nothing to hear in the music {name}.", key=name)
    return path, SoundFile(name, known)


def measure_files(
    context: JobContext, files: Mapping[str, Path], progress: Callable[[float], None]
) -> dict[str, Measurement]:
    """What is known of the voice's files, measured on all cores.

    Args:
        context: what it is done with.
        files: by the name that errors shall give them.
        progress: told the share that is done.
    """
    found: dict[str, Measurement] = {}

    def measure_one(file: tuple[str, Path]) -> Measurement:
        return measure(file[1], file[0], processes=context.processes)

    for (name, _), outcome in run_in_parallel(files.items(), measure_one, usable_cores()):
        found[name] = outcome.result()
        progress(len(found) / len(files))
    return found


def mix_files(
    context: JobContext,
    chunks: Sequence[Path],
    *,
    music: Path | None,
    options: Options,
    out: Path,
    cover: Picture | None = None,
) -> Mix:
    """Mix sound files of any format in the given order.

    Args:
        context: what it is done with.
        chunks: the voice.
        music: a sound file to lie under it.
        options: options of the mix.
        out: the finished file.
        cover: a picture to go into it.
    """
    if not chunks:
        raise BadInput("There is no chunk to mix.")
    bed = measure_music(context, music)
    recordings = {str(path): path for path in chunks}
    with context.timer.stage("measuring") as tell_share:
        found = measure_files(context, recordings, tell_share)
    gap_ms = DEFAULT_GAP_MS if options.gap_ms is None else options.gap_ms
    laid = [Take(name, found[name], gap_ms, is_gap_exact=True) for name in map(str, chunks)]
    about = build_tags(options)
    return mix_takes(
        context, laid, recordings, bed, options=options, out=out, tag_fields=about, cover=cover
    )


def mix_takes(
    context: JobContext,
    takes: Sequence[Take],
    recordings: Mapping[str, Path],
    bed: tuple[Path, SoundFile] | None,
    *,
    options: Options,
    out: Path,
    tag_fields: Mapping[str, str],
    cover: Picture | None = None,
    deadline_s: float | None = None,
) -> Mix:
    """Lay out, render, once more where the loudness is missed, and check what came out.

    Args:
        context: what it is done with.
        takes: the voice, in playing order.
        recordings: the takes' files, by source.
        bed: music to lie under it.
        options: options of the mix.
        out: the finished file.
        tag_fields: tags, under FFmpeg's names.
        cover: a picture to go with them.
        deadline_s: when it must be done, on the monotonic clock.
    """
    encoding, style = select_encoding(options), mix_style(options)
    music = bed[1] if bed else None
    beds = {bed[1].source: (bed[0], bed[1].measured)} if bed else {}
    ingredients = RenderSources(recordings, beds)

    def rendered(timeline: Timeline) -> Mixdown:
        label = AudioTags(tag_fields, chapter_starts(timeline), timeline.duration_s, cover)
        with context.timer.stage("mixing") as tell_share:
            pool = RenderPool(context.processes, usable_cores(), deadline_s)
            job = RenderJob(timeline, ingredients, encoding, tags=label, pool=pool)
            return render(job, out, tell_share)

    look = render_to_target(
        lambda off_by_lu: build_timeline(
            takes, music, replace(style, prediction_error_lu=off_by_lu)
        ),
        rendered,
        encoding.level_offset_db,
    )
    timeline = look.timeline
    with context.timer.stage("checking"):
        checked = verify(
            out,
            timeline.duration_s,
            OUTLINE_COLUMNS,
            spans=look.mixdown.spans,
            processes=context.processes,
        )
    sounds = {music.source: music} if music else {}
    flaws = {take.source: take.measured.profile.flaws for take in takes}
    return Mix(timeline, checked, sounds, options.preset, encoding, flaws)


def select_encoding(options: Options) -> Encoding:
    """The format and the bit rate that are asked for, or the preset's own."""
    kbps = options.bitrate_kbps or PRESETS[options.preset].bitrate_kbps
    return Encoding(options.format or DEFAULT_FORMAT, kbps)


def mix_style(options: Options) -> MixStyle:
    """The options of a mix as the layout wants them."""
    return MixStyle(
        preset=PRESETS[options.preset],
        level_offset_db=select_encoding(options).level_offset_db,
        music_level_lu=options.music_level_lu,
        duck_db=options.duck_db,
        envelope=_ramping(options),
        de_ess=options.de_ess,
        intro_s=options.music_intro_s,
        outro_s=options.music_outro_s,
        fade_out_s=options.fade_out_s,
    )


def _ramping(options: Options) -> DuckingEnvelope:
    """The times that are asked for, the preset's own where none are."""
    own = PRESETS[options.preset].envelope
    return DuckingEnvelope(
        own.attack_s if options.duck_attack_s is None else options.duck_attack_s,
        own.hold_s if options.duck_hold_s is None else options.duck_hold_s,
        own.release_s if options.duck_release_s is None else options.duck_release_s,
    )
