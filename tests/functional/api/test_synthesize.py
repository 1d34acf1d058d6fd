"""POST /synthesize as clients call it: Lambda events in, Amazon Polly and S3 behind."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from mixer.api.endpoints import build_speech_endpoint
from mixer.compose import AwsServices
from mixer.sound.analysis.measurement import measure
from mixer.store.folder import FolderStore
from mixer.store.s3 import S3Store
from mixer.stories.budget import DailyBudget
from tests.emulators.strict_polly import CUT, HANG, Faults, Latency, StrictPolly
from tests.functional.clouds import BUCKET, OPEN_ALLOWANCES, build_settings, list_keys, mock_s3
from tests.functional.lambdas import (
    FakeContext,
    WarmHandlers,
    event_v1,
    event_v2,
    expect_ok,
    expect_refusal,
)
from tests.spending import count_today_usd

SENTENCE = "The lamp is lit & the tide < the pier."
STORY = "\n\n".join(
    " ".join(f"Number {p} of {s} ships came in with the tide today." for s in range(6))
    for p in range(12)
)

LONG = "\n\n".join(f"Paragraph {p}. " + "Nobody noticed it at all. " * 60 for p in range(60))
"""Some hundred chunks, all different."""


@pytest.fixture(scope="module")
def polly():
    with StrictPolly(allowances=OPEN_ALLOWANCES) as server:
        yield server


@pytest.fixture(scope="module")
def polly_client(polly):
    with closing(polly.client()) as client:
        yield client


@pytest.fixture(autouse=True)
def _reset_server(polly):
    polly.reset()


@pytest.fixture
def s3():
    with mock_s3() as client:
        yield client


@pytest.fixture
def ask(s3, polly_client):
    """Ask a handler of a deployment; it stays warm for the test."""

    def handler(chosen):
        return build_speech_endpoint(AwsServices(settings=chosen, polly=polly_client, s3=s3))

    return WarmHandlers(handler)


LEXICON = """<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
alphabet="ipa" xml:lang="en-US"><lexeme><grapheme>W3C</grapheme>
<alias>World Wide Web Consortium</alias></lexeme></lexicon>"""

OLD_REQUEST = '{"text": "The lamp is lit.", "voice": "Joanna"}'
"""The contract's own, as a client of years ago sends it."""


@pytest.mark.parametrize(
    "event",
    [
        event_v2(OLD_REQUEST),
        event_v1(OLD_REQUEST),
        {"body": OLD_REQUEST},
        json.loads(OLD_REQUEST),
    ],
    ids=["2.0", "1.0", "bare", "direct"],
)
def test_an_old_client_is_served_in_the_open_mode(ask, s3, tmp_path, event):
    body = expect_ok(ask(event))
    assert body["bucket"] == BUCKET
    assert body["chunk_keys"] == list_keys(s3, "narration_chunks/")
    assert body["chunk_keys"][0].endswith(".mp3")
    stored = S3Store(s3, BUCKET).get(body["chunk_keys"][0])
    assert base64.b64decode(body["audio_base64"]) == stored
    names = [urlsplit(url).path.rpartition("/")[2] for url in body["chunk_urls"]]
    assert names == [key.rpartition("/")[2] for key in body["chunk_keys"]]
    assert body["expires_s"] > 0
    (tmp_path / "chunk.mp3").write_bytes(stored)
    assert measure(tmp_path / "chunk.mp3").duration_s == pytest.approx(body["duration_s"], abs=0.1)


def test_the_same_request_with_a_token(ask):
    for body in (OLD_REQUEST, "{}", "no JSON"):
        expect_refusal(ask(event_v2(body), mode="token"), 401, "unauthorized")
    assert expect_ok(ask(event_v2(OLD_REQUEST, caller="anna"), mode="token"))["chunk_keys"]


