"""The whole way on one machine: a story or some chunks in, finished files out.

The steps are the same that the Lambdas take one by one: plan, narrate, lay out, render, publish.
Each is timed and told to whoever watches. What is finished stays in the store, so a run that was
interrupted goes on where it stopped.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mixer.errors import BadInput
from mixer.files import publish
from mixer.jobs.mixing import (
    DEFAULT_GAP_MS,
    Desk,
    Mix,
    Stages,
    measured,
    mixed,
    music_found,
)
from mixer.jobs.planning import refuse_if_too_dear
from mixer.jobs.production import spoken_chunks, tags, takes, unspoken
from mixer.jobs.publishing import captions_of, picture_of, report_of
from mixer.jobs.remembering import Memory
from mixer.requests import Options
from mixer.script.script import Chunk, Script
from mixer.sound.ffmpeg import Children
from mixer.sound.placing import Take
from mixer.sound.shelf import Shelf
from mixer.speech.choosing import times_paid
from mixer.speech.engine import Delivery, SpeechEngine
from mixer.speech.narrate import Narration, Narrator
from mixer.speech.prices import cost_usd
from mixer.store.folder import FolderStore


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

    @property
    def desk(self) -> Desk:
        """What mixing needs of it."""
        return Desk(self.stages, self.children)


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
        out: the finished file.
        report: where the report goes; beside it when None.

    Raises:
        TooExpensive: what is not in the store yet costs more than was allowed.
    """
    script = replace(script, title=asked.title or script.title)
    bed = music_found(studio.desk, music)
    with studio.stages.stage("speech") as tell_share:
        narrator = Narrator(engine, studio.store, delivery, studio.children)
        chunks = list(script.chunks)
        found = narrator.found(chunks)
        refuse_if_too_dear(_cost_usd(narrator, chunks, found, asked), asked)
        narration = narrator.narrate(
            chunks, lambda done, total: tell_share(done / max(total, 1)), found
        )
    spoken = spoken_chunks(script, narration.recordings)
    recordings = {each.recording.key: studio.store.path(each.recording.key) for each in spoken}
    laid = takes(spoken, is_gap_exact=asked.gap_ms is not None)
    about = tags(asked, script)
    mix = mixed(
        studio.desk,
        laid,
        recordings,
        bed,
        asked=asked,
        out=out,
        about=about,
        memory=Memory(Shelf(studio.store), str(out.resolve())),
    )
    outputs = output_paths(out, report)
    _, vtt_path, srt_path, picture_path, report_path = outputs
    with studio.stages.stage("captions"):
        vtt, subrip = captions_of(script, spoken, mix.timeline)
        publish(vtt_path, vtt)
        publish(srt_path, subrip)
    with studio.stages.stage("picture"):
        publish(picture_path, picture_of(script.title, mix))
    told = Telling(
        script=script,
        delivery=delivery,
        narration=narration,
        mix=mix,
        unspoken=unspoken(script, narration.recordings),
        outputs=outputs,
    )
    publish(report_path, _report(told, studio.stages))
    return told


def _cost_usd(
    narrator: Narrator, chunks: Sequence[Chunk], found: Container[str], asked: Options
) -> float:
    """What the chunks cost that were not said before."""
    missing = (c for key, c in narrator.distinct(chunks).items() if key not in found)
    chars = sum(chunk.billed_chars for chunk in missing) * times_paid(asked)
    return cost_usd(chars, narrator.delivery.priced_as)


def output_paths(out: Path, report: Path | None = None) -> tuple[Path, Path, Path, Path, Path]:
    """What a told story leaves: audio, captions in two formats, picture, report.

    Args:
        out: the finished file.
        report: where the report goes; beside it when None.
    """
    vtt, srt_, png, json = (out.with_suffix(suffix) for suffix in (".vtt", ".srt", ".png", ".json"))
    return out, vtt, srt_, png, report or json


def mix_files(
    desk: Desk, chunks: Sequence[Path], *, music: Path | None, asked: Options, out: Path
) -> Mix:
    """Mix sound files of any format in the given order.

    Args:
        desk: what it is done with.
        chunks: the voice.
        music: a sound file to lie under it.
        asked: options of the mix.
        out: the finished file.
    """
    if not chunks:
        raise BadInput("There is no chunk to mix.")
    bed = music_found(desk, music)
    recordings = {str(path): path for path in chunks}
    with desk.stages.stage("measuring") as tell_share:
        found = measured(desk, recordings, tell_share)
    gap_ms = DEFAULT_GAP_MS if asked.gap_ms is None else asked.gap_ms
    laid = [Take(name, found[name], gap_ms, is_gap_exact=True) for name in map(str, chunks)]
    about = {"title": asked.title, "artist": asked.author}
    return mixed(desk, laid, recordings, bed, asked=asked, out=out, about=about)


def _report(told: Telling, stages: Stages) -> bytes:
    return report_of(
        told.script,
        told.delivery,
        told.mix,
        billed_chars=told.narration.billed_chars,
        unspoken=told.unspoken,
        stages_s=stages.seconds,
        outputs=tuple(path.name for path in told.outputs),
    )
