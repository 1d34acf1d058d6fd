"""A few points of the fault campaign (`make faults` has fifty, and a longer story)."""

import pytest

from bench.fault_injection import InjectedFault
from bench.faults import PROCESSES, Campaign, build_story, start_polly

CHUNKS = 12


@pytest.fixture(scope="module")
def campaign():
    PROCESSES.set_forkserver_preload(["bench.fault_injection"])
    with start_polly() as polly:
        yield Campaign(polly, build_story(CHUNKS))


@pytest.mark.parametrize(
    ("share", "kills", "late"),
    [(0.4, True, True), (0.6, False, True), (0.9, True, False)],
)
def test_story_that_was_hit_anywhere_ends_the_same_and_is_paid_once(campaign, share, kills, late):
    assert campaign.chunks == CHUNKS
    point = campaign.run_point(
        InjectedFault(round(share * campaign.undisturbed.calls), kills, late)
    )
    assert point.is_kept, str(point)
    assert (point.first.outcome is None) == kills