def test_the_answer_says_who_spoke_and_what_it_cost(ask, polly):
    body = expect_ok(ask(event_v2({"text": SENTENCE})))
    assert (body["voice"], body["engine"], body["language"]) == ("Joanna", "generative", "en-US")
    assert body["billed_characters"] == body["characters"] == polly.counts.billed_chars > 30
    assert body["cost_usd"] == pytest.approx(30e-6 * body["characters"])
    assert body["warnings"] == []


def test_the_best_engine_of_the_voice_is_taken_where_none_is_named(ask, polly):
    best = {voice.id: voice.engines for voice in polly.voices}
    lesser = next(name for name, engines in best.items() if "generative" not in engines)
    assert expect_ok(ask(event_v2({"text": "Hello.", "voice": lesser})))["engine"] in best[lesser]
    named = expect_ok(ask(event_v2({"text": "Hello.", "voice": "Joanna", "engine": "neural"})))
    assert named["engine"] == "neural"


def test_keys_come_in_reading_order_and_nothing_is_paid_twice(ask, polly, s3):
    first = expect_ok(ask(event_v2({"text": STORY})))
    assert len(first["chunk_keys"]) > 3
    assert "audio_base64" not in first
    assert sorted(first["chunk_keys"]) == list_keys(s3, "narration_chunks/")
    calls = polly.counts.calls
    second = expect_ok(ask(event_v2({"text": STORY})))
    assert second["chunk_keys"] == first["chunk_keys"]
    assert (second["billed_characters"], second["cost_usd"]) == (0, 0)
    assert polly.counts.calls == calls
    longer = expect_ok(ask(event_v2({"text": f"{STORY}\n\nOne more sentence was said."})))
    assert longer["chunk_keys"][: len(first["chunk_keys"]) - 1] == first["chunk_keys"][:-1]
    assert polly.counts.calls <= calls + 2


def test_every_chunk_carries_its_measurements_and_the_silence_behind_it(ask, s3):
    body = expect_ok(ask(event_v2({"text": "# One\n\nHello there.", "text_type": "markdown"})))
    about = [
        json.loads(s3.head_object(Bucket=BUCKET, Key=key)["Metadata"]["measured"])
        for key in body["chunk_keys"]
    ]
    assert [each["gap"] for each in about] == [900, 2000]
    assert all(each["n"] > 0 and each["hz"] == 24_000 and each["lufs"] for each in about)
    expect_ok(
        ask(event_v2({"text": "# One\n\nHello there.", "text_type": "markdown", "gap_ms": 70}))
    )
    about = json.loads(
        s3.head_object(Bucket=BUCKET, Key=body["chunk_keys"][0])["Metadata"]["measured"]
    )
    assert about["gap"] == 70


class LaterServices(AwsServices):
    """A deployment in six days."""

    @cached_property
    def speech_service(self):
        later = datetime.now(UTC) + timedelta(days=6)
        service = super().speech_service
        return replace(service, planner=replace(service.planner, now=lambda: later))


def test_old_chunks_are_made_young_again(ask, s3, polly_client, polly):
    key = expect_ok(ask(event_v2({"text": "Hello."})))["chunk_keys"][0]
    before = s3.head_object(Bucket=BUCKET, Key=key)
    later = LaterServices(settings=build_settings(), polly=polly_client, s3=s3)
    calls = polly.counts.calls
    time.sleep(1.1)
    expect_ok(build_speech_endpoint(later)(event_v2({"text": "Hello."}), FakeContext()))
    after = s3.head_object(Bucket=BUCKET, Key=key)
    assert after["LastModified"] > before["LastModified"]
    assert (after["ETag"], after["Metadata"]) == (before["ETag"], before["Metadata"])
    assert polly.counts.calls == calls


def test_two_identical_requests_at_once_end_with_one_set_of_objects(ask, s3):
    ask(event_v2(None, "/voices", "GET"))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: expect_ok(ask(event_v2({"text": STORY}))), range(2)))
    assert answers[0]["chunk_keys"] == answers[1]["chunk_keys"]
    assert sorted(answers[0]["chunk_keys"]) == list_keys(s3, "narration_chunks/")


