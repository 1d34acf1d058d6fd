"""Takes and music to a finished, checked file: the steps that every way of asking shares.

Lay out, render, check. Each stage is timed and told to whoever watches.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mixer.errors import BadInput
from mixer.jobs.production import chapters, tags
from mixer.parallel import in_parallel, usable_cores
from mixer.publish.pictures import Picture
from mixer.publish.tags import Label
from mixer.requests import Options, PresetName
from mixer.sound.check import Check, check
from mixer.sound.cues import Music
from mixer.sound.ducking import Ramping
from mixer.sound.encoders import MP3, Encoding
from mixer.sound.ffmpeg import Children
from mixer.sound.layout import MixStyle, lay_out
from mixer.sound.measure import MUSIC_CHANNELS, Measurement, measure
from mixer.sound.mixdown import render
from mixer.sound.placing import Take
from mixer.sound.presets import PRESETS
from mixer.sound.reels import Mixdown
from mixer.sound.rendering import Ingredients
from mixer.sound.rules import Rule
from mixer.sound.second_look import rendered_to_target
from mixer.sound.timeline import Timeline

Watch = Callable[[str, float], None]
"""Told a stage's name and the share of it that is done, from 0 to 1."""

OUTLINE_COLUMNS = 1_600
"""Of the waveform picture."""

DEFAULT_GAP_MS = 1_000
"""After chunks that say nothing of their end (the contract's default)."""


@dataclass(slots=True)
class Stages:
    """What is being done, for whoever watches, and how long each stage took.

    Attributes:
        watch: told how far each stage is.
        seconds: by stage, in the order in which they began.
    """

    watch: Watch
    seconds: dict[str, float] = field(default_factory=dict)
    _begun_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time a block under a name; what it yields tells the share that is done."""
        begun_s = time.monotonic()
        self.watch(name, 0.0)
        yield lambda share: self.watch(name, share)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begun_s
        self.watch(name, 1.0)

    def tell(self, name: str, share: float) -> None:
        """Say how far a stage is that is no block: it begins when it is first told of."""
        begun_s = self._begun_s.setdefault(name, time.monotonic())
        self.seconds[name] = time.monotonic() - begun_s
        self.watch(name, share)


@dataclass(frozen=True, slots=True)
class Desk:
    """What mixing is done with.

    Attributes:
        stages: times and tells what is done.
        children: the job that all of FFmpeg belongs to; stopping it ends the work at once.
    """

    stages: Stages
    children: Children


@dataclass(frozen=True, slots=True)
class Heard:
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
    rules: tuple[Rule, ...] = ()
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix.

    Attributes:
        timeline: what it is made of.
        checked: what the finished file measures.
        sounds: what is played besides the voice, by source.
        preset: by whose rules it is judged.
        encoding: of the finished file.
        flaws: of the recordings, by source.
        heard: what was found out of it before; None: told by `checked`.
    """

    timeline: Timeline
    checked: Check
    sounds: Mapping[str, Music]
    preset: PresetName = "story"
    encoding: Encoding = MP3
    flaws: Mapping[str, Sequence[str]] = field(default_factory=dict)
    heard: Heard | None = None

    @property
    def peaks_dbtp(self) -> dict[str, float]:
        """True peaks of what is played besides the voice, by source."""
        return {source: each.measured.true_peak_dbtp for source, each in self.sounds.items()}


def music_found(desk: Desk, path: Path | None, name: str = "") -> tuple[Path, Music] | None:
    """Music that was found playable; before anything is paid for the voice.

    Args:
        desk: what it is done with.
        path: a local file; None for no music.
        name: what to call it in an error and on the timeline; the path where missing.

    Raises:
        UnplayableAudio: there is no sound in it.
        BadInput: it is silent.
    """
    if path is None:
        return None
    name = name or str(path)
    known = measure(path, name, channels=MUSIC_CHANNELS, children=desk.children)
    if known.loudness_lufs is None:
        raise BadInput(f"There is nothing to hear in the music {name}.", key=name)
    return path, Music(name, known)


def measured(
    desk: Desk, files: Mapping[str, Path], tell_share: Callable[[float], None]
) -> dict[str, Measurement]:
    """What is known of the voice's files, measured on all cores.

    Args:
        desk: what it is done with.
        files: by the name that errors shall give them.
        tell_share: told the share that is done.
    """
    found: dict[str, Measurement] = {}

    def measure_one(file: tuple[str, Path]) -> Measurement:
        return measure(file[1], file[0], children=desk.children)

    for (name, _), outcome in in_parallel(files.items(), measure_one, usable_cores()):
        found[name] = outcome.result()
        tell_share(len(found) / len(files))
    return found


