"""From sounds in a text to marks at takes: when their words are heard, and who keeps them."""

import pytest

from mixer.publish.timing import build_takes, list_sound_files, pair_recordings
from mixer.publish.timing.recordings import SentenceTiming, char_start_samples
from mixer.requests import Options
from mixer.script.limits import EMBEDDED_LIMITS
from mixer.script.readers.text_types import TextType
from mixer.script.script import CuePlace, Script, SoundKind
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.placement import SoundAnnotation
from mixer.speech.engine import SampleSpan, WordStart
from mixer.speech.recordings import Recording
from tests.scripts import plan_story

RATE_HZ = 24_000


def plan_markdown(text: str) -> Script:
    return plan_story(text, TextType.MARKDOWN, EMBEDDED_LIMITS, "en-US", Options())


def build_recording(number: int, sentences: int, words: tuple[WordStart, ...] = ()) -> Recording:
    """A second for each sentence."""
    spans = tuple(SampleSpan(n * RATE_HZ, (n + 1) * RATE_HZ) for n in range(sentences))
    measured = Measurement(sentences * RATE_HZ, RATE_HZ, 1, -3.0, 0, 0, {-20.0: 10 * sentences})
    return Recording(f"{number}", measured, spans, words=words)


@pytest.mark.parametrize(
    ("char", "sample"),
    [(0, 1_000), (4, 5_000), (10, 9_000), (7, 7_000), (20, 21_000), (15, 15_000)],
)
def test_a_place_between_two_known_words_is_found_on_a_straight_line(char: int, sample: int):
    sentence_timing = SentenceTiming(0, SampleSpan(1_000, 21_000), ((4, 5_000), (10, 9_000)))
    assert char_start_samples("x" * 20, sentence_timing, char) == sample


def test_a_sound_begins_with_its_word_where_the_voice_tells_when():
    script = plan_markdown("He waited. The door [[sound door.wav]] opened.")
    words = (WordStart(1, 0, RATE_HZ), WordStart(1, 9, RATE_HZ + 9_600))
    (take,) = build_takes(pair_recordings(script, [build_recording(0, 2, words)]))
    assert take.annotations == (
        SoundAnnotation("door.wav", SoundKind.SOUND, CuePlace.WITHIN, RATE_HZ + 9_600),
    )


def test_the_sounds_of_a_passage_that_nobody_can_read_wait_for_the_next():
    script = plan_markdown(
        "# One\n\n[[music sea.mp3]]\n\n你好。\n\n[[sting bell.wav]]\n\nIt began."
    )
    first, *_, last = [build_recording(n, len(c.utterances)) for n, c in enumerate(script.chunks)]
    unread = [None] * (len(list(script.chunks)) - 2)
    one, two = build_takes(pair_recordings(script, [first, *unread, last]))
    assert [mark.source for mark in one.annotations] == ["sea.mp3"]
    assert two.annotations == (SoundAnnotation("bell.wav", SoundKind.STING, CuePlace.BEFORE),)


def test_the_text_s_own_music_opens_its_first_take():
    script = plan_markdown("---\nmusic: sea.mp3, level -18\n---\n\nIt began.")
    (take,) = build_takes(pair_recordings(script, [build_recording(0, 1)]), music=script.music)
    assert take.annotations == (
        SoundAnnotation("sea.mp3", SoundKind.MUSIC, CuePlace.BEFORE, level_lu=-18.0),
    )


def test_files_are_listed_once_with_the_line_that_names_them_first():
    script = plan_markdown(
        "One [[sound a.wav]] two.\n\n[[sting b.wav]]\n\n[[sound a.wav]]\n\nThree."
    )
    assert list_sound_files(script) == {"a.wav": 1, "b.wav": 3}