def test_a_failed_passage_is_named_and_what_succeeded_is_not_paid_again(ask, polly, s3):
    polly.reset(Faults(texts={"Number 7 of 3 ships": "ServiceFailureException"}))
    body = expect_refusal(ask(event_v2({"text": STORY}), FakeContext(30)), 502, "speech_failed")
    assert any("Number 7" in passage for passage in body["details"]["passages"])
    stored = list_keys(s3, "narration_chunks/")
    assert stored
    polly.reset()
    again = expect_ok(ask(event_v2({"text": STORY})))
    assert polly.counts.calls == len(again["chunk_keys"]) - len(stored)


def test_the_deadline_is_a_504_and_what_was_said_is_kept(ask, polly, s3):
    expect_ok(ask(event_v2(None, "/voices", "GET")))
    polly.reset(Faults(texts={"Number 5 of": HANG}), Latency(base_s=0.1))
    body = expect_refusal(ask(event_v2({"text": STORY}), FakeContext(8)), 504, "out_of_time")
    stored = list_keys(s3, "narration_chunks/")
    assert 0 < body["details"]["chunks_done"] <= len(stored) < body["details"]["chunks"]
    polly.reset()
    again = expect_ok(ask(event_v2({"text": STORY})))
    assert polly.counts.calls == len(again["chunk_keys"]) - len(stored)


def test_what_is_still_under_way_at_the_deadline_counts_as_spent(ask, polly, s3):
    expect_ok(ask(event_v2(None, "/voices", "GET")))
    polly.reset(latency=Latency(base_s=5))
    expect_refusal(ask(event_v2({"text": STORY}), FakeContext(6)), 504, "out_of_time")
    time.sleep(2)
    assert polly.counts.billed_chars > 0
    counted_usd = count_today_usd(DailyBudget(S3Store(s3, BUCKET), 50), "anonymous")
    assert counted_usd >= 30e-6 * polly.counts.billed_chars - 1e-6


def test_what_the_store_refuses_is_counted_and_no_more_is_said(polly, s3, polly_client):
    chosen = build_settings()
    services = AwsServices(settings=chosen, polly=polly_client, s3=_TakesNoChunks(s3))
    answered = build_speech_endpoint(services)(event_v2({"text": LONG}), FakeContext())
    expect_refusal(answered, 503, "store_failed")
    time.sleep(0.5)
    assert 0 < polly.counts.calls < 40  # those that were under way
    counted_usd = count_today_usd(DailyBudget(S3Store(s3, BUCKET), 50), "anonymous")
    assert counted_usd >= 30e-6 * polly.counts.billed_chars - 1e-6


class _TakesNoChunks:
    """A client of S3 whose role may write anything but chunks."""

    def __init__(self, s3):
        self._s3 = s3

    def __getattr__(self, name):
        return getattr(self._s3, name)

    def put_object(self, **asked):
        _refuse_chunks(asked["Key"])
        return self._s3.put_object(**asked)

    def upload_file(self, path, bucket, key, **more):
        _refuse_chunks(key)
        return self._s3.upload_file(path, bucket, key, **more)


def _refuse_chunks(key):
    if key.startswith("narration_chunks/"):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


def test_a_cut_connection_is_tried_again(ask, polly):
    polly.reset(Faults(nth={1: CUT}))
    expect_ok(ask(event_v2({"text": "Hello."})))
    assert polly.counts.calls == 2


def test_lexicons_make_another_chunk_and_missing_ones_are_named(ask, polly_client):
    polly_client.put_lexicon(Name="w3c", Content=LEXICON)
    plain = expect_ok(ask(event_v2({"text": "W3C met."})))
    read = expect_ok(ask(event_v2({"text": "W3C met.", "lexicons": ["w3c"]})))
    assert read["chunk_keys"] != plain["chunk_keys"]
    body = expect_refusal(
        ask(event_v2({"text": "W3C met.", "lexicons": ["w4c"]})), 400, "bad_option"
    )
    assert body["details"]["lexicons"] == ["w4c"]