def mix_files(
    desk: Desk,
    chunks: Sequence[Path],
    *,
    music: Path | None,
    asked: Options,
    out: Path,
    cover: Picture | None = None,
) -> Mix:
    """Mix sound files of any format in the given order.

    Args:
        desk: what it is done with.
        chunks: the voice.
        music: a sound file to lie under it.
        asked: options of the mix.
        out: the finished file.
        cover: a picture to go into it.
    """
    if not chunks:
        raise BadInput("There is no chunk to mix.")
    bed = music_found(desk, music)
    recordings = {str(path): path for path in chunks}
    with desk.stages.stage("measuring") as tell_share:
        found = measured(desk, recordings, tell_share)
    gap_ms = DEFAULT_GAP_MS if asked.gap_ms is None else asked.gap_ms
    laid = [Take(name, found[name], gap_ms, is_gap_exact=True) for name in map(str, chunks)]
    about = tags(asked)
    return mixed(desk, laid, recordings, bed, asked=asked, out=out, about=about, cover=cover)


def mixed(
    desk: Desk,
    laid: Sequence[Take],
    recordings: Mapping[str, Path],
    bed: tuple[Path, Music] | None,
    *,
    asked: Options,
    out: Path,
    about: Mapping[str, str],
    cover: Picture | None = None,
    until_s: float | None = None,
) -> Mix:
    """Lay out, render, once more where the loudness is missed, and check what came out.

    Args:
        desk: what it is done with.
        laid: the voice, in playing order.
        recordings: the takes' files, by source.
        bed: music to lie under it.
        asked: options of the mix.
        out: the finished file.
        about: tags, under FFmpeg's names.
        cover: a picture to go with them.
        until_s: when it must be done, on the monotonic clock.
    """
    encoding, style = encoding_of(asked), mix_style(asked)
    music = bed[1] if bed else None
    beds = {bed[1].source: (bed[0], bed[1].measured)} if bed else {}
    ingredients = Ingredients(recordings, beds)

    def rendered(timeline: Timeline) -> Mixdown:
        label = Label(about, chapters(timeline), timeline.duration_s, cover)
        with desk.stages.stage("mixing") as tell_share:
            return render(
                timeline,
                ingredients,
                out,
                encoding=encoding,
                head=label.head(encoding.format),
                about=label.about(encoding.format),
                cover=label.attached(encoding.format),
                until_s=until_s,
                progress=tell_share,
                children=desk.children,
            )

    look = rendered_to_target(
        lambda off_by_lu: lay_out(laid, music, replace(style, off_by_lu=off_by_lu)),
        rendered,
        encoding.level_offset_db,
    )
    timeline = look.timeline
    with desk.stages.stage("checking"):
        checked = check(
            out,
            timeline.duration_s,
            OUTLINE_COLUMNS,
            stretches=look.mixdown.stretches,
            children=desk.children,
        )
    sounds = {music.source: music} if music else {}
    flaws = {take.source: take.measured.profile.flaws for take in laid}
    return Mix(timeline, checked, sounds, asked.preset, encoding, flaws)


def encoding_of(asked: Options) -> Encoding:
    """The format and the bit rate that are asked for, or the preset's own."""
    kbps = asked.bitrate_kbps or PRESETS[asked.preset].bitrate_kbps
    return Encoding(asked.format or "mp3", kbps)


def mix_style(asked: Options) -> MixStyle:
    """The options of a mix as the layout wants them."""
    return MixStyle(
        preset=PRESETS[asked.preset],
        encoding=encoding_of(asked),
        music_level_lu=asked.music_level_lu,
        duck_db=asked.duck_db,
        ramping=_ramping(asked),
        de_ess=asked.de_ess,
        intro_s=asked.music_intro_s,
        outro_s=asked.music_outro_s,
        fade_out_s=asked.fade_out_s,
    )


def _ramping(asked: Options) -> Ramping:
    """The times that are asked for, the preset's own where none are."""
    own = PRESETS[asked.preset].ramping
    return Ramping(
        own.down_s if asked.duck_down_s is None else asked.duck_down_s,
        own.hold_s if asked.duck_hold_s is None else asked.duck_hold_s,
        own.up_s if asked.duck_up_s is None else asked.duck_up_s,
    )
