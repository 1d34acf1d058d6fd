"""What Mixer relies on in every engine. An outside engine runs it as well:

MIXER_TEST_ENGINE=package.module:CASE pytest --pyargs mixer.testing.engines
"""

import array
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import psutil
import pytest

from mixer.errors import MixerError, SpeechFailed, UnknownVoice
from mixer.script.planning import plan_document
from mixer.script.readers import TextType, read_document
from mixer.sound import ffmpeg
from mixer.speech import SampleSpan, Speech, SpeechEngine, VoiceSettings
from mixer.testing.engines.case import EngineCase

SILENCE_RMS = 33
"""Of 32,767: -60 dB."""

CODEC_SLACK_S = 0.06
"""MP3 ends on a frame, and its decoder's delay comes on top."""

MAX_COST_ERROR = 0.01
MIN_CHUNK_CHARS = 300

Synthesize = Callable[[str], Speech]
SampleArray: TypeAlias = "array.array[int]"


@pytest.fixture
def synthesize(engine: SpeechEngine, case: EngineCase) -> Synthesize:
    return lambda inside: engine.synthesize(f"<speak>{inside}</speak>", case.settings)


def decode_audio(speech: Speech) -> SampleArray:
    arguments = [*ffmpeg.confine_stdin(), "-f", "s16le", "-ar", str(speech.rate_hz), "-ac", "1"]
    completed = ffmpeg.run([*arguments, "-"], stdin=speech.audio, timeout_s=30)
    return array.array("h", completed.stdout)


def length_s(speech: Speech) -> float:
    return len(decode_audio(speech)) / speech.rate_hz


def rms(samples: SampleArray) -> float:
    return math.sqrt(sum(sample * sample for sample in samples) / max(len(samples), 1))


def find_sounding_spans(speech: Speech) -> list[SampleSpan]:
    return [span for span in speech.sentences if span is not None]


def test_audio_is_of_the_stated_kind(engine: SpeechEngine, synthesize: Synthesize) -> None:
    speech = synthesize("<s>The sea was still.</s>")
    assert speech.content_type == {"flac": "audio/flac", "mp3": "audio/mpeg"}[engine.suffix]
    start = speech.audio[:4]
    assert start == b"fLaC" if engine.suffix == "flac" else start[0] == 0xFF
    assert length_s(speech) > 0.5


def test_billed_characters_are_never_more_than_the_text(
    synthesize: Synthesize, case: EngineCase
) -> None:
    assert 0 <= synthesize("<s>One.</s>").billed_chars <= case.calls * len("One.")


def test_spans_agree_with_the_audio(synthesize: Synthesize, case: EngineCase) -> None:
    if not case.gives_times:
        pytest.skip("no times")
    speech = synthesize("<p><s>The sea was still.</s><s>Anna spoke!</s></p><p><s>Why?</s></p>")
    samples = decode_audio(speech)
    quiet_from = 0
    for span in find_sounding_spans(speech):
        margin = 0 if speech.content_type == "audio/flac" else speech.rate_hz // 20
        quiet = samples[quiet_from + margin : max(span.start_samples - margin, 0)]
        assert rms(quiet) < SILENCE_RMS
        assert rms(samples[span.start_samples : span.end_samples]) > 10 * SILENCE_RMS
        quiet_from = span.end_samples
    assert 0 <= len(samples) - quiet_from < CODEC_SLACK_S * speech.rate_hz


def test_sentences_are_one_for_each_s(synthesize: Synthesize, case: EngineCase) -> None:
    speech = synthesize("<p><s>One.</s><s>Two.</s></p><p><s>Three.</s></p>")
    assert len(speech.sentences) == (3 if case.gives_times else 0)


def test_text_outside_s_counts_as_one(synthesize: Synthesize, case: EngineCase) -> None:
    speech = synthesize("Before. <s>One.</s> After, <sub alias='the end'>it</sub>.")
    assert len(speech.sentences) == (3 if case.gives_times else 0)


def test_spans_follow_each_other(synthesize: Synthesize, case: EngineCase) -> None:
    if not case.gives_times:
        pytest.skip("no times")
    spans = find_sounding_spans(synthesize("<s>One.</s><s>Two.</s><s>Three.</s>"))
    assert all(span.start_samples < span.end_samples for span in spans)
    bounds = [at for span in spans for at in (span.start_samples, span.end_samples)]
    assert bounds == sorted(bounds)


