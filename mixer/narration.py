"""The public Python API: what `import mixer` offers.

It runs the same steps as the command line. Chunks and segments are kept in the folder MIXER_STORE,
or else in the user's cache, so nothing is synthesized twice.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from mixer.cli.engines import open_engine, plan_source
from mixer.cli.files import (
    Source,
    apply_lexicon,
    find_cover,
    find_sounds,
    name_story_in_errors,
    read_cover_file,
    read_source,
    resolve_format,
)
from mixer.errors import MixerError, OutOfTime, StoryCancelled
from mixer.requests import Options, PresetName
from mixer.script import Script
from mixer.script.planning import estimate_script
from mixer.services import Inspection
from mixer.services import inspect as inspect_file
from mixer.settings import find_store_folder
from mixer.sound import ProcessGroup, ffmpeg
from mixer.speech import EMBEDDED, apply_narrator, costs_usd
from mixer.store import FolderStore
from mixer.stories.foreground import JobContext, LocalMix, mix_local_files
from mixer.stories.progress import Progress, StageTimer, ignore_progress
from mixer.stories.run_folder import SourceText
from mixer.stories.runner import StoryInput, StoryRun, StoryRunner

if TYPE_CHECKING:
    from pydub import AudioSegment

DEFAULTS = Options()
DECODE_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Stops one call from another thread."""

    processes: ProcessGroup = field(default_factory=ProcessGroup)

    def cancel(self) -> None:
        """Stop the call with StoryCancelled; finished parts are kept."""
        self.processes.stop()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self.processes.is_stopped


@dataclass(frozen=True, slots=True)
class NarratedChunk:
    """One recording of a narration, which starts at `start_s`."""

    text: str
    path: Path
    start_s: float

    def open_segment(self) -> "AudioSegment":
        """Open it with pydub."""
        return open_segment(self.path)


