"""Stories run by the state machine: moto interprets it, S3 and a strict Polly stand behind."""

import json
import time
from contextlib import closing

import boto3
import pytest
from moto import mock_aws

from mixer.settings import StorySettings
from mixer.store.s3 import create_s3_client
from mixer.stories.keys import cancellation_name
from mixer.stories.model import StoryKind, StoryState
from mixer.stories.request import StoryRequest, derive_story_id
from tests.emulators.strict_polly import Faults, Latency, StrictPolly
from tests.functional.clouds import (
    BUCKET,
    MUSIC_BUCKET,
    OPEN_ALLOWANCES,
    build_settings,
    list_keys,
    session,
)
from tests.functional.stories.story_machine import (
    CALLER,
    CHUNKS,
    POISON,
    VOICE,
    build_book,
    build_tasks,
    start_moto_machine,
)
from tests.sounds import MIX_HZ, noise, tone, write_sound

EXECUTING = {"stepfunctions": {"execute_state_machine": True}}


@pytest.fixture(scope="module")
def polly():
    with StrictPolly(allowances=OPEN_ALLOWANCES) as server:
        yield server


@pytest.fixture(scope="module")
def machine(polly):
    """One account for all tests: what one story has synthesized and mixed, another finds."""
    with (
        pytest.MonkeyPatch.context() as patch,
        mock_aws(config=EXECUTING),
        closing(create_s3_client(session=session())) as s3,
        closing(polly.client()) as speaker,
    ):
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in (BUCKET, MUSIC_BUCKET):
            s3.create_bucket(Bucket=name)
        settings = build_settings(stories=StorySettings(max_concurrent=3))
        tasks = build_tasks(settings, s3=s3, polly=speaker)
        with start_moto_machine(settings, tasks, patch) as running:
            yield running


@pytest.fixture(autouse=True)
def _reset_server(polly, machine):
    polly.reset()
    machine.calls.clear()


@pytest.fixture(scope="module")
def whole_book(machine, polly):
    """A book that was made from text to audio."""
    story = machine.create_story(build_book("Bell"), **VOICE)
    return story, machine.await_end(story), list(machine.calls), polly.counts


def test_book_is_made_in_steps(machine, whole_book):
    story, status, calls, counts = whole_book
    assert (status.state, status.failure, status.progress) == (StoryState.DONE, None, 1.0)
    assert status.chunks_done == status.chunks_total == counts.answered == CHUNKS
    assert status.segments_done == status.segments_total >= 6
    order = [each["task"] for each in calls]
    assert order[0] == "plan"
    assert order[-3:] == ["join", "publish", "notify"]
    assert order.count("synthesize") == 5  # the first chunk alone, then twice as many each time
    assert order.count("render") == 3
    (execution,) = machine.list_executions(story)
    assert (execution["name"], execution["status"]) == (f"{story}-1", "SUCCEEDED")
    assert set(status.result.links) >= {
        *("audio", "captions_vtt", "captions_srt", "chapters", "picture", "report")
    }


def test_payloads_stay_small(machine, whole_book):
    story, *_ = whole_book
    (execution,) = machine.list_executions(story)
    history = machine.states.get_execution_history(executionArn=execution["executionArn"])
    largest = max(len(json.dumps(each, default=str)) for each in history["events"])
    assert largest < 4_000


def test_name_that_is_used_up_is_not_used_again(machine, whole_book):
    story, *_ = whole_book
    assert machine.service.launcher.start(story, 1, StoryKind.STORY) is False
    with pytest.raises(machine.states.exceptions.ExecutionAlreadyExists):
        machine.states.start_execution(
            stateMachineArn=machine.arn, name=f"{story}-1", input='{"other": 1}'
        )


def test_storm_of_refusals_is_weathered(machine, polly):
    polly.reset(Faults(throttled=0.4, cut=0.05, seed=3))
    story = machine.create_story(build_book("Storm"), StoryKind.SPEECH, **VOICE)
    status = machine.await_end(story)
    assert (status.state, status.failure) == (StoryState.DONE, None)
    assert len(status.result.chunk_keys) == CHUNKS
    assert polly.counts.throttled > 5
    assert polly.counts.answered <= CHUNKS + 6  # those cut in mid-audio were answered in vain


def test_passage_that_can_never_be_synthesized_fails_by_name_and_the_rest_is_kept(machine, polly):
    text = f"{build_book('Silence')}\n\n{POISON}"
    polly.reset(Faults(texts={"tempest": "InvalidSsmlException"}))
    story = machine.create_story(text, StoryKind.SPEECH, **VOICE)
    failed = machine.await_end(story)
    assert (failed.state, failed.failure.code) == (StoryState.FAILED, "speech_failed")
    assert failed.failure.details["passages"] == ["The tempest rose."]
    assert [each["status"] for each in machine.list_executions(story)] == ["FAILED"]
    answered = polly.counts.answered
    polly.reset()
    assert machine.create_story(text, StoryKind.SPEECH, **VOICE) == story
    resumed = machine.await_end(story)
    assert (resumed.state, resumed.result.attempt) == (StoryState.DONE, 2)
    assert [each["status"] for each in machine.list_executions(story)] == ["FAILED", "SUCCEEDED"]
    assert answered + polly.counts.answered == CHUNKS + 2


