"""When a failed call is tried again, and when it is not, on a clock of its own."""

from collections.abc import Callable

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from mixer.errors import OutOfTime, SpeechFailed
from mixer.speech.polly.limiter import Quota, QuotaLimiter
from mixer.speech.polly.retry import FaultKind, Retry, SpeechRetryPolicy, classify_fault

POLICY = SpeechRetryPolicy(
    first_delay_s=1.0, max_delay_s=8.0, max_tries=4, max_throttled_s=60.0, min_call_s=2.0
)


def answer(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SynthesizeSpeech")


class Bench:
    """A retry whose clock moves only by its own waiting, and a call that fails as told."""

    def __init__(self, *errors: Exception, deadline_s: float | None = None, chance: float = 1.0):
        self.now_s = 0.0
        self.errors = list(errors)
        self.delays: list[float] = []
        self.calls = 0
        self.retry = Retry(POLICY, deadline_s, self.now, self.sleep, lambda: chance)
        self.limiter = QuotaLimiter(Quota(1000, 1000, 1), now=self.now, wait=self.wait)

    def now(self) -> float:
        return self.now_s

    def sleep(self, delay_s: float) -> None:
        self.delays.append(delay_s)
        self.now_s += delay_s

    def wait(self, _condition: object, timeout_s: float | None) -> None:
        assert timeout_s is not None
        self.now_s += timeout_s

    def request(self) -> str:
        self.calls += 1
        assert self.limiter.in_flight == 1
        if self.errors:
            raise self.errors.pop(0)
        return "said"

    def call(self) -> str:
        return self.retry.call(self.limiter, self.request, "a passage")


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (answer("ThrottlingException", 400), FaultKind.THROTTLED),
        (answer("TooManyRequestsException", 429), FaultKind.THROTTLED),
        (answer("ServiceFailureException", 500), FaultKind.TRANSIENT),
        (answer("ServiceUnavailable", 503), FaultKind.TRANSIENT),
        (ConnectTimeoutError(endpoint_url="x"), FaultKind.TRANSIENT),
        (EndpointConnectionError(endpoint_url="x"), FaultKind.TRANSIENT),
        (ReadTimeoutError(endpoint_url="x"), FaultKind.LOST),
        (ConnectionClosedError(endpoint_url="x"), FaultKind.LOST),
        (ResponseStreamingError(error="cut"), FaultKind.LOST),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), FaultKind.LOST),
        (ConnectionResetError(), FaultKind.LOST),
        (answer("InvalidSsmlException", 400), FaultKind.PERMANENT),
        (answer("TextLengthExceededException", 400), FaultKind.PERMANENT),
        (answer("AccessDeniedException", 403), FaultKind.PERMANENT),
        (answer("LexiconNotFoundException", 404), FaultKind.PERMANENT),
        (NoCredentialsError(), FaultKind.PERMANENT),
        (ParamValidationError(report="x"), FaultKind.PERMANENT),
        (ValueError("ours"), FaultKind.PERMANENT),
    ],
)
def test_only_faults_that_can_pass_are_passing(error, fault):
    assert classify_fault(error) is fault


def test_the_waits_double_up_to_the_longest_and_are_drawn_from_all_of_it():
    throttled = [answer("ThrottlingException", 400) for _ in range(6)]
    patient = Bench(*throttled)
    assert patient.call() == "said"
    assert patient.delays == [1, 2, 4, 8, 8, 8]
    hasty = Bench(*throttled, chance=0.25)
    assert hasty.call() == "said"
    assert hasty.delays == [0.25, 0.5, 1, 2, 2, 2]


def test_no_place_in_flight_is_held_while_waiting():
    bench = Bench(answer("ServiceFailureException", 500))
    assert bench.call() == "said"
    assert bench.limiter.in_flight == 0


def test_a_final_fault_is_raised_as_it_came_after_one_call():
    bench = Bench(answer("InvalidSsmlException", 400))
    with pytest.raises(ClientError, match="InvalidSsmlException"):
        bench.call()
    assert (bench.calls, bench.delays) == (1, [])


def test_a_fault_that_stays_fails_the_passage_after_a_few_tries():
    bench = Bench(*[ReadTimeoutError(endpoint_url="x") for _ in range(9)])
    with pytest.raises(SpeechFailed, match=r"a passage.*tried 4 times") as caught:
        bench.call()
    assert bench.calls == POLICY.max_tries
    assert caught.value.passages == ("a passage",)


def test_throttling_is_borne_as_long_as_patience_lasts():
    bench = Bench(*[answer("ThrottlingException", 400) for _ in range(99)])
    with pytest.raises(SpeechFailed):
        bench.call()
    assert 60.0 < bench.now_s <= 60.0 + POLICY.max_delay_s + 2.0
    assert bench.calls > POLICY.max_tries


def test_throttled_calls_use_up_no_tries_of_other_faults():
    throttled = [answer("ThrottlingException", 400) for _ in range(POLICY.max_tries)]
    bench = Bench(*throttled, ReadTimeoutError(endpoint_url="x"), chance=0.1)
    assert bench.call() == "said"
    assert bench.calls == POLICY.max_tries + 2


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceFailureException"])
def test_no_try_is_begun_that_could_not_end_before_the_deadline(code):
    bench = Bench(*[answer(code, 500) for _ in range(99)], deadline_s=6.5)
    with pytest.raises(OutOfTime):
        bench.call()
    assert bench.now_s <= 6.5 - POLICY.min_call_s
    assert bench.calls == 3


def test_without_enough_time_no_call_is_made_at_all():
    bench = Bench(deadline_s=1.0)
    with pytest.raises(OutOfTime):
        bench.call()
    assert bench.calls == 0


@pytest.mark.parametrize(
    ("code", "is_slowed"), [("ThrottlingException", True), ("FaultKind", False)]
)
def test_only_a_throttled_answer_slows_the_other_callers(code, is_slowed):
    bench = Bench(answer(code, 500), chance=0.0)
    began_s: Callable[[], float] = bench.now
    bench.call()
    assert (began_s() > 0.0) is is_slowed