def test_words_lie_in_their_sentences_and_name_their_text(
    synthesize: Synthesize, case: EngineCase
) -> None:
    texts = ["The sea was still & cold.", "Anna spoke."]
    speech = synthesize("".join(f"<s>{text.replace('&', '&amp;')}</s>" for text in texts))
    if case.gives_times:
        assert [word.text.strip(".") for word in speech.words if word.text != "&"] == [
            *("The", "sea", "was", "still", "cold", "Anna", "spoke")
        ]
    for word in speech.words:
        sentence = speech.sentences[word.sentence]
        assert texts[word.sentence][word.char :].startswith(word.text)
        assert sentence is not None
        assert sentence.start_samples <= word.span.start_samples
        assert word.span.start_samples <= word.span.end_samples <= sentence.end_samples


def test_equal_chunks_are_equal_bytes_where_that_is_declared(
    synthesize: Synthesize, case: EngineCase
) -> None:
    if not case.is_deterministic:
        pytest.skip("not declared")
    assert synthesize("<s>The sea was still.</s>") == synthesize("<s>The sea was still.</s>")


def test_many_threads_get_what_one_would(synthesize: Synthesize, case: EngineCase) -> None:
    if not case.is_deterministic:
        pytest.skip("not declared")
    chunks = [f"<s>This is number {number}.</s>" for number in range(6)]
    alone = [synthesize(chunk) for chunk in chunks]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(synthesize, chunks * 3))
    assert together == alone * 3


def test_parallelism_is_positive(engine: SpeechEngine) -> None:
    assert engine.parallelism >= 1


def test_first_voice_speaks_with_its_first_engine(engine: SpeechEngine) -> None:
    voice = engine.voices()[0]
    assert voice.engines[0]
    settings = VoiceSettings(voice.id, voice.engines[0])
    assert engine.synthesize("<speak><s>Yes.</s></speak>", settings).audio


def test_voices_sound_different(engine: SpeechEngine, case: EngineCase) -> None:
    voices = [voice for voice in engine.voices() if case.settings.engine in voice.engines][:2]
    if not case.gives_times or len(voices) < 2:
        pytest.skip("one kind of sound")
    lengths_s = {
        engine.synthesize(
            "<speak><s>Yes.</s></speak>", replace(case.settings, voice=voice.id)
        ).audio
        for voice in voices
    }
    assert len(lengths_s) == 2


def test_limits_hold_a_sentence(engine: SpeechEngine, case: EngineCase) -> None:
    limits = engine.limits(case.settings.engine)
    assert limits.billed_chars >= MIN_CHUNK_CHARS
    assert limits.total_chars >= limits.billed_chars
    assert {"speak", "s", "break"} <= limits.tags


def test_unknown_voice_is_refused(engine: SpeechEngine, case: EngineCase) -> None:
    with pytest.raises(UnknownVoice, match="Unheard"):
        engine.synthesize("<speak>Hello.</speak>", replace(case.settings, voice="Unheard"))


def test_markup_characters_in_the_text_are_no_trouble(synthesize: Synthesize) -> None:
    assert length_s(synthesize("<s>Salt &amp; pepper, 3 &lt; 5 &gt; 2.</s>")) > 0.5


def test_malformed_ssml_fails_with_its_passage(synthesize: Synthesize) -> None:
    with pytest.raises(SpeechFailed) as caught:
        synthesize("<s>The broken passage &.</s>")
    assert caught.value.passages
    assert "The broken passage" in caught.value.passages[0]


def test_longer_break_lengthens_the_audio_by_the_difference(synthesize: Synthesize) -> None:
    """Whether a break adds to the voice's own pause or replaces it is the engine's choice."""
    short_s, long_s = (
        length_s(synthesize(f'<s>One.</s><break time="{break_s}s"/><s>Two.</s>'))
        for break_s in (0.5, 2.0)
    )
    assert long_s - short_s == pytest.approx(1.5, abs=CODEC_SLACK_S)


def test_breaks_within_sentences_and_at_the_edges_are_audible(synthesize: Synthesize) -> None:
    within = length_s(synthesize('<s>One <break time="0ms"/>, two.</s>'))
    longer = length_s(synthesize('<s>One <break time="1s"/>, two.</s><break time="1500ms"/>'))
    assert longer - within == pytest.approx(2.5, abs=CODEC_SLACK_S)


def test_unreadable_sentence_has_no_time(synthesize: Synthesize, case: EngineCase) -> None:
    speech = synthesize("<s>One.</s><s>你好。</s><s>😀</s><s>Two.</s>")
    if case.gives_times:
        assert [span is None for span in speech.sentences] == [False, True, True, False]


