"""Answers of Amazon Polly that are not speech: they are counted, and tried twice at most."""

from contextlib import closing

import pytest
from botocore.awsrequest import AWSResponse

from mixer.errors import SpeechFailed, SpeechUnavailable
from mixer.requests import Options
from mixer.script import LIMITS
from mixer.script.readers import TextType
from mixer.sound import ProcessGroup
from mixer.speech import Charges, Narrator, VoiceSettings
from mixer.speech.polly import EngineQuotas, PollyEngine, Retry
from mixer.speech.polly.retry import SpeechRetryPolicy
from mixer.store import FolderStore
from tests.emulators.strict_polly import StrictPolly
from tests.functional.clouds import OPEN_ALLOWANCES
from tests.functional.retention.cleanup_world import RawBody
from tests.scripts import plan_story

SSML = "<speak><s>The lamp went out.</s></speak>"
CHARS = len("The lamp went out.")
JOANNA = VoiceSettings("Joanna", "neural")
QUICK = SpeechRetryPolicy(first_delay_s=0.001, max_delay_s=0.002, min_call_s=0.0)
CHARGED = {"Content-Type": "audio/mpeg", "x-amzn-RequestCharacters": str(CHARS)}

DAMAGED = {
    "no body": (200, CHARGED, b""),
    "one byte": (200, CHARGED, b"\xff"),
    "JSON": (200, CHARGED, b"{}"),
    "no content": (204, CHARGED, b""),
    "page of a proxy": (200, {"Content-Type": "text/html"}, b"<html>busy</html>"),
    "charge that is not a number": (200, {"x-amzn-RequestCharacters": "many"}, b"<html>"),
    "refusal in no encoding": (400, {}, b"\xff\xfe\x00{"),
}
BUSY = {"no code, 429": (429, {}, b"slow down"), "no code, 408": (408, {}, b"too slow")}


@pytest.fixture(scope="module")
def server():
    with StrictPolly(allowances=OPEN_ALLOWANCES) as polly:
        yield polly


@pytest.fixture
def client(server):
    server.reset()
    with closing(server.client()) as polly_client:
        yield polly_client


def build_engine(client, **options):
    return PollyEngine(client, quotas=EngineQuotas(0.01), retry=Retry(QUICK), **options)


def answer_calls(client, answer, count, output="mp3"):
    """Let so many calls get an answer of our own; the list grows with each."""
    answered, (status, headers, body) = [], answer

    def send(request, **_):
        if len(answered) >= count or f'"{output}"'.encode() not in request.body:
            return None
        answered.append(request)
        return AWSResponse(request.url, status, headers, RawBody(body))

    client.meta.events.register("before-send.polly.SynthesizeSpeech", send)
    return answered


@pytest.mark.parametrize("answer", DAMAGED.values(), ids=DAMAGED)
def test_damaged_answer_is_counted_and_asked_for_again(client, answer):
    answer_calls(client, answer, 1)
    speech = build_engine(client).synthesize(SSML, JOANNA)
    assert speech.billed_chars == 2 * CHARS


@pytest.mark.parametrize("answer", DAMAGED.values(), ids=DAMAGED)
def test_answers_that_are_always_damaged_fail_after_two_tries(client, answer):
    answered = answer_calls(client, answer, 100)
    with pytest.raises(SpeechFailed, match="The lamp went out") as failed:
        build_engine(client).synthesize(SSML, JOANNA)
    assert not isinstance(failed.value, SpeechUnavailable)  # which others would try again
    assert len(answered) == 2
    assert failed.value.billed_chars == 2 * CHARS


@pytest.mark.parametrize("answer", BUSY.values(), ids=BUSY)
def test_status_of_a_busy_service_is_enough_to_try_again(client, answer):
    answer_calls(client, answer, 3)
    assert build_engine(client).synthesize(SSML, JOANNA).billed_chars == CHARS


@pytest.mark.parametrize("charge", [{}, {"x-amzn-RequestCharacters": "-500"}])
def test_audio_without_a_usable_charge_is_kept_and_counted_by_its_characters(
    server, client, charge
):
    audio = build_engine(client).synthesize(SSML, JOANNA).audio
    answer_calls(client, (200, charge, audio), 1)
    speech = build_engine(client).synthesize(SSML, JOANNA)
    assert (speech.audio, speech.billed_chars) == (audio, CHARS)
    assert server.counts.answered == 1


MARKS = [b'{"time":0,"type":"sentence","sta', b"[1]", b"null", b'{"type":"word"}']


@pytest.mark.parametrize("marks", MARKS)
def test_audio_is_kept_when_its_marks_are_damaged(client, marks):
    answer_calls(client, (200, CHARGED, marks), 100, output="json")
    speech = build_engine(client, speech_marks=True).synthesize(SSML, JOANNA)
    assert speech.audio
    assert not speech.sentences
    assert speech.billed_chars == 3 * CHARS


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"Voices": null}', b'{"Voices": [1]}'])
def test_damaged_list_of_voices_is_one_sentence(client, body):
    client.meta.events.register(
        "before-send.polly.DescribeVoices",
        lambda request, **_: AWSResponse(request.url, 200, {}, RawBody(body)),
    )
    with pytest.raises(SpeechFailed, match="cannot list its voices"):
        build_engine(client).voices()


def test_recording_that_cannot_be_measured_is_named_and_the_others_are_kept(client, tmp_path):
    """Frames without sound pass for audio until they are measured."""
    frame = bytes([0xFF, 0xF3, 0x64, 0xC4]) + bytes(140)
    answer_calls(client, (200, CHARGED, frame), 1)
    engine, charges = build_engine(client), Charges()
    narrator = Narrator(engine, FolderStore(tmp_path), JOANNA, ProcessGroup())
    text = "# One\n\nThe lamp.\n\n# Two\n\nThe cat."
    script = plan_story(text, TextType.MARKDOWN, LIMITS["neural"], "en-US", Options())
    chunks = list(script.chunks)
    with pytest.raises(SpeechFailed) as failed:
        narrator.narrate(chunks, charges=charges)
    assert len(failed.value.passages) == 1
    assert len(list(FolderStore(tmp_path).list("narration_chunks/"))) == len(chunks) - 1
