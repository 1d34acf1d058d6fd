"""From a Script and its recordings to what a listener gets: the steps between the rooms. Pure.

`takes` hands the recordings to the layout, `captioned` brings the sentences' times from the
recordings into the finished audio, `unspoken` names what the voice could not read, `tags` is what
a file says of itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mixer.jobs.hearing import SpokenChunk, times
from mixer.jobs.sounding import opening_mark, sound_marks
from mixer.publish.captions import CaptionedSentence
from mixer.publish.languages import three_letters
from mixer.requests import AboutOptions
from mixer.script.casting import NOTHING_SAID
from mixer.script.script import Chunk, Ending, Script
from mixer.script.sound_cues import SoundCue
from mixer.sound.placing import Take
from mixer.sound.timeline import Clip, Timeline, at_rate
from mixer.speech.engine import SpokenSpan
from mixer.speech.recordings import Recording

FILLING_WEIGHTS = {Ending.PARAGRAPH: 3.0, Ending.SCENE: 6.0, Ending.CHAPTER: 24.0}
"""How much of a section's filling a gap takes: where people expect a pause, a longer one hides."""


def spoken_chunks(
    script: Script, recordings: Sequence[Recording | None]
) -> tuple[SpokenChunk, ...]:
    """The chunks that can be heard, in reading order.

    Args:
        script: with as many chunks as there are recordings.
        recordings: one per chunk; None for one that the voice could not read.
    """
    return tuple(_spoken(script, iter(recordings)))


def _spoken(script: Script, recordings: Iterator[Recording | None]) -> Iterator[SpokenChunk]:
    waiting: list[SoundCue] = []
    for chapter in script.chapters:
        opens: str | None = chapter.title
        for chunk in chapter.chunks:
            recorded = next(recordings)
            if recorded is None or recorded.measured.is_silent:
                waiting += (cue for utterance in chunk.utterances for cue in utterance.sounds)
                continue
            yield SpokenChunk(chunk, recorded, opens, tuple(waiting))
            opens = None
            waiting.clear()


def takes(
    spoken: Sequence[SpokenChunk], *, is_gap_exact: bool, music: SoundCue | None = None
) -> list[Take]:
    """What the layout needs to know of each chunk.

    Args:
        spoken: in reading order.
        is_gap_exact: whether the caller has set the gaps.
        music: what the text itself wants to begin with.
    """
    laid = [
        Take(
            source=each.recording.key,
            measured=each.recording.measured,
            gap_ms=each.chunk.gap_ms,
            is_gap_exact=is_gap_exact,
            weight=_weight(each.chunk),
            level_db=each.chunk.level_db,
            opens=each.opens,
            marks=sound_marks(each),
        )
        for each in spoken
    ]
    if music is not None and laid:
        laid[0] = replace(laid[0], marks=(opening_mark(music), *laid[0].marks))
    return laid


def _weight(chunk: Chunk) -> float:
    """How much of a section's filling the gap takes; none where the author has set it."""
    is_set = chunk.utterances[-1].pause_ms is not None
    return 0.0 if is_set else FILLING_WEIGHTS.get(chunk.ending, 1.0)


def captioned(spoken: Sequence[SpokenChunk], timeline: Timeline) -> list[CaptionedSentence]:
    """Every sentence that is heard, with its times in the finished audio."""
    sentences = []
    for each, clip in zip(spoken, timeline.clips, strict=True):
        opens = each.opens or ""
        for heard in times(each):
            utterance = each.chunk.utterances[heard.sentence]
            start, end = on_timeline(heard.span, each.recording.measured.rate_hz, clip, timeline)
            sentences.append(
                CaptionedSentence(
                    text=utterance.text,
                    start_s=start,
                    end_s=end,
                    words=tuple(
                        (char, _moment(at, each.recording.measured.rate_hz, clip, timeline))
                        for char, at in heard.words
                    ),
                    chapter=opens,
                    voice=utterance.speaker,
                    ends_paragraph=utterance.ending in PARAGRAPH_ENDINGS,
                )
            )
            opens = ""
    return sentences


PARAGRAPH_ENDINGS = frozenset({Ending.PARAGRAPH, Ending.SCENE, Ending.HEADING, Ending.CHAPTER})


def on_timeline(
    span: SpokenSpan, recorded_hz: int, clip: Clip, timeline: Timeline
) -> tuple[float, float]:
    """A stretch of a recording in the finished audio, in seconds; never outside its clip.

    Args:
        span: in the recording.
        recorded_hz: of the recording.
        clip: that plays it.
        timeline: of the mix.
    """
    start, end = (
        _moment(at, recorded_hz, clip, timeline) for at in (span.start_samples, span.end_samples)
    )
    return start, max(start, end)


def _moment(samples: int, recorded_hz: int, clip: Clip, timeline: Timeline) -> float:
    """A moment of a recording in the finished audio, in seconds; never outside its clip."""
    at = clip.start - clip.skip + at_rate(samples, recorded_hz, timeline.rate_hz)
    return timeline.seconds(min(max(at, clip.start), clip.end))


def unspoken(script: Script, recordings: Sequence[Recording | None]) -> tuple[str, ...]:
    """The passages that the voice could not read, in reading order."""
    passages: list[str] = []
    for chunk, recorded in zip(script.chunks, recordings, strict=True):
        if recorded is None:
            passages.append(chunk.passage)
        elif len(recorded.sentences) == len(chunk.utterances):
            heard = zip(chunk.utterances, recorded.sentences, strict=True)
            passages += [utterance.text for utterance, span in heard if span is None]
    return tuple(passages)


def chapters(timeline: Timeline) -> tuple[tuple[float, str], ...]:
    """Start in seconds and title of each chapter that has one."""
    titled = (section for section in timeline.sections if section.title)
    return tuple((timeline.seconds(section.start), section.title) for section in titled)


def tags(asked: AboutOptions, script: Script | None = None) -> dict[str, str]:
    """What a finished file says of itself, under FFmpeg's names.

    The narrator stands where players of audiobooks look for one: as the composer; the series where
    they look for the book, so that its volumes lie together.

    Args:
        asked: instead of what the text says of itself.
        script: what was said; None where that is not known.
    """
    said = script.about if script else NOTHING_SAID
    title = asked.title or (script.title if script else "")
    author = asked.author or (script.author if script else "")
    series = asked.series or said.series
    return {
        "title": title,
        "artist": author,
        "album": series or title,
        "album_artist": author,
        "grouping": series,
        "composer": asked.narrator or said.narrator,
        "genre": asked.genre or said.genre,
        "date": asked.year or said.year,
        "comment": asked.description or said.description,
        "language": three_letters(script.language) if script else "",
    }