def test_chunk_without_a_readable_word_is_silence(synthesize: Synthesize, case: EngineCase) -> None:
    speech = synthesize("<s>…</s><s>😀</s>")
    assert len(decode_audio(speech)) > 0
    if case.gives_times:
        assert speech.sentences == (None, None)
        assert speech.words == ()


def test_nothing_is_left_after_closing(case: EngineCase) -> None:
    before = set(psutil.Process().children(recursive=True))
    with case.open_engine() as opened:
        opened.synthesize("<speak><s>Yes.</s></speak>", case.settings)
        opened.close()
        opened.close()
        with pytest.raises(MixerError):
            opened.synthesize("<speak><s>Yes.</s></speak>", case.settings)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_engine_that_never_spoke_closes(case: EngineCase) -> None:
    with case.open_engine():
        pass


def test_audio_has_the_stated_rate(synthesize: Synthesize) -> None:
    assert synthesize("<s>One.</s>").rate_hz in (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)


def test_name_and_suffix_are_stated(engine: SpeechEngine) -> None:
    assert engine.name
    assert engine.suffix in ("flac", "mp3")


def test_voices_are_listed_once(engine: SpeechEngine) -> None:
    listed = [each.id for each in engine.voices()]
    assert listed
    assert len(listed) == len(set(listed))


def test_voices_stay_the_same(engine: SpeechEngine) -> None:
    assert engine.voices() == engine.voices()


def test_voice_under_test_is_listed_with_its_engine(engine: SpeechEngine, case: EngineCase) -> None:
    listed = {each.id: each.engines for each in engine.voices()}
    assert case.settings.engine in listed[case.settings.voice]


def test_what_is_known_of_voices_is_plausible(engine: SpeechEngine) -> None:
    for voice in engine.voices():
        assert voice.gender in ("", "Female", "Male")
        assert voice.realtime_factor is None or voice.realtime_factor > 0
        assert voice.usd_per_million_chars is None or voice.usd_per_million_chars >= 0
        assert voice.suffix in ("", "flac", "mp3")


def test_longer_text_is_longer_sound(synthesize: Synthesize) -> None:
    short = length_s(synthesize("<s>One.</s>"))
    assert length_s(synthesize("<s>One and two and three and four and five.</s>")) > short


def test_unknown_elements_are_refused_in_a_sentence_or_read_as_text(synthesize: Synthesize) -> None:
    try:
        assert length_s(synthesize("<s>One <unknown>two</unknown>.</s>")) > CODEC_SLACK_S
    except MixerError as error:
        assert str(error).endswith(".")


def test_document_type_is_refused(engine: SpeechEngine, case: EngineCase) -> None:
    ssml = '<!DOCTYPE speak [<!ENTITY a "aaaa">]><speak><s>&a;</s></speak>'
    with pytest.raises(MixerError):
        engine.synthesize(ssml, case.settings)


def test_predicted_cost_is_the_billed_one(engine: SpeechEngine, case: EngineCase) -> None:
    text = "The sea was still and cold. Anna spoke for a while, but not to Tom.\n\nThen it rained."
    voice = next(each for each in engine.voices() if each.id == case.settings.voice)
    settings = replace(case.settings, usd_per_million_chars=voice.usd_per_million_chars)
    chunks = list(plan_document(read_document(text, TextType.TEXT)).chunks)
    billed = [engine.synthesize(each.ssml, settings).billed_chars for each in chunks]
    predicted_usd = settings.price_chunks_usd(chunks, case.calls)
    billed_usd = settings.price_usd(sum(billed))
    assert billed_usd == pytest.approx(predicted_usd, rel=MAX_COST_ERROR), (
        f"billed_chars is {billed} for chunks of {[settings.count_billed_chars(c) for c in chunks]}"
    )


def test_closing_in_the_middle_is_an_error_not_a_hang(case: EngineCase) -> None:
    with case.open_engine() as opened:
        timer = threading.Timer(0.05, opened.close)
        timer.start()
        try:
            text = "The sea was still and cold, and Anna spoke. " * 5
            assert opened.synthesize(f"<speak><s>{text}</s></speak>", case.settings).audio
        except MixerError as error:
            assert str(error).endswith(".")
        finally:
            timer.join()


def test_errors_are_sentences(engine: SpeechEngine, case: EngineCase) -> None:
    for ssml in ("", "<speak>", "no markup", "<p>not a speak</p>"):
        with pytest.raises(MixerError) as caught:
            engine.synthesize(ssml, case.settings)
        assert "Traceback" not in str(caught.value)