def test_cancelled_story_ends_and_says_so(machine, polly):
    text = build_book("Thief")
    folder = f"stories/{story_of(machine, text)}"
    machine.service.store.put(f"{folder}/{cancellation_name(1)}", b"{}")  # before its first step
    story = machine.create_story(text, StoryKind.SPEECH, **VOICE)
    status = machine.await_end(story)
    assert (status.state, polly.counts.answered) == (StoryState.CANCELLED, 0)
    assert {each["task"] for each in machine.calls} == {"plan", "record", "notify"}


def test_story_cancelled_while_it_speaks_ends_and_goes_on_when_asked_again(machine, polly):
    text = build_book("Raven")
    polly.reset(latency=Latency(base_s=1.0))
    story = machine.create_story(text, StoryKind.SPEECH, **VOICE)
    while not polly.counts.calls:
        time.sleep(0.01)
    assert machine.service.cancel(story, CALLER).state is StoryState.CANCELLED
    machine.await_end(story)
    before = polly.counts
    assert 0 < before.answered < CHUNKS
    polly.reset()
    assert machine.create_story(text, StoryKind.SPEECH, **VOICE) == story
    status = machine.await_end(story)
    assert (status.state, status.result.attempt) == (StoryState.DONE, 2)
    # Calls that were under way when it was cancelled are answered in vain, or to this attempt.
    assert before.answered + polly.counts.answered >= CHUNKS
    assert before.answered + polly.counts.calls <= CHUNKS + before.max_in_flight
    ends = [each["status"] for each in machine.list_executions(story)]
    assert ends == ["SUCCEEDED", "SUCCEEDED"]


def story_of(machine, text):
    order = StoryRequest(StoryKind.SPEECH, CALLER, {"text_type": "markdown", **VOICE}, text=text)
    return derive_story_id(machine.service.secret, CALLER, order.fingerprint)


@pytest.mark.usefixtures("whole_book")
def test_chunks_that_are_given_enter_at_the_layout(machine):
    chunks = tuple(list_keys(boto3.client("s3"), "narration_chunks/")[:3])
    story = machine.service.create(StoryRequest(StoryKind.MIX, CALLER, {}, chunk_keys=chunks))
    status = machine.await_end(story)
    assert (status.state, status.failure) == (StoryState.DONE, None)
    assert {each["task"] for each in machine.calls} >= {"lay_out", "render", "join", "publish"}
    assert not {each["task"] for each in machine.calls} & {"plan", "synthesize"}


def test_sounds_of_the_library_and_of_callers_are_played_by_machines_that_share_nothing(
    machine, tmp_path
):
    s3 = boto3.client("s3")
    for bucket, key, sound in (
        (MUSIC_BUCKET, "beds/sea.wav", noise(4.0, rate_hz=MIX_HZ)),
        (BUCKET, "uploads/secret/bell.wav", tone(0.8, 880.0, MIX_HZ)),
    ):
        content = write_sound(tmp_path / "sound.wav", sound, MIX_HZ).read_bytes()
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    text = (
        "# One\n\n[[music beds/sea.wav]]\n\nThe buoy [[sound uploads/secret/bell.wav]] rang.\n\n"
        "[[sting uploads/secret/bell.wav]]\n\n# Two\n\nThe buoy was silent."
    )
    story = machine.create_story(text, **VOICE)
    status = machine.await_end(story)
    assert (status.state, status.failure) == (StoryState.DONE, None)
    timeline = s3.get_object(Bucket=BUCKET, Key=f"stories/{story}/timeline.json")["Body"].read()
    cues = [(cue["source"], cue["plays_once"]) for cue in json.loads(timeline)["cues"]]
    assert sorted(cues) == [
        ("beds/sea.wav", False),
        ("beds/sea.wav", False),
        ("uploads/secret/bell.wav", True),
        ("uploads/secret/bell.wav", True),
    ]


def test_what_is_only_spoken_plays_no_sounds_and_looks_for_none(machine):
    story = machine.create_story(
        "A word.\n\n[[sound no such.wav]]\n\nAnother.", StoryKind.SPEECH, **VOICE
    )
    assert machine.await_end(story).state is StoryState.DONE


@pytest.mark.parametrize(
    ("file", "code"), [("no such.wav", "not_found"), ("stories/of/others.wav", "forbidden")]
)
def test_a_sound_that_is_not_there_ends_a_story_before_a_word_is_paid(machine, polly, file, code):
    content = f"# One\n\nA word.\n\n[[sound {file}]]\n\nAnother."
    source = f"uploads/{code}.md"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=source, Body=content.encode())
    status = machine.await_end(machine.create_story("", source_key=source, **VOICE))
    assert (status.state, status.failure.code) == (StoryState.FAILED, code)
    assert status.failure.error.startswith("line 5: ")
    assert file in status.failure.error
    assert polly.counts.answered == 0
