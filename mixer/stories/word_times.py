"""Word times of a story whose engine has not reported them, by alignment where that is possible.

What cannot be aligned keeps the estimate from its pauses, and a warning says so.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from mixer.errors import MixerError, OutOfTime
from mixer.parallel import run_in_parallel
from mixer.publish.captions import format_karaoke, format_words_json, format_words_vtt
from mixer.publish.timing import caption_sentences
from mixer.requests import Options
from mixer.script import Chunk
from mixer.script.normalise import is_same_language
from mixer.sound import Timeline
from mixer.speech import Recording
from mixer.stories.inputs import StoryNarration

ALIGNED_LANGUAGE = "en"
"""The only language with a model in PocketSphinx's wheel."""

NOT_INSTALLED = (
    "The times of words are estimated from pauses, because PocketSphinx is not installed: install "
    'Mixer with its extra "words" (docs/words.md).'
)
MAX_NAMED = 3
"""Passages in a warning."""


class Aligner(Protocol):
    """Finds the words of recordings."""

    parallelism: int

    def align(self, recording: Recording, sentences: Sequence[str]) -> Recording | None:
        """Time the words of a recording; None where it does not fit its sentences."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


AlignerOpener = Callable[[], Aligner | None]
"""Opens the aligner; None where it is not installed."""


def open_no_aligner() -> None:
    """Do without alignment."""


def needs_words(options: Options) -> bool:
    """Whether an output needs the time of each word."""
    outputs, by = options.outputs, options.read_aloud_by
    return "words" in outputs or ("read_aloud" in outputs and by == "word")


@dataclass(frozen=True, slots=True)
class TimedNarration:
    """A narration with all word times that could be found, and what could not."""

    narration: StoryNarration
    warnings: tuple[str, ...] = ()


def find_word_times(
    narration: StoryNarration, open_aligner: AlignerOpener, deadline_s: float | None
) -> TimedNarration:
    """Align the recordings without words; raises OutOfTime at the deadline."""
    chunks = tuple(narration.stored.script.chunks)
    bare = _list_untimed(narration)
    if not bare:
        return TimedNarration(narration)
    language = narration.stored.script.language
    if not is_same_language(language, ALIGNED_LANGUAGE):
        warning = f"The times of words are estimated from pauses: {language} cannot be aligned."
        return TimedNarration(narration, (warning,))
    aligner = open_aligner()
    if aligner is None:
        return TimedNarration(narration, (NOT_INSTALLED,))
    with closing(aligner):
        found = dict(_align(aligner, narration, chunks, bare, deadline_s))
    recordings = tuple(found.get(n) or each for n, each in enumerate(narration.recordings))
    refused = [chunks[number].passage for number in bare if found.get(number) is None]
    return TimedNarration(
        replace(narration, recordings=recordings), tuple(_describe_refused(refused))
    )


def _list_untimed(narration: StoryNarration) -> list[int]:
    """Numbers of the chunks with sound and without words."""
    return [
        number
        for number, each in enumerate(narration.recordings)
        if each and not each.words and not each.measured.is_silent
    ]


def _align(
    aligner: Aligner,
    narration: StoryNarration,
    chunks: Sequence[Chunk],
    numbers: Sequence[int],
    deadline_s: float | None,
) -> Iterator[tuple[int, Recording | None]]:
    def align_chunk(number: int) -> Recording | None:
        recording = narration.recordings[number]
        spoken = [each.spoken for each in chunks[number].utterances]
        return aligner.align(recording, spoken) if recording else None

    work = run_in_parallel(numbers, align_chunk, aligner.parallelism, deadline_s=deadline_s)
    for number, outcome in work:
        try:
            yield number, outcome.result()
        except OutOfTime:
            raise
        except MixerError:
            yield number, None


def _describe_refused(passages: Sequence[str]) -> Iterator[str]:
    if passages:
        named = "; ".join(f"“{each}”" for each in passages[:MAX_NAMED])
        more = f" and {len(passages) - MAX_NAMED} more" if len(passages) > MAX_NAMED else ""
        yield (
            f"The alignment does not fit the text of {named}{more}; the times of their words are "
            "estimated from pauses."
        )


def build_word_files(narration: StoryNarration, timeline: Timeline) -> dict[str, bytes]:
    """Build the files with the time of each word."""
    sentences = caption_sentences(narration.recorded_chunks, timeline)
    total_s, language = timeline.duration_s, narration.stored.script.language
    return {
        "words_json": format_words_json(sentences, total_s=total_s, language=language).encode(),
        "words_vtt": format_words_vtt(sentences, total_s=total_s, language=language).encode(),
        "karaoke_ass": format_karaoke(sentences, total_s=total_s).encode(),
    }
