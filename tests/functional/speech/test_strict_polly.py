"""The strict server refuses what Amazon Polly refuses, as boto3 sees it."""

import concurrent.futures
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from mixer.speech.polly.speech_marks import parse_marks, sample_count
from tests.emulators.polly_audio import pitch_hz, tone_mp3
from tests.emulators.polly_meter import TokenBucket
from tests.emulators.polly_tables import VOICES
from tests.emulators.strict_polly import CUT, CUT_BODY, Allowance, Faults, Latency, StrictPolly

LEXICON = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
  alphabet="ipa" xml:lang="en-US">
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
</lexicon>"""


@pytest.fixture(scope="module")
def server() -> Iterator[StrictPolly]:
    plenty = {engine: Allowance(1e6, 1e6, 80) for engine in ("standard", "neural", "long-form")}
    with StrictPolly(allowances={**plenty, "generative": Allowance(1e6, 1e6, 80)}) as polly:
        yield polly


@pytest.fixture(scope="module")
def client(server):
    client = server.client()
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _reset_server(server):
    server.reset()


def say(client, text="<speak>Hello there.</speak>", **options):
    asked = {
        "Engine": "generative",
        "VoiceId": "Joanna",
        "OutputFormat": "mp3",
        "TextType": "ssml",
        "Text": text,
    }
    answer = client.synthesize_speech(**{**asked, **options})
    with closing(answer["AudioStream"]) as stream:
        return stream.read(), answer


def refusal(client, *arguments, **options):
    with pytest.raises(ClientError) as caught:
        say(client, *arguments, **options)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_answers_with_whole_mp3_frames_and_the_characters_outside_tags(client):
    audio, answer = say(client, "<speak><s>Fish &amp; chips.</s></speak>")
    assert answer["RequestCharacters"] == len("Fish & chips.")
    assert answer["ContentType"] == "audio/mpeg"
    assert sample_count(audio) == pytest.approx(13 / 15 * 24_000, abs=576)


def test_audio_is_as_long_as_the_text_and_its_breaks(client):
    short, _ = say(client, "<speak>One two.</speak>")
    long, _ = say(client, '<speak>One two.<break time="2s"/></speak>')
    assert sample_count(long) - sample_count(short) == pytest.approx(2 * 24_000, abs=576)


def test_tones_decode_to_the_pitch_of_their_text():
    from tests.emulators.polly_audio import tone_pcm

    pcm = tone_pcm("some text", 1.0, 16_000)
    samples = memoryview(pcm).cast("h")
    crossings = sum(1 for a, b in pairwise(samples) if a < 0 <= b)
    assert crossings == pytest.approx(pitch_hz("some text"), abs=2)


def test_mp3_decodes_without_errors(tmp_path: Path):
    import imageio_ffmpeg

    path = tmp_path / "tone.mp3"
    path.write_bytes(tone_mp3("decodes", 7.5, 24_000))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)]
    run = subprocess.run(
        [*command, "-f", "s16le", "-"], capture_output=True, check=True, timeout=30
    )
    assert run.stderr == b""
    assert len(run.stdout) // 2 == pytest.approx(7.5 * 24_000, abs=2 * 576)


@pytest.mark.parametrize(
    ("engine", "ssml"),
    [
        ("generative", "<speak>Fish & chips</speak>"),
        ("generative", "<speak>1 < 2</speak>"),
        ("generative", "<speak><s>open</speak>"),
        ("generative", "just text"),
        ("generative", "<p>another root</p>"),
        ("generative", "<speak></speak>"),
        ("generative", "<speak>  \n </speak>"),
        ("generative", "<speak><speak>twice</speak></speak>"),
        ("generative", "<speak><emphasis>no</emphasis></speak>"),
        ("generative", '<speak><prosody pitch="high">no</prosody></speak>'),
        ("generative", '<speak><s>so <prosody rate="slow">slow</prosody></s></speak>'),
        ("generative", '<speak><s><prosody rate="slow">so</prosody> slow</s></speak>'),
        ("generative", '<speak><amazon:effect name="drc">no</amazon:effect></speak>'),
        ("generative", '<speak><prosody rate="10%">too slow</prosody></speak>'),
        ("generative", '<speak>a<break time="10.1s"/></speak>'),
        ("generative", '<speak>a<break time="10001ms"/></speak>'),
        ("generative", '<speak>a<break time="soon"/></speak>'),
        ("generative", "<speak>a<break>b</break></speak>"),
        ("generative", '<speak><say-as interpret-as="song">la</say-as></speak>'),
        ("generative", "<speak><say-as>la</say-as></speak>"),
        ("generative", "<speak><sub>no alias</sub></speak>"),
        ("generative", "<speak><lang>no language</lang></speak>"),
        ("generative", "<speak><s>a<s>b</s></s></speak>"),
        ("generative", "<speak><s><p>a</p></s></speak>"),
        ("generative", "<speak><audio src='x'/>a</speak>"),
        ("generative", '<!DOCTYPE a [<!ENTITY b "c">]><speak>&b;</speak>'),
        ("neural", '<speak><emphasis level="strong">no</emphasis></speak>'),
        ("neural", '<speak><prosody pitch="+5%">no</prosody></speak>'),
        ("neural", '<speak><prosody amazon:max-duration="2s">no</prosody></speak>'),
        ("neural", '<speak><amazon:effect name="whispered">no</amazon:effect></speak>'),
        ("neural", "<speak><amazon:auto-breaths>no</amazon:auto-breaths></speak>"),
        ("long-form", '<speak><amazon:domain name="news">no</amazon:domain></speak>'),
        ("standard", '<speak><amazon:domain name="news">no</amazon:domain></speak>'),
        ("standard", "<speak><voice name='Amy'>no</voice></speak>"),
    ],
)
def test_ssml_that_the_engine_does_not_support_is_invalid(client, engine, ssml):
    voice = "Ruth" if engine == "long-form" else "Joanna"
    assert refusal(client, ssml, Engine=engine, VoiceId=voice) == ("InvalidSsmlException", 400)


@pytest.mark.parametrize(
    ("engine", "ssml"),
    [
        ("generative", '<speak><p><s>a</s><break time="10s"/></p><s>b</s></speak>'),
        ("generative", '<speak><prosody rate="90%"><s>all of it</s></prosody></speak>'),
        ("generative", '<speak><s><prosody rate="90%">all of it</prosody></s></speak>'),
        ("generative", '<speak><s>a<mark name="here"/> b</s></speak>'),
        ("generative", '<speak><sub alias="versus">vs</sub></speak>'),
        ("generative", '<speak><lang xml:lang="fr-FR">oui</lang></speak>'),
        ("generative", '<speak><phoneme alphabet="ipa" ph="pɪˈkɑːn">pecan</phoneme></speak>'),
        ("generative", '<speak><say-as interpret-as="date" format="mdy">1/2/26</say-as></speak>'),
        ("generative", '<speak><w role="amazon:VBD">read</w></speak>'),
        ("neural", '<speak><amazon:domain name="news">news</amazon:domain></speak>'),
        ("neural", '<speak><s>so <prosody rate="slow">slow</prosody></s></speak>'),
        ("standard", '<speak><prosody pitch="high">a</prosody><emphasis>b</emphasis></speak>'),
        ("standard", '<speak><amazon:effect name="whispered">psst</amazon:effect></speak>'),
    ],
)
def test_ssml_that_the_engine_supports_is_spoken(client, engine, ssml):
    audio, _ = say(client, ssml, Engine=engine)
    assert sample_count(audio) > 0


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("<speak>" + "a" * 3000 + "</speak>", True),
        ("<speak>" + "a" * 3001 + "</speak>", False),
        ("<speak>" + "<s>a</s>" * 748 + "</speak>", True),
        ("<speak>" + "<s>a</s>" * 749 + "</speak>", False),
    ],
)
def test_text_is_limited_by_billed_and_by_total_characters(client, text, is_taken):
    if is_taken:
        assert say(client, text)[0]
    else:
        assert refusal(client, text) == ("TextLengthExceededException", 400)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"VoiceId": "Joana"}, "ValidationException"),
        ({"Engine": "turbo"}, "ValidationException"),
        ({"OutputFormat": "flac"}, "ValidationException"),
        ({"TextType": "html"}, "ValidationException"),
        ({"Text": ""}, "ValidationException"),
        ({"LexiconNames": ["a", "b", "c", "d", "e", "f"]}, "ValidationException"),
        ({"Engine": "long-form"}, "EngineNotSupportedException"),
        ({"VoiceId": "Hans"}, "EngineNotSupportedException"),
        ({"LanguageCode": "fr-FR"}, "LanguageNotSupportedException"),
        ({"SampleRate": "12345"}, "InvalidSampleRateException"),
        ({"OutputFormat": "pcm", "SampleRate": "24000"}, "InvalidSampleRateException"),
        ({"SpeechMarkTypes": ["word"]}, "MarksNotSupportedForFormatException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["word"]}, "EngineNotSupportedException"),
        (
            {
                "OutputFormat": "json",
                "SpeechMarkTypes": ["ssml"],
                "TextType": "text",
                "Engine": "neural",
            },
            "SsmlMarksNotSupportedForTextTypeException",
        ),
    ],
)
def test_requests_that_polly_cannot_serve_are_refused(client, options, code):
    assert refusal(client, **options) == (code, 400)


def test_a_bilingual_voice_takes_its_other_language(client):
    assert say(client, VoiceId="Kajal", LanguageCode="hi-IN")[0]


def test_plain_text_is_not_read_as_ssml(client):
    _, answer = say(client, "Fish & chips < 3 €", TextType="text")
    assert answer["RequestCharacters"] == 18


def test_unsigned_requests_are_refused(server):
    connection = http.client.HTTPConnection(server.endpoint_url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/v1/voices")
    answer = connection.getresponse()
    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    answer.read()
    connection.close()


def test_calls_over_the_rate_are_throttled_and_the_bucket_fills_again():
    with StrictPolly(allowances={"generative": Allowance(0.001, 2, 80)}) as polly:
        client = polly.client()
        say(client)
        say(client)
        assert refusal(client) == ("ThrottlingException", 400)
        say(client, Engine="neural")
        assert (polly.counts.throttled, polly.counts.answered) == (1, 3)
        client.close()
    bucket, now_s = TokenBucket(Allowance(20, 5, 80)), time.monotonic()
    assert [bucket.take(now_s) for _ in range(6)] == [True] * 5 + [False]
    assert [bucket.take(now_s + 0.06) for _ in range(2)] == [True, False]


def test_calls_over_the_places_in_flight_are_throttled():
    allowances = {"generative": Allowance(1000, 1000, 3)}
    with StrictPolly(allowances=allowances, latency=Latency(base_s=1.5)) as polly:
        client = polly.client()
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            waits = [pool.submit(say, client) for _ in range(5)]
        outcomes = [wait.exception() for wait in waits]
        client.close()
        assert sum(outcome is None for outcome in outcomes) == 3
        assert polly.counts.max_in_flight == 3
        assert polly.counts.throttled == 2


def test_latency_grows_with_the_characters(server, client):
    server.reset(latency=Latency(base_s=0.1, per_char_s=0.001, scale=0.5))
    began_s = time.monotonic()
    say(client, f"<speak>{'a' * 300}</speak>")
    assert time.monotonic() - began_s >= 0.2


def test_scripted_faults_befall_the_calls_they_name(server, client):
    nth = {1: "ServiceFailureException", 2: CUT, 3: CUT_BODY}
    server.reset(Faults(nth=nth, texts={"cursed": "AccessDeniedException"}))
    assert refusal(client) == ("ServiceFailureException", 500)
    with pytest.raises(ConnectionClosedError):
        say(client)
    with pytest.raises(ResponseStreamingError):
        say(client)
    assert say(client)[0]
    assert refusal(client, "<speak>cursed</speak>") == ("AccessDeniedException", 403)
    assert server.counts.injected == 4
    assert server.counts.texts == {"<speak>Hello there.</speak>": 1}


def test_equal_seeds_fail_equal_calls(server, client):
    def outcomes(seed: int) -> list[bool]:
        server.reset(Faults(throttled=0.5, seed=seed))
        sentences = []
        for _ in range(20):
            try:
                say(client)
                sentences.append(True)
            except ClientError:
                sentences.append(False)
        return sentences

    first = outcomes(1)
    assert outcomes(1) == first
    assert outcomes(2) != first
    assert 3 < sum(first) < 17


def test_voices_come_in_pages_and_by_filter(server, client):
    first = client.describe_voices()
    assert len(first["Voices"]) == server.page_voices
    pages = client.get_paginator("describe_voices").paginate()
    listed = [voice["Id"] for page in pages for voice in page["Voices"]]
    assert listed == [voice.id for voice in VOICES]
    generative = client.describe_voices(Engine="generative", LanguageCode="en-GB")["Voices"]
    assert [voice["Id"] for voice in generative] == ["Amy"]
    bilingual = client.describe_voices(LanguageCode="hi-IN", IncludeAdditionalLanguageCodes=True)
    assert [voice["Id"] for voice in bilingual["Voices"]] == ["Aditi", "Kajal"]
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        client.describe_voices(NextToken="nonsense")


def test_the_voice_table_is_as_wide_as_the_real_one():
    assert len(VOICES) >= 25
    assert len({voice.language for voice in VOICES}) >= 12
    joanna = next(voice for voice in VOICES if voice.id == "Joanna")
    assert set(joanna.engines) == {"generative", "neural", "standard"}


def test_lexicons_are_kept_listed_used_and_deleted(client):
    client.put_lexicon(Name="w3c", Content=LEXICON)
    assert client.get_lexicon(Name="w3c")["Lexicon"]["Content"] == LEXICON
    attributes = client.list_lexicons()["Lexicons"][0]["Attributes"]
    assert (attributes["LexemesCount"], attributes["LanguageCode"]) == (1, "en-US")
    assert say(client, LexiconNames=["w3c"])[0]
    client.delete_lexicon(Name="w3c")
    assert refusal(client, LexiconNames=["w3c"]) == ("LexiconNotFoundException", 404)
    with pytest.raises(ClientError, match="LexiconNotFoundException"):
        client.get_lexicon(Name="w3c")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("not-a-name", LEXICON, "ValidationException"),
        ("broken", "<lexicon", "InvalidLexiconException"),
        ("root", "<words/>", "InvalidLexiconException"),
        ("alphabet", LEXICON.replace('"ipa"', '"abc"'), "UnsupportedPlsAlphabetException"),
        ("language", LEXICON.replace("en-US", "tlh"), "UnsupportedPlsLanguageException"),
        ("long", LEXICON + " " * 40_000, "LexiconSizeExceededException"),
        ("lexeme", LEXICON.replace("World", "W" * 100), "MaxLexemeLengthExceededException"),
    ],
)
def test_bad_lexicons_are_refused(client, name, content, code):
    with pytest.raises(ClientError, match=code):
        client.put_lexicon(Name=name, Content=content)


def test_speech_marks_count_bytes_of_the_request(client):
    ssml = "<speak><s>Déjà vu.</s><s>Fish &amp; chips.</s></speak>"
    options = {"OutputFormat": "json", "SpeechMarkTypes": ["sentence", "word"], "Engine": "neural"}
    lines, answer = say(client, ssml, **options)
    assert answer["ContentType"] == "application/x-json-stream"
    marks = parse_marks(lines)
    sent = ssml.encode()
    said = [sent[mark.start_byte : mark.end_byte].decode() for mark in marks]
    assert said == ["Déjà vu.", "Déjà", "vu", "Fish &amp; chips.", "Fish", "chips"]
    assert [mark.time_ms for mark in marks] == sorted(mark.time_ms for mark in marks)
    assert json.loads(lines.splitlines()[0])["value"] == "Déjà vu."


def test_what_the_voice_cannot_read_has_no_marks(client):
    ssml = "<speak><s>One.</s><s>你好。</s><s>😀</s></speak>"
    options = {"OutputFormat": "json", "SpeechMarkTypes": ["sentence"], "Engine": "neural"}
    assert len(parse_marks(say(client, ssml, **options)[0])) == 1
    assert len(parse_marks(say(client, ssml, VoiceId="Zhiyu", **options)[0])) == 2


def test_voices_sound_different(client):
    assert say(client, VoiceId="Joanna")[0] != say(client, VoiceId="Matthew")[0]


def test_stopping_ends_calls_under_way_and_leaves_no_thread():
    before = set(threading.enumerate())
    with StrictPolly(faults=Faults(nth={1: "hang"})) as polly:
        client = polly.client()
        outcome: list[BaseException] = []

        def hung() -> None:
            try:
                say(client)
            except ConnectionClosedError as error:
                outcome.append(error)

        caller = threading.Thread(target=hung)
        caller.start()
        while not polly.counts.calls:
            time.sleep(0.005)
    caller.join(timeout=60)
    client.close()
    assert len(outcome) == 1
    assert set(threading.enumerate()) <= before
    polly.stop()


def test_runs_by_hand_and_prints_its_address():
    command = [sys.executable, "-m", "tests.emulators.strict_polly", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.terminate()
        assert process.wait(timeout=60) != 0
