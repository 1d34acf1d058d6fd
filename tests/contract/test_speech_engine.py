"""What the rest of Mixer relies on in every SpeechEngine; each implementation passes it.

A new engine joins by an entry in CASES.
"""

import array
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace

import psutil
import pytest

from mixer.errors import MixerError, SpeechFailed, UnknownVoice
from mixer.sound import ffmpeg
from mixer.speech.embedded.engine import EmbeddedEngine
from mixer.speech.engine import SampleSpan, Speech, SpeechEngine, VoiceSettings
from mixer.speech.polly.engine import PollyEngine
from tests.emulators.strict_polly import StrictPolly
from tests.engines import ToneEngine

SILENCE_RMS = 33  # of 32,767: -60 dB
CODEC_SLACK_S = 0.06  # MP3 ends on a frame, and its decoder's delay comes on top


@dataclass(frozen=True)
class Case:
    """An engine under test.

    Attributes:
        opened: makes one, and closes it.
        delivery: of a voice that it has.
        gives_times: of sentences and words.
        calls: that a chunk is charged for; Polly takes a second one for the times.
    """

    opened: Callable[[], AbstractContextManager[SpeechEngine]]
    delivery: VoiceSettings
    gives_times: bool = True
    calls: int = 1


@contextmanager
def polly(engine_name: str) -> Iterator[SpeechEngine]:
    with (
        StrictPolly() as server,
        closing(server.client()) as client,
        closing(PollyEngine(client, engine=engine_name, speech_marks=True)) as engine,
    ):
        yield engine


CASES = {
    "tone": Case(lambda: closing(ToneEngine()), VoiceSettings("Joanna", "generative")),
    "tone-mp3": Case(
        lambda: closing(ToneEngine(suffix="mp3")), VoiceSettings("Joanna", "generative")
    ),
    "embedded": Case(
        lambda: closing(EmbeddedEngine(parallelism=2)), VoiceSettings("Ada", "embedded")
    ),
    "embedded-mp3": Case(
        lambda: closing(EmbeddedEngine(suffix="mp3", parallelism=1)),
        VoiceSettings("Ben", "embedded"),
    ),
    "polly": Case(
        lambda: polly("generative"), VoiceSettings("Joanna", "generative"), gives_times=False
    ),
    "polly-standard": Case(lambda: polly("standard"), VoiceSettings("Joanna", "standard"), calls=2),
}


@pytest.fixture(scope="module", params=CASES)
def case(request) -> Case:
    return CASES[request.param]


@pytest.fixture(scope="module")
def engine(case) -> Iterator[SpeechEngine]:
    with case.opened() as opened:
        yield opened


@pytest.fixture
def synthesize(engine, case) -> Callable[[str], Speech]:
    return lambda inside: engine.synthesize(f"<speak>{inside}</speak>", case.delivery)


def decode_audio(speech: Speech) -> array.array:
    arguments = [*ffmpeg.confine_stdin(), "-f", "s16le", "-ar", str(speech.rate_hz), "-ac", "1"]
    completed = ffmpeg.run([*arguments, "-"], stdin=speech.audio, timeout_s=30)
    return array.array("h", completed.stdout)


def length_s(speech: Speech) -> float:
    return len(decode_audio(speech)) / speech.rate_hz


def rms(samples: array.array) -> float:
    return math.sqrt(sum(sample * sample for sample in samples) / max(len(samples), 1))


def find_sounding_spans(speech: Speech) -> list[SampleSpan]:
    return [span for span in speech.sentences if span is not None]


def test_audio_is_of_the_stated_kind(engine, synthesize):
    speech = synthesize("<s>The sea was still.</s>")
    assert speech.content_type == {"flac": "audio/flac", "mp3": "audio/mpeg"}[engine.suffix]
    start = speech.audio[:4]
    assert start == b"fLaC" if engine.suffix == "flac" else start[0] == 0xFF
    assert length_s(speech) > 0.5


def test_billed_characters_are_never_more_than_the_text(synthesize, case):
    assert 0 <= synthesize("<s>One.</s>").billed_chars <= case.calls * len("One.")


def test_spans_agree_with_the_audio(synthesize, case):
    if not case.gives_times:
        pytest.skip("no times")
    speech = synthesize("<p><s>The sea was still.</s><s>Nobody spoke!</s></p><p><s>Why?</s></p>")
    samples = decode_audio(speech)
    quiet_from = 0
    for span in find_sounding_spans(speech):
        margin = 0 if speech.content_type == "audio/flac" else speech.rate_hz // 20
        quiet = samples[quiet_from + margin : max(span.start_samples - margin, 0)]
        assert rms(quiet) < SILENCE_RMS
        assert rms(samples[span.start_samples : span.end_samples]) > 10 * SILENCE_RMS
        quiet_from = span.end_samples
    assert 0 <= len(samples) - quiet_from < CODEC_SLACK_S * speech.rate_hz


def test_sentences_are_one_for_each_s(synthesize, case):
    speech = synthesize("<p><s>One.</s><s>Two.</s></p><p><s>Three.</s></p>")
    assert len(speech.sentences) == (3 if case.gives_times else 0)


