"""What the public functions return."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.errors import MixerError, MixerWarning
from mixer.files import open_scratch_folder

if TYPE_CHECKING:
    from pydub import AudioSegment

    from mixer.script import Script
    from mixer.script.review import Estimate
    from mixer.sound import ProcessGroup

DECODE_TIMEOUT_S = 600.0

CALLER = 3
"""The frame of the caller of a public function, for the place of a warning."""


def _create_process_group() -> "ProcessGroup":
    from mixer.sound import ProcessGroup

    return ProcessGroup()


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Stops one call from another thread."""

    processes: "ProcessGroup" = field(default_factory=_create_process_group)

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
        chunks: the audible ones, in playing order.
        total_chunks: inaudible ones included.
        synthesized_chunks: those that were not in the store before.
        warnings: such as passages that the voice could not read.
        as_written_percent: of the words; None if nothing was listened to (option `verify`).
    """

    path: Path
    outputs: tuple[Path, ...]
    chunks: tuple[NarratedChunk, ...]
    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    total_chunks: int
    synthesized_chunks: int
    warnings: tuple[str, ...]
    as_written_percent: float | None = None

    def open_segment(self) -> "AudioSegment":
        """Open it with pydub, which holds all of it in memory."""
        return open_segment(self.path)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a story.

    Attributes:
        duration_s: predicted to about 20%.
        voice, engine: of the narrator. Without an account Polly's voice is empty if none is named,
            and its engine the best.
        costs_usd: by Amazon Polly engine, and by the story's own if it has a price.
        estimate: the same by chapter.
        warnings: what deserves attention before it is spoken.
    """

    script: "Script"
    characters: int
    chapters: int
    chunks: int
    duration_s: float
    costs_usd: dict[str, float]
    estimate: "Estimate"
    voice: str = ""
    engine: str = ""
    warnings: tuple[str, ...] = ()


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


def warn_about(sentences: Iterable[str], caller: int = CALLER) -> None:
    """Warn the caller of a public function, whose frame is `caller`."""
    for sentence in sentences:
        warnings.warn(MixerWarning(sentence), stacklevel=caller)


def open_segment(path: Path) -> "AudioSegment":
    """Open a sound file as a pydub AudioSegment, which holds all of it in memory."""
    with warnings.catch_warnings():
        # pydub's, about itself and about an FFmpeg that is not needed
        warnings.simplefilter("ignore")
        try:
            from pydub import AudioSegment
        except ImportError as error:
            raise MixerError(
                "An AudioSegment needs pydub, which is not installed in this environment."
            ) from error
    from mixer.sound import ffmpeg

    with open_scratch_folder("decode") as folder:
        decoded = Path(folder, "decoded.wav")
        command = [*ffmpeg.confine_input(0), "-c:a", "pcm_s16le", str(decoded)]
        ffmpeg.run(command, files=[path], timeout_s=DECODE_TIMEOUT_S)
        with decoded.open("rb") as file:
            return AudioSegment.from_wav(file)