@dataclass(frozen=True, slots=True)
class Narration:
    """A finished file.

    Attributes:
        outputs: all files, the audio first, the report last.
        chunks: in playing order.
        warnings: such as passages that the voice could not read.
    """

    path: Path
    outputs: tuple[Path, ...]
    chunks: tuple[NarratedChunk, ...]
    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    warnings: tuple[str, ...]

    def open_segment(self) -> "AudioSegment":
        """Open it with pydub, which holds all of it in memory."""
        return open_segment(self.path)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a story.

    Attributes:
        duration_s: predicted to about 20 %.
        costs_usd: by Amazon Polly engine.
    """

    script: Script
    characters: int
    chunks: int
    duration_s: float
    costs_usd: dict[str, float]


@dataclass(frozen=True, slots=True)
class MixedAudio:
    """A finished mix, with a sentence for each correction of a faulty recording."""

    path: Path
    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    adjustments: tuple[str, ...]

    def open_segment(self) -> "AudioSegment":
        """Open it with pydub, which holds all of it in memory."""
        return open_segment(self.path)


def narrate(
    story: str | Path,
    out: str | Path,
    options: Options = DEFAULTS,
    *,
    music: str | Path | None = None,
    progress: Progress = ignore_progress,
    cancellation: Cancellation | None = None,
) -> Narration:
    """Narrate a story into a file, with captions, chapters, picture and report next to it.

    Args:
        story: the text itself, or the Path of a text, Markdown, HTML, SSML or EPUB file.
        out: its suffix selects the format.
        music: background music, or the folder of the files that the story names.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy.
    """
    out, bed = Path(out), Path(music) if music is not None else None
    name, options = _story_name(story), resolve_format(options, out)
    source = read_source(story, options)
    sounds = find_sounds(source.document, name, bed)
    picture = find_cover(options, name, source.document)
    cover = read_cover_file(picture) if picture else None
    options = _apply_source(options, name, source)
    store = FolderStore(find_store_folder(os.environ))
    with (
        closing(
            open_engine(options.engine or EMBEDDED, speech_marks=options.speech_marks)
        ) as engine,
        _open_context(progress, cancellation) as context,
        name_story_in_errors(name),
    ):
        file = None if bed is not None and bed.is_dir() else bed
        story_input = StoryInput(SourceText(source.document), file, sounds, cover)
        run = StoryRunner(store, engine, context).run_story(story_input, options, out)
    return _build_narration(run, store)


def mix(
    chunks: Sequence[str | Path],
    out: str | Path,
    options: Options = DEFAULTS,
    *,
    music: str | Path | None = None,
    progress: Progress = ignore_progress,
    cancellation: Cancellation | None = None,
) -> MixedAudio:
    """Mix sound files of any format, in the given order, into one file.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy.
    """
    out = Path(out)
    cover = read_cover_file(Path(options.cover)) if options.cover else None
    files = LocalMix(tuple(map(Path, chunks)), Path(music) if music is not None else None, cover)
    with _open_context(progress, cancellation) as context:
        mixed = mix_local_files(files, resolve_format(options, out), out, context)
    return MixedAudio(
        path=out,
        duration_s=mixed.timeline.duration_s,
        integrated_loudness_lufs=mixed.integrated_loudness_lufs,
        true_peak_dbtp=mixed.true_peak_dbtp,
        adjustments=mixed.adjustments,
    )


def plan(story: str | Path, options: Options = DEFAULTS) -> Plan:
    """Plan the speech of a story and its cost, without synthesizing; may raise MixerError."""
    script = plan_source(read_source(story, options), _story_name(story), options)
    estimate = estimate_script(script, options.rate)
    return Plan(
        script=script,
        characters=estimate.characters,
        chunks=estimate.chunks,
        duration_s=estimate.duration_s,
        costs_usd=costs_usd(estimate.characters),
    )


def inspect(file: str | Path, preset: PresetName | None = None) -> Inspection:
    """Measure any sound file, and check it against a preset; may raise MixerError."""
    return inspect_file(Path(file), preset, None, ProcessGroup())


def open_segment(path: Path) -> "AudioSegment":
    """Open a sound file as a pydub AudioSegment, which holds all of it in memory."""
    with catch_warnings():
        simplefilter("ignore")  # pydub's, about itself and about an FFmpeg that is not needed
        try:
            from pydub import AudioSegment
        except ImportError as error:
            raise MixerError("pydub is missing: pip install pydub") from error

    with TemporaryDirectory(prefix="mixstory-") as folder:
        decoded = Path(folder, "decoded.wav")
        command = [*ffmpeg.confine_input(0), "-c:a", "pcm_s16le", str(decoded)]
        ffmpeg.run(command, files=[path], timeout_s=DECODE_TIMEOUT_S)
        with decoded.open("rb") as file:
            return AudioSegment.from_wav(file)


def _story_name(story: str | Path) -> str:
    return str(story) if isinstance(story, Path) else "This text"


def _apply_source(options: Options, name: str, source: Source) -> Options:
    options = apply_lexicon(options, name, source.document)
    options = options.model_copy(update={"text_type": source.text_type.value, "cover": ""})
    return apply_narrator(options, source.document.cast)


@contextmanager
def _open_context(progress: Progress, cancellation: Cancellation | None) -> Iterator[JobContext]:
    cancellation = cancellation or Cancellation()
    try:
        yield JobContext(StageTimer(progress), cancellation.processes)
    except OutOfTime as error:
        if cancellation.is_cancelled:
            raise StoryCancelled("The work was cancelled; what is done is kept.") from error
        raise


def _build_narration(run: StoryRun, store: FolderStore) -> Narration:
    texts = {
        key: chunk.passage
        for key, chunk in zip(
            run.narration.stored.chunk_keys, run.narration.stored.script.chunks, strict=True
        )
    }
    chunks = tuple(
        NarratedChunk(texts[clip.source], store.path(clip.source), run.timeline.seconds(clip.start))
        for clip in run.timeline.clips
    )
    return Narration(
        path=run.outputs[0],
        outputs=run.outputs,
        chunks=chunks,
        duration_s=run.timeline.duration_s,
        integrated_loudness_lufs=run.result.integrated_loudness_lufs,
        true_peak_dbtp=run.result.true_peak_dbtp,
        warnings=run.result.warnings,
    )