def test_speech_marks_are_bought_where_they_are_wanted(ask, polly, s3):
    wanted = {"text": "Hello there. Come in.", "engine": "neural", "speech_marks": True}
    estimate = expect_ok(ask(event_v2(wanted, "/estimate")))
    dear = {**wanted, "max_cost_usd": estimate["cost_usd"] * 0.75}
    expect_refusal(ask(event_v2(dear)), 400, "too_expensive")
    body = expect_ok(ask(event_v2(wanted)))
    assert body["billed_characters"] == 2 * body["characters"] == polly.counts.billed_chars
    assert body["cost_usd"] == pytest.approx(estimate["cost_usd"])
    stored = s3.head_object(Bucket=BUCKET, Key=body["chunk_keys"][0])["Metadata"]["measured"]
    assert len(json.loads(stored)["s"]) == 2


BAD = {
    "no text": ({}, 400, "bad_input", "text"),
    "empty": ({"text": ""}, 400, "unreadable_text", "text"),
    "blank": ({"text": " \n "}, 400, "unreadable_text", "text"),
    "no words": ({"text": "… — !"}, 400, "unreadable_text", "text"),
    "text of the wrong type": ({"text": ["a"]}, 400, "bad_input", "text"),
    "too long": ({"text": "word " * 20_001}, 413, "text_too_long", "text"),
    "unknown voice": ({"text": "a", "voice": "Joana"}, 400, "unknown_voice", "voice"),
    "unknown engine": ({"text": "a", "engine": "best"}, 400, "unknown_voice", "engine"),
    "truth as a number": ({"text": "a", "gap_ms": False}, 400, "bad_input", "gap_ms"),
    "number as a text": ({"text": "a", "rate": "100"}, 400, "bad_input", "rate"),
    "number as a truth": ({"text": "a", "dry_run": 0}, 400, "bad_input", "dry_run"),
    "pause": ({"text": "a", "pauses": {"breath": 1}}, 400, "bad_option", "pauses"),
    "rate": ({"text": "a", "rate": 500}, 400, "bad_input", "rate"),
    "gap": ({"text": "a", "gap_ms": -1}, 400, "bad_input", "gap_ms"),
    "no lexicon": ({"text": "a", "lexicons": ["x y"]}, 400, "bad_input", "lexicons.0"),
    "six lexicons": ({"text": "a", "lexicons": list("abcdef")}, 400, "bad_input", "lexicons"),
    "marks": ({"text": "a", "speech_marks": True}, 400, "bad_option", "speech_marks"),
    "long language": ({"text": "a", "language": "a" * 300}, 400, "bad_input", "language"),
    "long tag": (
        {"text": "a", "language": "en-" + "a1-" * 11 + "us"},
        400,
        "bad_input",
        "language",
    ),
    "language with a line": ({"text": "a", "language": "en-US\n"}, 400, "bad_input", "language"),
    "language with NUL": ({"text": "a", "language": "en\0"}, 400, "bad_input", "language"),
    "text type": ({"text": "a", "text_type": "mobi"}, 400, "bad_input", "text_type"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_anything_is_paid(ask, polly, s3, name):
    fields, status, code, field = BAD[name]
    body = expect_refusal(ask(event_v2(fields)), status, code)
    assert body["details"]["field"] == field
    assert polly.counts.calls == 0
    assert list_keys(s3) == []


def test_whole_numbers_may_be_written_with_a_point(ask):
    assert expect_ok(ask(event_v2('{"text": "Hello.", "gap_ms": 70.0, "rate": 1e2}')))["chunk_keys"]


def test_unknown_fields_are_ignored_with_a_warning(ask):
    body = expect_ok(ask(event_v2({"text": "Hello.", "speed": 2, "preset": "story"})))
    assert len(body["warnings"]) == 2
    assert "speed" in body["warnings"][1]


def test_option_of_another_route_is_an_unknown_field_whatever_its_value(ask):
    body = expect_ok(ask(event_v2({"text": "Hello.", "format": "[[say x=y]]"})))
    assert "format" in body["warnings"][-1]


def test_what_the_front_matter_states_in_vain_is_reported(ask):
    head = "titel: A Lamp\nvoice: Ben\nmusic-level-lu: 12"
    fields = {"text": f"---\n{head}\n---\nHello."}
    warnings = expect_ok(ask(event_v2(fields, "/estimate")))["warnings"]
    assert "did you mean “title”?" in warnings[0]
    assert warnings[1].startswith("“voice” and “music-level-lu” in the front matter are ignored")
    assert expect_ok(ask(event_v2(fields)))["warnings"][-2:] == warnings


def test_an_estimate_names_the_field_of_a_malformed_lexicon(ask):
    fields = {"text": "Hello.", "lexicon": "nginx engine x"}
    refusal = expect_refusal(ask(event_v2(fields, "/estimate")), 400, "unreadable_text")
    assert refusal["details"]["field"] == "lexicon"


def test_an_estimate_spends_nothing(ask, polly, s3):
    body = expect_ok(ask(event_v2({"text": STORY}, "/estimate")))
    dry = expect_ok(ask(event_v2({"text": STORY, "dry_run": True})))
    assert {**dry, "dry_run": False} == body
    assert body["chunks"] > 3
    assert body["cost_usd"] == pytest.approx(30e-6 * body["characters"], abs=1e-6)
    assert body["costs_usd"]["standard"] < body["cost_usd"]
    assert (polly.counts.calls, list_keys(s3)) == (0, [])


def test_voices_are_listed_with_the_default_first(ask):
    voices = expect_ok(ask(event_v2(None, "/voices", "GET")))["voices"]
    assert voices[0]["id"] == "Joanna"
    assert voices[0]["engines"][0] == "generative"
    assert len(voices) > 20


def test_what_costs_too_much_is_refused_before_it_is_spent(ask, polly):
    cheap = event_v2({"text": STORY, "max_cost_usd": 0.001})
    assert expect_refusal(ask(cheap), 400, "too_expensive")["details"]["cost_usd"] > 0.01
    expect_refusal(ask(event_v2({"text": STORY}), max_request_usd=0.001), 400, "too_expensive")
    assert polly.counts.calls == 0
    expect_ok(ask(event_v2({"text": STORY})))
    assert expect_ok(ask(cheap))["cost_usd"] == 0


def test_a_caller_who_has_spent_enough_must_wait_for_tomorrow(ask, polly, s3):
    caps = {"mode": "token", "max_daily_usd": 0.002}
    expect_ok(ask(event_v2({"text": "A first sentence, short enough."}, caller="anna"), **caps))
    answered = ask(event_v2({"text": STORY}, caller="anna"), **caps)
    expect_refusal(answered, 429, "cap_reached")
    assert 0 < int(answered["headers"]["Retry-After"]) <= 86_400
    assert polly.counts.calls == 1
    expect_ok(ask(event_v2({"text": "A first sentence, said before."}, caller="bert"), **caps))
    assert len(list_keys(s3, "spending/")) == 2


def test_equal_requests_at_once_are_paid_once_even_if_the_cap_allows_no_more(ask, polly, s3):
    """Each would cost what the first one pays; so they wait before they are priced."""
    polly.reset(latency=Latency(0.05))
    sentence = "The harbour bell rang twice, and then it was quiet."
    caps = {"mode": "token", "max_daily_usd": 1.5 * len(sentence) * 30 / 1e6}

    def request(_number):
        return ask(event_v2({"text": sentence}, caller="anna"), **caps)

    expect_ok(ask(event_v2({"text": "."}, "/voices", "GET", caller="anna"), **caps))
    with ThreadPoolExecutor(6) as pool:
        answers = [expect_ok(each) for each in pool.map(request, range(6))]
    assert polly.counts.calls == 1
    assert sorted(each["billed_characters"] for each in answers)[:-1] == [0] * 5
    refused = ask(event_v2({"text": sentence[::-1]}, caller="anna"), **caps)
    message = expect_refusal(refused, 429, "cap_reached")["error"]
    assert "about $0.00153, which" in message
    assert "the $0.002295 that" in message
    assert [int(key[-29:-17]) for key in list_keys(s3, "spending/")] == [1_530]


def test_requests_at_once_that_share_a_chunk_pay_for_it_once_even_near_the_cap(ask, polly, s3):
    """One that is refused waits for what others pay for, and then pays for its own chunks only."""
    polly.reset(latency=Latency(0.05))
    shared = "The harbour bell rang twice, and then it was quiet in all of the narrow streets."
    own = [f"Tom saw {name}." for name in ("Ann", "Bob", "Eve", "Kim", "Lea", "Max")]
    total_usd = (len(shared) + sum(map(len, own))) * 30 / 1e6
    caps = {"mode": "token", "max_daily_usd": 1.25 * total_usd}

    def request(sentence):
        text = f"# One\n\n{shared}\n\n# Two\n\n{sentence}"
        fields = {"text": text, "text_type": "markdown", "titles": "unspoken"}
        return ask(event_v2(fields, caller="anna"), **caps)

    expect_ok(ask(event_v2(None, "/voices", "GET", caller="anna"), **caps))
    with ThreadPoolExecutor(6) as pool:
        answers = [expect_ok(each) for each in pool.map(request, own)]
    assert polly.counts.calls == 1 + len(own)
    assert len({each["chunk_keys"][0] for each in answers}) == 1
    spent = sum(int(key[-29:-17]) for key in list_keys(s3, "spending/"))
    assert spent == pytest.approx(total_usd * 1e6, abs=1)
    assert not list_keys(s3, "speaking/")
    refused = request(shared[::-1])
    expect_refusal(refused, 429, "cap_reached")


def test_what_counts_is_what_was_paid(tmp_path):
    store = FolderStore(tmp_path)
    spending = DailyBudget(store, max_daily_usd=1.0)
    with spending.reservation("anna", 0.9, lambda: 0.25):
        assert count_today_usd(spending, "anna") == pytest.approx(0.9)
    assert count_today_usd(spending, "anna") == pytest.approx(0.25)
    with suppress(ZeroDivisionError), spending.reservation("anna", 0.5, lambda: 0.1):
        count_today_usd(spending, str(1 / 0))
    assert count_today_usd(spending, "anna") == pytest.approx(0.35)
    assert count_today_usd(spending, "bert") == 0


def test_many_requests_at_once_never_spend_more_than_the_cap(tmp_path):
    spending = DailyBudget(FolderStore(tmp_path), max_daily_usd=1.0)

    def spend(_number):
        try:
            with spending.reservation("anna", 0.3, lambda: 0.3):
                pass
        except Exception:  # noqa: BLE001 - refused
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(16))) <= 3
    assert count_today_usd(spending, "anna") <= 1.0


def test_what_was_done_is_counted_and_logged_without_the_text(ask, polly, capsys, caplog):
    expect_ok(ask(event_v2({"text": SENTENCE})))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Mixer"
    assert (lines[0]["service"], lines[0]["deployment"]) == ("speech", "local")
    assert lines[0]["CharactersBilled"] == [polly.counts.billed_chars]
    assert lines[0]["CacheMisses"] == [1]
    expect_ok(ask(event_v2({"text": SENTENCE})))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (lines[0]["CacheHits"], lines[0]["CharactersBilled"]) == ([1], [0])
    polly.reset(Faults(texts={"storm": "ServiceFailureException"}))
    expect_refusal(ask(event_v2({"text": "A storm came."}), FakeContext(12)), 502, "speech_failed")
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert "gateway-request" in logged
    assert "lamp" not in logged
    assert "storm" not in logged
