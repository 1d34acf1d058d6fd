"""What listening to a story's recordings found, for its report and its warnings."""

from collections.abc import Iterator, Sequence

from mixer.publish.report import DoubtfulPassage, SpeechCheck
from mixer.publish.waveform import format_clock
from mixer.sound import Timeline
from mixer.stories.inputs import StoryNarration

MAX_NAMED = 10
"""Passages in warnings; the report names all."""


def collect_speech_check(narration: StoryNarration, starts_s: Sequence[float]) -> SpeechCheck:
    """Collect the results of a story; `starts_s` has the start of each audible chunk."""
    words, passages = 0, []
    for each, start_s in zip(narration.recorded_chunks, starts_s, strict=True):
        check = narration.checks.get(each.recording.key)
        if check is None:
            continue
        words += check.words
        if check.faults:
            faults = tuple(fault.describe() for fault in check.faults)
            passages.append(DoubtfulPassage(each.chunk.passage, round(start_s, 3), faults))
    return SpeechCheck(words, narration.as_written_percent or 0.0, tuple(passages))


def list_clip_starts(timeline: Timeline) -> list[float]:
    """Where each chunk begins in the finished audio, in seconds."""
    return [timeline.seconds(clip.start) for clip in timeline.clips]


def describe_speech_check(check: SpeechCheck) -> Iterator[str]:
    """Sentences for people: how much was spoken as written, and what to listen to."""
    if not check.passages:
        return
    count = len(check.passages)
    noun = "1 passage" if count == 1 else f"{count} passages"
    yield f"Listen to {noun}: {check.as_written_percent} % of the words were spoken as written."
    for each in check.passages[:MAX_NAMED]:
        yield f"{format_clock(each.start_s)} “{each.text}”: {', '.join(each.faults)}."
    if count > MAX_NAMED:
        yield f"The report names {count - MAX_NAMED} more."
