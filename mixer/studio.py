"""The whole way on one machine: a story or some chunks in, finished files out.

The steps are the same that the Lambdas take one by one: plan, narrate, lay out, render, publish.
Each is timed and told to whoever watches. What is finished stays in the store, so a run that was
interrupted goes on where it stopped.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mixer.errors import BadInput, TooExpensive
from mixer.files import publish
from mixer.parallel import in_parallel, usable_cores
from mixer.production import (
    adjustments,
    bed_outline,
    captioned,
    chapters,
    spoken_chunks,
    takes,
    unspoken,
)
from mixer.publish.captions import cues, srt, webvtt
from mixer.publish.report import Report, ReportChapter, report_json
from mixer.publish.tags import id3_tag
from mixer.publish.time_axis import clock as length
from mixer.publish.waveform import WaveformPicture, draw
from mixer.requests import Options
from mixer.script.limits import EngineLimits
from mixer.script.pauses import pauses
from mixer.script.plan import PlanStyle, TextType, plan
from mixer.script.script import Script
from mixer.script.ssml import SsmlStyle
from mixer.sound.check import Check, check
from mixer.sound.cues import Music
from mixer.sound.ffmpeg import Children
from mixer.sound.layout import MixStyle, lay_out
from mixer.sound.measure import MUSIC_CHANNELS, Measurement, measure
from mixer.sound.mixdown import Ingredients, render
from mixer.sound.placing import Take
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import Timeline
from mixer.speech.engine import Delivery, SpeechEngine
from mixer.speech.narrate import Narration, Narrator
from mixer.speech.prices import costs_usd
from mixer.store.folder import FolderStore

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

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time a block under a name; what it yields tells the share that is done."""
        begun_s = time.monotonic()
        self.watch(name, 0.0)
        yield lambda share: self.watch(name, share)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begun_s
        self.watch(name, 1.0)


