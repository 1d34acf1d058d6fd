"""PollyEngine against the strict server: nothing lost, nothing over the quota, nothing in vain."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mixer.errors import BadOption, OutOfTime, SpeechFailed, UnknownVoice
from mixer.requests import Options
from mixer.script.limits import POLLY_LIMITS
from mixer.script.readers import TextType
from mixer.sound import ProcessGroup
from mixer.speech import Charges, Narrator
from mixer.speech.engine import VoiceSettings
from mixer.speech.polly.client import DESCRIBE_VOICES, POLLY_QUOTAS, EngineQuotas
from mixer.speech.polly.engine import BEST_RATE_HZ, PollyEngine
from mixer.speech.polly.limiter import Quota
from mixer.speech.polly.retry import Retry, SpeechRetryPolicy
from mixer.speech.polly.speech_marks import sample_count
from mixer.speech.polly.voices import VoiceCatalogue
from mixer.speech.voice_selection import best_engine
from mixer.store import FolderStore
from tests.emulators.strict_polly import (
    CUT,
    CUT_BODY,
    HANG,
    Allowance,
    Faults,
    Latency,
    StrictPolly,
)
from tests.scripts import plan_story

JOANNA = VoiceSettings("Joanna", "generative")
FAST = Quota(calls_per_s=100, burst=20, in_flight=10)
LEXICON = """<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
alphabet="ipa" xml:lang="hi-IN"><lexeme><grapheme>a</grapheme><alias>b</alias></lexeme></lexicon>"""
QUICK = SpeechRetryPolicy(first_delay_s=0.01, max_delay_s=0.1, min_call_s=0.0)


@pytest.fixture(scope="module")
def server() -> Iterator[StrictPolly]:
    allowance = Allowance(FAST.calls_per_s, FAST.burst, FAST.in_flight)
    with StrictPolly(allowances=dict.fromkeys(POLLY_LIMITS, allowance)) as polly:
        yield polly


@pytest.fixture(scope="module")
def client(server):
    client = server.client()
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _reset_server(server):
    server.reset()


def quotas(quota: Quota = FAST) -> EngineQuotas:
    return EngineQuotas(quotas={**dict.fromkeys(POLLY_LIMITS, quota), DESCRIBE_VOICES: FAST})


def engine_for(
    client, *, policy: SpeechRetryPolicy = QUICK, deadline_s: float | None = None, **options
):
    retry = Retry(policy, deadline_s, random_fraction=random.Random(1).random)
    return PollyEngine(client, **{"quotas": quotas(), "retry": retry, **options})


def chunk(number: int, sentences: int = 1) -> str:
    text = "".join(f"<s>This is sentence {number}.{n} &amp; more.</s>" for n in range(sentences))
    return f"<speak><p>{text}</p></speak>"


def speak_all(engine: PollyEngine, count: int, delivery: VoiceSettings = JOANNA):
    with ThreadPoolExecutor(engine.parallelism) as pool:
        waits = [pool.submit(engine.synthesize, chunk(number), delivery) for number in range(count)]
    return [wait.result() for wait in waits]


@pytest.mark.parametrize(
    ("voice", "engine"),
    [
        ("Joanna", "standard"),
        ("Joanna", "neural"),
        ("Ruth", "long-form"),
        ("Joanna", "generative"),
    ],
)
def test_all_four_engines_speak_at_their_best_rate(client, voice, engine):
    speech = engine_for(client).synthesize(chunk(1), VoiceSettings(voice, engine))
    assert speech.rate_hz == BEST_RATE_HZ[engine]
    assert speech.content_type == "audio/mpeg"
    assert speech.billed_chars == len("This is sentence 1.0 & more.")
    assert sample_count(speech.audio) == pytest.approx(28 / 15 * speech.rate_hz, abs=576)
    assert (speech.sentences, speech.words) == ((), ())


def test_every_voice_that_is_listed_speaks_with_every_engine_it_names(server, client):
    engine = engine_for(client)
    voices = engine.voices()
    assert voices[0].id == "Joanna"
    assert len(voices) == len(server.voices) > 25
    deliveries = [VoiceSettings(v.id, name) for v in voices for name in v.engines]
    with ThreadPoolExecutor(engine.parallelism) as pool:
        results = list(pool.map(lambda delivery: engine.synthesize(chunk(1), delivery), deliveries))
    assert all(speech.audio for speech in results)
    assert server.counts.throttled == 0


def test_voices_are_listed_once_and_anew_when_the_list_is_old(server, client):
    clock = [0.0]
    catalogue = VoiceCatalogue(now=lambda: clock[0])
    first = PollyEngine(client, catalogue=catalogue).voices()
    pages = server.counts.listings
    assert pages == -(-len(first) // server.page_voices)
    clock[0] = 3599.0
    assert PollyEngine(client, catalogue=catalogue).voices() == first
    assert server.counts.listings == pages
    clock[0] = 3601.0
    assert PollyEngine(client, catalogue=catalogue).voices() == first
    assert server.counts.listings == 2 * pages


def test_the_best_engine_is_generative_where_the_voice_has_it(client):
    best = {voice.id: best_engine(voice) for voice in engine_for(client).voices()}
    assert best["Joanna"] == "generative"
    assert best["Brian"] == "neural"
    assert best["Gregory"] == "neural"
    assert best["Hans"] == "standard"


@pytest.mark.parametrize(
    ("delivery", "near"),
    [
        (VoiceSettings("Joana", "generative"), "Joanna"),
        (VoiceSettings("joanna", "neural"), "Joanna"),
        (VoiceSettings("Hans", "generative"), "Vicki"),
        (VoiceSettings("Joanna", "long-form"), "Ruth"),
        (VoiceSettings("Joanna", "generativ"), "generative"),
    ],
)
def test_an_unknown_voice_or_pair_names_near_matches(server, client, delivery, near):
    with pytest.raises(UnknownVoice) as caught:
        engine_for(client).synthesize(chunk(1), delivery)
    assert near in caught.value.details["near"]
    assert near in str(caught.value)
    assert server.counts.calls <= 1


def test_a_missing_lexicon_or_language_can_be_mended_by_the_caller(client):
    with pytest.raises(BadOption, match="nowhere"):
        engine_for(client).synthesize(
            chunk(1), VoiceSettings("Joanna", "neural", lexicons=("nowhere",))
        )
    with pytest.raises(BadOption, match="fr-FR"):
        engine_for(client).synthesize(chunk(1), VoiceSettings("Joanna", "neural", language="fr-FR"))


def test_language_and_lexicons_reach_the_service(server, client):
    server.lexicons.put("hindi", LEXICON)
    delivery = VoiceSettings("Kajal", "generative", language="hi-IN", lexicons=("hindi",))
    assert engine_for(client).synthesize(chunk(1), delivery).audio


@pytest.mark.parametrize("ssml", ["<speak>Fish & chips</speak>", f"<speak>{'a' * 3001}</speak>"])
def test_a_refused_chunk_is_named_and_not_tried_again(server, client, ssml):
    with pytest.raises(SpeechFailed) as caught:
        engine_for(client).synthesize(ssml, JOANNA)
    assert caught.value.passages[0][:4] in {"Fish", "aaaa"}
    assert server.counts.calls == 1


@pytest.mark.parametrize(
    "fault",
    [
        "ServiceFailureException",
        "ServiceUnavailableException",
        CUT,
        CUT_BODY,
        "ThrottlingException",
    ],
)
def test_a_passing_fault_is_tried_again_and_paid_once(server, client, fault):
    server.reset(Faults(nth={1: fault, 2: fault}))
    speech = engine_for(client).synthesize(chunk(1), JOANNA)
    assert sample_count(speech.audio) > 0
    assert (server.counts.calls, server.counts.answered) == (3, 1)


def test_a_call_that_hangs_is_given_up_and_tried_again():
    with StrictPolly(faults=Faults(nth={1: HANG})) as polly:
        client = polly.client(read_timeout_s=0.2)
        assert engine_for(client).synthesize(chunk(1), JOANNA).audio
        assert polly.counts.calls == 2
        client.close()


def test_a_fault_that_does_not_pass_fails_the_passage_by_name(server, client):
    server.reset(Faults(texts={"cursed": "ServiceFailureException"}))
    with pytest.raises(SpeechFailed, match="a cursed one") as caught:
        engine_for(client).synthesize("<speak><s>a cursed one</s></speak>", JOANNA)
    assert caught.value.passages == ("a cursed one",)
    assert server.counts.calls == QUICK.max_tries


def test_refused_credentials_are_not_tried_again(server, client):
    server.reset(Faults(nth={1: "AccessDeniedException"}))
    with pytest.raises(SpeechFailed, match="AccessDenied"):
        engine_for(client).synthesize(chunk(1), JOANNA)
    assert server.counts.calls == 1


def test_nobody_listening_fails_the_passage_by_name():
    with StrictPolly() as gone:
        client = gone.client()
    with pytest.raises(SpeechFailed, match="sentence 7"):
        engine_for(client).synthesize(chunk(7), JOANNA)
    client.close()


def test_many_threads_never_exceed_the_quota(server, client):
    server.reset(latency=Latency(base_s=0.1))
    results = speak_all(engine_for(client), 80)
    assert len(results) == 80
    assert server.counts.throttled == 0
    assert server.counts.max_in_flight == FAST.in_flight
    assert server.counts.max_calls_per_s <= FAST.calls_per_s + FAST.burst


def test_the_rate_binds_where_calls_are_short(server, client):
    began_s = time.monotonic()
    speak_all(engine_for(client, quotas=quotas(Quota(50, 5, 10))), 60)
    assert time.monotonic() - began_s >= (60 - 5) / 50
    assert server.counts.throttled == 0
    assert server.counts.max_calls_per_s <= 55


def test_two_processes_that_share_a_quota_stay_within_it(server, client):
    server.reset(latency=Latency(base_s=0.1))
    halves = [
        EngineQuotas(2, quotas={**dict.fromkeys(POLLY_LIMITS, FAST), DESCRIBE_VOICES: FAST})
        for _ in range(2)
    ]
    engines = [engine_for(client, quotas=half) for half in halves]
    assert engines[0].parallelism == FAST.in_flight // 2
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda engine: len(speak_all(engine, 30)), engines))
    assert results == [30, 30]
    assert server.counts.throttled == 0
    assert server.counts.max_in_flight <= FAST.in_flight


def test_a_storm_of_throttling_and_cut_connections_loses_nothing(server, client):
    faults = Faults(throttled=0.4, cut=0.1, seed=3)
    server.reset(faults, latency=Latency(base_s=0.02))
    results = speak_all(engine_for(client), 80)
    assert all(sample_count(speech.audio) > 0 for speech in results)
    assert server.counts.texts == {chunk(number): 1 for number in range(80)}
    assert server.counts.injected > 30


def test_a_quota_that_others_use_up_is_waited_for():
    """Our share is what we were told; when the account has less, patience gets everything said."""
    with StrictPolly(allowances={"generative": Allowance(20, 2, 3)}) as polly:
        client = polly.client()
        assert len(speak_all(engine_for(client), 30)) == 30
        assert polly.counts.throttled > 0
        client.close()


def test_a_deadline_that_cannot_be_kept_spends_nothing(server, client):
    policy = SpeechRetryPolicy(min_call_s=3.0)
    engine = engine_for(client, policy=policy, deadline_s=time.monotonic() + 2.0)
    with pytest.raises(OutOfTime):
        engine.synthesize(chunk(1), JOANNA)
    assert server.counts.calls == 0


def test_the_deadline_ends_the_waiting_and_keeps_what_is_said(server, client):
    server.reset(latency=Latency(base_s=0.1))
    slow = quotas(Quota(0.01, 8, 4))
    engine = engine_for(client, quotas=slow, deadline_s=time.monotonic() + 1.5)
    with ThreadPoolExecutor(engine.parallelism) as pool:
        waits = [pool.submit(engine.synthesize, chunk(number), JOANNA) for number in range(40)]
    outcomes = [wait.exception() for wait in waits]
    assert sum(outcome is None for outcome in outcomes) == server.counts.answered > 5
    assert all(isinstance(outcome, OutOfTime) for outcome in outcomes if outcome)


def test_retries_end_before_the_deadline(server, client):
    server.reset(Faults(throttled=1.0))
    with pytest.raises(OutOfTime):
        engine_for(client, deadline_s=time.monotonic() + 1).synthesize(chunk(1), JOANNA)
    assert server.counts.calls > 2


@pytest.mark.parametrize(("voice", "engine"), [("Joanna", "standard"), ("Ruth", "long-form")])
def test_speech_marks_time_sentences_and_words_for_a_second_charge(server, client, voice, engine):
    ssml = "<speak><p><s>Déjà vu &amp; more.</s><s>Then the end.</s></p></speak>"
    polly = engine_for(client, speech_marks=True)
    speech = polly.synthesize(ssml, VoiceSettings(voice, engine))
    assert server.counts.calls == 2
    assert speech.billed_chars == server.counts.billed_chars
    first, second = speech.sentences
    assert first is not None
    assert second is not None
    assert (first.start_samples, first.end_samples) == (0, second.start_samples)
    assert second.end_samples == sample_count(speech.audio)
    assert second.start_samples == pytest.approx(
        15 / 15 * speech.rate_hz, abs=speech.rate_hz // 500
    )
    said = [(word.sentence, word.char, word.text) for word in speech.words]
    assert said[:3] == [(0, 0, "Déjà"), (0, 5, "vu"), (0, 10, "more")]
    assert said[3:] == [(1, 0, "Then"), (1, 5, "the"), (1, 9, "end")]


def test_generative_voices_are_not_asked_for_speech_marks(server, client):
    speech = engine_for(client, speech_marks=True).synthesize(chunk(1), JOANNA)
    assert (server.counts.calls, speech.sentences) == (1, ())


def test_audio_that_is_paid_for_is_kept_when_its_marks_cannot_be_had(server, client):
    server.reset(Faults(nth=dict.fromkeys(range(2, 20), "ServiceFailureException")))
    speech = engine_for(client, speech_marks=True).synthesize(
        chunk(1), VoiceSettings("Joanna", "neural")
    )
    assert speech.audio
    assert speech.sentences == ()
    assert server.counts.calls == 1 + QUICK.max_tries


def test_both_calls_for_a_timed_chunk_are_billed_and_text_outside_s_is_timed(client):
    engine = engine_for(client, speech_marks=True)
    speech = engine.synthesize(
        "<speak>no element <s>one</s></speak>", VoiceSettings("Joanna", "neural")
    )
    assert len([span for span in speech.sentences if span]) == 2
    assert speech.billed_chars == 2 * len("no element one")


def test_parallelism_is_the_share_of_the_places_in_flight(client):
    assert PollyEngine(client).parallelism == POLLY_QUOTAS["generative"].in_flight
    assert PollyEngine(client, engine="neural").parallelism == 18


def test_a_closed_engine_speaks_no_more(server, client):
    engine = engine_for(client)
    engine.close()
    engine.close()
    with pytest.raises(SpeechFailed, match="closed"):
        engine.synthesize(chunk(1), JOANNA)
    assert server.counts.calls == 0


def test_a_catalogue_outlives_the_engine_that_filled_it(client):
    catalogue = VoiceCatalogue(max_age_s=0.0)
    first = engine_for(client, catalogue=catalogue)
    first.voices()
    first.close()
    assert engine_for(client, catalogue=catalogue).voices()


def test_closing_ends_those_who_wait_and_keeps_what_is_under_way(server, client):
    server.reset(latency=Latency(base_s=1))
    engine = engine_for(client, quotas=quotas(Quota(20, 20, 2)))
    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(engine.synthesize, chunk(number), JOANNA) for number in range(8)]
        while server.counts.calls < 2:
            time.sleep(0.005)
        engine.close()
    outcomes = [wait.exception() for wait in waits]
    assert sum(outcome is None for outcome in outcomes) == server.counts.answered == 2
    assert sum(isinstance(outcome, OutOfTime) for outcome in outcomes) == 6


def test_closing_ends_the_wait_for_another_try(server, client):
    server.reset(Faults(nth={1: "ServiceFailureException"}))
    slow = SpeechRetryPolicy(first_delay_s=30.0, max_delay_s=30.0, min_call_s=0.0)
    engine = PollyEngine(client, quotas=quotas(), retry=Retry(slow, random_fraction=lambda: 1.0))
    with ThreadPoolExecutor(1) as pool:
        wait = pool.submit(engine.synthesize, chunk(1), JOANNA)
        while not server.counts.errors:
            time.sleep(0.005)
        engine.close()
        assert isinstance(wait.exception(timeout=20), OutOfTime)


def test_limits_are_those_of_the_engine(client):
    assert engine_for(client).limits("neural") == POLLY_LIMITS["neural"]
    with pytest.raises(UnknownVoice, match="turbo"):
        engine_for(client).limits("turbo")


def test_the_client_leaves_retries_to_us(client):
    assert client.meta.config.retries["total_max_attempts"] == 1


TEXT_CHARS = len("This is sentence 1.0 & more.")


@pytest.mark.parametrize(
    ("faults", "lost"),
    [
        ({1: CUT_BODY, 2: CUT}, 2),
        ({1: "ServiceFailureException", 2: CUT_BODY}, 1),
        ({1: "ThrottlingException"}, 0),
    ],
)
def test_try_whose_answer_is_lost_counts_as_paid(server, client, faults, lost):
    server.reset(Faults(nth=faults))
    speech = engine_for(client).synthesize(chunk(1), JOANNA)
    assert speech.billed_chars == TEXT_CHARS * (1 + lost)


def test_tries_that_are_all_lost_count_as_paid_in_the_error(server, client):
    server.reset(Faults(texts={"sentence": CUT_BODY}))
    with pytest.raises(SpeechFailed) as caught:
        engine_for(client).synthesize(chunk(1), JOANNA)
    assert (
        caught.value.billed_chars
        == TEXT_CHARS * QUICK.max_tries
        == TEXT_CHARS * (server.counts.calls)
    )


def test_lost_tries_reach_the_charges_of_a_narration(server, client, tmp_path):
    server.reset(Faults(texts={"lost": CUT_BODY}))
    limits = POLLY_LIMITS["generative"]
    script = plan_story("It was lost.", TextType.TEXT, limits, "en-US", Options())
    charges = Charges()
    narrator = Narrator(engine_for(client), FolderStore(tmp_path), JOANNA, ProcessGroup())
    with pytest.raises(SpeechFailed):
        narrator.narrate(list(script.chunks), charges=charges)
    assert charges.paid_chars == QUICK.max_tries * len("It was lost.")
