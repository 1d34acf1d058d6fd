"""The time left of a whole run, with a clock that the test sets."""

import pytest

from mixer.progress import RemainingTime

STAGES = ("planning", "speech", "mixing", "joining", "publishing")
RUNS = {
    "embedded voice": (1, 350, 90, 20, 30),
    "all synthesized before": (1, 0.4, 90, 20, 30),
    "a slow service": (1, 900, 90, 20, 30),
}


class Clock:
    now_s = 0.0

    def read_s(self) -> float:
        return self.now_s


def run(lengths_s, reports=20, silent=("joining",)):
    """Each moment of a run: seconds left in truth and as predicted, and the share shown."""
    clock, whole_s = Clock(), sum(lengths_s)
    remaining = RemainingTime(clock.read_s)
    begun_s = 0.0
    for stage, length_s in zip(STAGES, lengths_s, strict=True):
        for step in range(reports + 1):
            clock.now_s = begun_s + length_s * step / reports
            share = step / reports
            remaining.report(stage, share if stage not in silent or share == 1 else 0.0)
            yield whole_s - clock.now_s, remaining.predict_left_s(), remaining.read_share()
        begun_s += length_s


@pytest.mark.parametrize("lengths_s", RUNS.values(), ids=RUNS)
def test_share_never_decreases_and_ends_near_the_whole(lengths_s):
    shares = [share for _, _, share in run(lengths_s)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("lengths_s", RUNS.values(), ids=RUNS)
def test_time_left_is_of_the_whole_and_right_within_a_factor(lengths_s):
    said = [(true_s, left_s) for true_s, left_s, _ in run(lengths_s) if left_s is not None]
    assert len(said) > 50
    for true_s, left_s in said:
        if true_s > 20:
            assert true_s / 1.6 <= left_s <= true_s * 3


def test_stage_that_reports_nothing_is_never_said_to_be_over():
    clock = Clock()
    remaining = RemainingTime(clock.read_s)
    remaining.report("mixing", 0.0)
    clock.now_s = 20.0
    remaining.report("mixing", 1.0)
    remaining.report("joining", 0.0)
    for waited_s in (1, 10, 100, 1_000):
        clock.now_s = 20.0 + waited_s
        left_s = remaining.predict_left_s()
        assert left_s is not None
        assert left_s >= waited_s * 0.2