@dataclass(frozen=True, slots=True)
class Studio:
    """What the work is done with.

    Attributes:
        store: keeps the chunks.
        stages: times and tells what is done.
        children: the job that all of FFmpeg belongs to; stopping it ends the work at once.
    """

    store: FolderStore
    stages: Stages
    children: Children


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix.

    Attributes:
        timeline: what it is made of.
        checked: what the finished file measures.
        music: what lies under it.
    """

    timeline: Timeline
    checked: Check
    music: Music | None


@dataclass(frozen=True, slots=True)
class Telling:
    """A story told.

    Attributes:
        script: what was to be said.
        delivery: who said it.
        narration: how it was said.
        mix: how it sounds.
        unspoken: passages that the voice could not read.
        outputs: the files that were made, the audio first.
    """

    script: Script
    delivery: Delivery
    narration: Narration
    mix: Mix
    unspoken: tuple[str, ...]
    outputs: tuple[Path, ...]


def plan_story(
    text: str, text_type: TextType, limits: EngineLimits, language: str, asked: Options
) -> Script:
    """Decide what is said of a text.

    Args:
        text: the whole story.
        text_type: how it is written.
        limits: of the engine that will say it.
        language: BCP 47 tag of the text.
        asked: pauses, gap and rate count here.
    """
    ssml = SsmlStyle(limits, pauses(asked.pauses), asked.rate)
    return plan(text, text_type, PlanStyle(language, ssml, asked.gap_ms))


def tell(
    studio: Studio,
    script: Script,
    engine: SpeechEngine,
    delivery: Delivery,
    *,
    music: Path | None,
    asked: Options,
    out: Path,
    report: Path | None = None,
) -> Telling:
    """Narrate, mix and publish a story; all files take the name of `out` with their own endings.

    Args:
        studio: what it is done with.
        script: what is said.
        engine: who says it.
        delivery: with which voice.
        music: a sound file to lie under it, checked before anything is said.
        asked: options of the mix.
        out: the finished MP3.
        report: where the report goes; beside the MP3 when None.
    """
    bed = _music(studio, music)
    with studio.stages.stage("speech") as tell_share:
        narrator = Narrator(engine, studio.store, delivery, studio.children)
        narration = narrator.narrate(
            list(script.chunks), lambda done, total: tell_share(done / max(total, 1))
        )
    spoken = spoken_chunks(script, narration.recordings)
    recordings = {each.recording.key: studio.store.path(each.recording.key) for each in spoken}
    laid = takes(spoken, is_gap_exact=asked.gap_ms is not None)
    about = {"title": asked.title or script.title, "artist": asked.author}
    mix = _mixed(studio, laid, recordings, bed, asked=asked, out=out, about=about)
    names = {suffix: out.with_suffix(suffix) for suffix in (".vtt", ".srt", ".png")}
    with studio.stages.stage("captions"):
        captions = cues(captioned(spoken, mix.timeline), total_s=mix.timeline.duration_s)
        vtt = webvtt(captions, title=script.title, language=script.language)
        publish(names[".vtt"], vtt.encode())
        publish(names[".srt"], srt(captions).encode())
    with studio.stages.stage("picture"):
        publish(names[".png"], draw(_picture(script, mix)))
    told = Telling(
        script=script,
        delivery=delivery,
        narration=narration,
        mix=mix,
        unspoken=unspoken(script, narration.recordings),
        outputs=(out, *names.values(), report or out.with_suffix(".json")),
    )
    publish(told.outputs[-1], report_json(_report(told, studio.stages)).encode())
    return told


def mix_files(
    studio: Studio, chunks: Sequence[Path], *, music: Path | None, asked: Options, out: Path
) -> Mix:
    """Mix sound files of any format in the given order.

    Args:
        studio: what it is done with.
        chunks: the voice.
        music: a sound file to lie under it.
        asked: options of the mix.
        out: the finished MP3.
    """
    if not chunks:
        raise BadInput("There is no chunk to mix.")
    bed = _music(studio, music)
    with studio.stages.stage("measuring") as tell_share:
        measured = _measured(studio, chunks, tell_share)
    gap_ms = DEFAULT_GAP_MS if asked.gap_ms is None else asked.gap_ms
    laid = [Take(str(path), measured[path], gap_ms, is_gap_exact=True) for path in chunks]
    about = {"title": asked.title, "artist": asked.author}
    recordings = {str(path): path for path in chunks}
    return _mixed(studio, laid, recordings, bed, asked=asked, out=out, about=about)


def refuse_if_too_dear(cost_usd: float, asked: Options) -> None:
    """Stop before spending more than was allowed.

    Raises:
        TooExpensive: the plan costs more than `max_cost_usd`.
    """
    if asked.max_cost_usd is not None and cost_usd > asked.max_cost_usd:
        raise TooExpensive(
            f"This would cost about ${cost_usd:.2f}, more than max_cost_usd "
            f"(${asked.max_cost_usd:.2f}); nothing was spent.",
            cost_usd=cost_usd,
        )


def _music(studio: Studio, path: Path | None) -> tuple[Path, Music] | None:
    """Music that was found playable; before anything is paid for the voice."""
    if path is None:
        return None
    measured = measure(path, channels=MUSIC_CHANNELS, children=studio.children)
    if measured.loudness_lufs is None:
        raise BadInput(f"There is nothing to hear in the music {path}.", key=str(path))
    return path, Music(str(path), measured)


def _measured(
    studio: Studio, paths: Sequence[Path], tell_share: Callable[[float], None]
) -> dict[Path, Measurement]:
    found: dict[Path, Measurement] = {}
    distinct = dict.fromkeys(paths)

    def measured(path: Path) -> Measurement:
        return measure(path, children=studio.children)

    for path, outcome in in_parallel(distinct, measured, usable_cores()):
        found[path] = outcome.result()
        tell_share(len(found) / len(distinct))
    return found


def _mixed(
    studio: Studio,
    laid: Sequence[Take],
    recordings: Mapping[str, Path],
    bed: tuple[Path, Music] | None,
    *,
    asked: Options,
    out: Path,
    about: Mapping[str, str],
) -> Mix:
    """Lay out, render, and check what came out."""
    bitrate_kbps = asked.bitrate_kbps or PRESETS[asked.preset].bitrate_kbps
    music = bed[1] if bed else None
    beds = {bed[1].source: (bed[0], bed[1].measured)} if bed else {}
    timeline = lay_out(laid, music, _style(asked, bitrate_kbps))
    with studio.stages.stage("mixing") as tell_share:
        render(
            timeline,
            Ingredients(recordings, beds),
            out,
            bitrate_kbps=bitrate_kbps,
            head=id3_tag(about, chapters(timeline), timeline.duration_s),
            progress=tell_share,
            children=studio.children,
        )
    with studio.stages.stage("checking"):
        checked = check(out, timeline.duration_s, OUTLINE_COLUMNS, studio.children)
    return Mix(timeline, checked, music)


def _style(asked: Options, bitrate_kbps: int) -> MixStyle:
    return MixStyle(
        preset=PRESETS[asked.preset],
        bitrate_kbps=bitrate_kbps,
        music_level_lu=asked.music_level_lu,
        duck_db=asked.duck_db,
        intro_s=asked.music_intro_s,
        outro_s=asked.music_outro_s,
        fade_out_s=asked.fade_out_s,
    )


def _picture(script: Script, mix: Mix) -> WaveformPicture:
    timeline, checked = mix.timeline, mix.checked
    figures = [f"{length(timeline.duration_s)}", f"{checked.integrated_lufs or 0:.1f} LUFS"]
    figures.append(f"{checked.true_peak_dbtp:.1f} dBTP")
    parts = len(chapters(timeline))
    return WaveformPicture(
        peaks=checked.peaks,
        duration_s=timeline.duration_s,
        music=bed_outline(timeline, mix.music, OUTLINE_COLUMNS) if mix.music else (),
        chapters=chapters(timeline),
        title=script.title,
        caption=" · ".join([f"{parts} chapters", *figures] if parts > 1 else figures),
    )


def _report(told: Telling, stages: Stages) -> Report:
    script, mix = told.script, told.mix
    return Report(
        title=script.title,
        language=script.language,
        voice=told.delivery.voice,
        engine=told.delivery.engine,
        duration_s=mix.timeline.duration_s,
        integrated_loudness_lufs=mix.checked.integrated_lufs,
        true_peak_dbtp=mix.checked.true_peak_dbtp,
        loudness_target_lufs=mix.timeline.mastering.target_lufs,
        chunks=len(list(script.chunks)),
        characters=sum(len(u.text) for chunk in script.chunks for u in chunk.utterances),
        billed_characters=told.narration.billed_chars,
        chapters=tuple(ReportChapter(title, start) for start, title in chapters(mix.timeline)),
        polly_cost_usd=costs_usd(script.billed_chars),
        unspoken=told.unspoken,
        adjustments=tuple(adjustments(mix.timeline, mix.music)),
        stages_s=stages.seconds,
        outputs=tuple(path.name for path in told.outputs),
    )