def test_text_outside_s_counts_as_one(synthesize, case):
    speech = synthesize("Before. <s>One.</s> After, <sub alias='the end'>it</sub>.")
    assert len(speech.sentences) == (3 if case.gives_times else 0)


def test_spans_follow_each_other(synthesize, case):
    if not case.gives_times:
        pytest.skip("no times")
    spans = find_sounding_spans(synthesize("<s>One.</s><s>Two.</s><s>Three.</s>"))
    assert all(span.start_samples < span.end_samples for span in spans)
    bounds = [at for span in spans for at in (span.start_samples, span.end_samples)]
    assert bounds == sorted(bounds)


def test_words_lie_in_their_sentences_and_name_their_text(synthesize, case):
    texts = ["The sea was still & cold.", "Nobody spoke."]
    speech = synthesize("".join(f"<s>{text.replace('&', '&amp;')}</s>" for text in texts))
    if case.gives_times:
        assert [word.text.strip(".") for word in speech.words if word.text != "&"] == [
            *("The", "sea", "was", "still", "cold", "Nobody", "spoke")
        ]
    for word in speech.words:
        sentence = speech.sentences[word.sentence]
        assert texts[word.sentence][word.char :].startswith(word.text)
        assert sentence is not None
        assert sentence.start_samples <= word.span.start_samples
        assert word.span.start_samples <= word.span.end_samples <= sentence.end_samples


def test_equal_chunks_are_equal_bytes(synthesize):
    assert synthesize("<s>The sea was still.</s>") == synthesize("<s>The sea was still.</s>")


def test_many_threads_get_what_one_would(synthesize):
    chunks = [f"<s>This is number {number}.</s>" for number in range(6)]
    alone = [synthesize(chunk) for chunk in chunks]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(synthesize, chunks * 3))
    assert together == alone * 3


def test_parallelism_is_positive(engine):
    assert engine.parallelism >= 1


def test_first_voice_speaks_with_its_first_engine(engine):
    voice = engine.voices()[0]
    assert voice.engines[0]
    assert voice.language
    delivery = VoiceSettings(voice.id, voice.engines[0])
    assert engine.synthesize("<speak><s>Yes.</s></speak>", delivery).audio


def test_voices_sound_different(engine, case):
    voices = [voice for voice in engine.voices() if case.delivery.engine in voice.engines][:2]
    if not case.gives_times or len(voices) < 2:
        pytest.skip("one kind of sound")
    lengths_s = {
        engine.synthesize(
            "<speak><s>Yes.</s></speak>", replace(case.delivery, voice=voice.id)
        ).audio
        for voice in voices
    }
    assert len(lengths_s) == 2


def test_limits_hold_a_sentence(engine, case):
    limits = engine.limits(case.delivery.engine)
    assert limits.billed_chars >= 300
    assert limits.total_chars >= limits.billed_chars
    assert {"speak", "s", "break"} <= limits.tags


def test_unknown_voice_is_refused(engine, case):
    with pytest.raises(UnknownVoice, match="Nobody"):
        engine.synthesize("<speak>Hello.</speak>", replace(case.delivery, voice="Nobody"))


def test_markup_characters_in_the_text_are_no_trouble(synthesize):
    assert length_s(synthesize("<s>Salt &amp; pepper, 3 &lt; 5 &gt; 2.</s>")) > 0.5


def test_malformed_ssml_fails_with_its_passage(synthesize):
    with pytest.raises(SpeechFailed) as caught:
        synthesize("<s>The broken passage &.</s>")
    assert caught.value.passages
    assert "The broken passage" in caught.value.passages[0]


@pytest.mark.parametrize("asked_s", [0.5, 2.0])
def test_break_lengthens_the_audio_by_its_time(synthesize, asked_s):
    without = length_s(synthesize("<s>One.</s><s>Two.</s>"))
    between = length_s(synthesize(f'<s>One.</s><break time="{asked_s}s"/><s>Two.</s>'))
    assert between - without == pytest.approx(asked_s, abs=CODEC_SLACK_S)


def test_breaks_within_sentences_and_at_the_edges_are_heard(synthesize):
    within = length_s(synthesize('<s>One <break time="0ms"/>, two.</s>'))
    longer = length_s(synthesize('<s>One <break time="1s"/>, two.</s><break time="1500ms"/>'))
    assert longer - within == pytest.approx(2.5, abs=CODEC_SLACK_S)


def test_unreadable_sentence_has_no_time(synthesize, case):
    speech = synthesize("<s>One.</s><s>你好。</s><s>😀</s><s>Two.</s>")
    if case.gives_times:
        assert [span is None for span in speech.sentences] == [False, True, True, False]


def test_chunk_without_a_readable_word_is_silence(synthesize, case):
    speech = synthesize("<s>…</s><s>😀</s>")
    assert len(decode_audio(speech)) > 0
    if case.gives_times:
        assert speech.sentences == (None, None)
        assert speech.words == ()


def test_nothing_is_left_after_closing(case):
    before = set(psutil.Process().children(recursive=True))
    with case.opened() as opened:
        opened.synthesize("<speak><s>Yes.</s></speak>", case.delivery)
        opened.close()
        opened.close()
        with pytest.raises(MixerError):
            opened.synthesize("<speak><s>Yes.</s></speak>", case.delivery)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_engine_that_never_spoke_closes(case):
    with case.opened():
        pass
