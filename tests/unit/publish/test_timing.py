"""From a Script and its recordings to takes, captions, chapters and what was not spoken."""

from dataclasses import replace

import pytest

from mixer.publish.timing import (
    build_takes,
    caption_sentences,
    chapter_starts,
    find_unspoken,
    pair_recordings,
)
from mixer.publish.timing.recordings import SECTION_ENDINGS
from mixer.requests import Options
from mixer.script.limits import EMBEDDED_LIMITS
from mixer.script.readers.text_types import TextType
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.formats.encoding import MP3
from mixer.sound.presets import PRESETS
from mixer.speech.engine import SampleSpan
from mixer.speech.recordings import Recording
from tests.scripts import plan_story

TEXT = "# One\n\nAnna came. Ben went.\n\n# Two\n\nNobody stayed. 你好。\n"
RATE_HZ = 24_000
SENTENCE_SAMPLES = RATE_HZ


@pytest.fixture
def script():
    return plan_story(TEXT, TextType.MARKDOWN, EMBEDDED_LIMITS, "en-US", Options())


def build_recording(number, chunk, lead_samples=0):
    """A second for each sentence, one behind the other."""
    count = len(chunk.utterances)
    spans = [
        SampleSpan(each * SENTENCE_SAMPLES, (each + 1) * SENTENCE_SAMPLES) for each in range(count)
    ]
    readable = [utterance.text.isascii() for utterance in chunk.utterances]
    sentences = tuple(span if each else None for span, each in zip(spans, readable, strict=True))
    samples = count * SENTENCE_SAMPLES
    measured = Measurement(samples, RATE_HZ, 1, -3.0, lead_samples, 0, {-20.0: 10 * count})
    return Recording(f"narration_chunks/{number}.flac", measured, sentences)


@pytest.fixture
def recordings(script):
    return [build_recording(number, chunk) for number, chunk in enumerate(script.chunks)]


def timeline(takes):
    style = MixStyle(PRESETS["story"], MP3.level_offset_db)
    return build_timeline(build_takes(takes), None, style)


def test_every_readable_sentence_is_captioned_once_in_reading_order(script, recordings):
    takes = pair_recordings(script, recordings)
    sentences = caption_sentences(takes, timeline(takes))
    said = ["One", "Anna came.", "Ben went.", "Two", "Nobody stayed."]
    assert [each.text for each in sentences] == said
    assert all(each.end_s - each.start_s == pytest.approx(1.0, abs=0.001) for each in sentences)
    times = [time_s for each in sentences for time_s in (each.start_s, each.end_s)]
    assert times == sorted(times)


def test_each_chapter_is_announced_once_by_the_caption_that_opens_it(script, recordings):
    takes = pair_recordings(script, recordings)
    opening = [each.chapter for each in caption_sentences(takes, timeline(takes)) if each.chapter]
    assert opening == ["One", "Two"]


def test_chapters_start_where_their_first_chunk_does(script, recordings):
    takes = pair_recordings(script, recordings)
    found = chapter_starts(timeline(takes))
    assert [title for _, title in found] == ["One", "Two"]
    (first_s, _), (second_s, _) = found
    assert first_s == 0
    starts = [
        each.start_s for each in caption_sentences(takes, timeline(takes)) if each.chapter == "Two"
    ]
    assert second_s <= starts[0]


def test_a_chapter_whose_heading_cannot_be_read_opens_with_its_next_chunk(script, recordings):
    takes = pair_recordings(script, [recordings[0], recordings[1], None, recordings[3]])
    assert [each.chapter_title for each in takes] == ["One", None, "Two"]


def test_a_silent_recording_is_no_take(script, recordings):
    samples = recordings[1].measured.samples
    silent = replace(recordings[1].measured, lead_samples=samples)
    recordings[1] = replace(recordings[1], measured=silent)
    assert len(build_takes(pair_recordings(script, recordings))) == 3


def test_takes_carry_the_silence_of_their_endings_and_say_where_a_paragraph_ends(
    script, recordings
):
    laid = build_takes(pair_recordings(script, recordings))
    assert [take.gap_ms for take in laid] == [chunk.gap_ms for chunk in script.chunks]
    assert [take.ends_paragraph for take in laid] == [
        chunk.ending in SECTION_ENDINGS for chunk in script.chunks
    ]
    assert any(take.ends_paragraph for take in laid)


def test_without_times_of_sentences_a_chunk_s_time_is_shared_out(script, recordings):
    recordings = [replace(each, sentences=()) for each in recordings]
    takes = pair_recordings(script, recordings)
    mix = timeline(takes)
    first, second = caption_sentences(takes, mix)[1:3]
    assert first.end_s == second.start_s
    clip = mix.clips[1]
    assert second.end_s == pytest.approx(mix.seconds(clip.end))


def test_captions_stay_inside_what_is_heard_of_a_trimmed_chunk(script):
    trimmed = [
        build_recording(number, chunk, RATE_HZ // 2) for number, chunk in enumerate(script.chunks)
    ]
    takes = pair_recordings(script, trimmed)
    mix = timeline(takes)
    clips = iter(mix.clips)
    opening = [each for each in caption_sentences(takes, mix) if each.chapter]
    assert opening[0].start_s == mix.seconds(next(clips).start)
    assert opening[0].end_s - opening[0].start_s < 1.0


def test_what_was_not_spoken_is_named_by_sentence_or_by_whole_chunk(script, recordings):
    assert find_unspoken(script, recordings) == ("你好。",)
    assert find_unspoken(script, [None, *recordings[1:]]) == ("One", "你好。")
    assert find_unspoken(script, [replace(each, sentences=()) for each in recordings]) == ()
