"""A story told at once, with a voice that would cost money."""

import os
import time

import pytest

from mixer.errors import SpeechFailed, TooExpensive
from mixer.requests import Options
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.charges import cost_usd
from mixer.store.folder import FolderStore
from mixer.stories.foreground import StoryRunner
from mixer.stories.mix_pipeline import JobContext, StageTimer
from tests.engines import ToneEngine

STORY = "\n\n".join(
    f"Ship {n} came in. It lay {n} feet low. Nobody met it then." for n in range(80)
)


@pytest.fixture
def engine():
    engine = ToneEngine()
    yield engine
    engine.close()


@pytest.fixture
def watched():
    """What whoever watches is told: stages and shares."""
    return []


@pytest.fixture
def told(tmp_path, engine, watched):
    """Tells a story under a cap; what was spoken stays for the next telling."""

    def telling(text, cap_usd=None, out="story.mp3"):
        desk = JobContext(
            StageTimer(lambda stage, share: watched.append((stage, share))), ProcessGroup()
        )
        teller = StoryRunner.of(FolderStore(tmp_path / "store"), engine, desk)
        asked = Options(max_cost_usd=cap_usd, engine="generative", format=out.rpartition(".")[2])
        return teller.run_story(text.encode(), asked, music=None, out=tmp_path / out)

    return telling


def test_a_cap_counts_only_what_is_not_in_the_store_yet(told):
    whole = told(STORY)
    assert whole.said.said > 2
    cap_usd = cost_usd(whole.said.stored.script.billed_chars, "generative") / 2
    longer = told(f"{STORY}\n\nOne more sentence was said.", cap_usd)
    assert 0 < longer.said.said <= 2


def test_what_is_over_the_cap_is_refused_before_a_word_is_spoken(told, engine):
    with pytest.raises(TooExpensive, match="nothing was spent"):
        told(STORY, 0.001)
    assert engine.calls == 0


@pytest.mark.parametrize("name", ["story.mp3", "story.wav"])
def test_every_stage_is_told_from_its_begin_to_its_end_and_never_goes_back(name, told, watched):
    telling = told(STORY, out=name)
    by_stage = {}
    for stage, share in watched:
        by_stage.setdefault(stage, []).append(share)
    assert list(by_stage) == ["planning", "speech", "mixing", "joining", "publishing"]
    for shares in by_stage.values():
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(by_stage["speech"]) > telling.result.chunks > 2
    assert len(by_stage["mixing" if name == "story.mp3" else "joining"]) > 4


def test_its_folder_goes_with_it_and_so_does_one_that_a_killed_run_left(told, tmp_path, engine):
    stories = tmp_path / "store" / "stories"
    for name, age_days in (("narrate-old", 2), ("narrate-young", 0.5), ("0" * 32, 2)):
        left = stories / name / "request.json"
        left.parent.mkdir(parents=True)
        left.touch()
        os.utime(left, (time.time() - age_days * 86_400,) * 2)
    engine.fail_texts = ["Ship 3 "]
    with pytest.raises(SpeechFailed, match="Ship 0 came in"):
        told(STORY)
    assert {each.name for each in stories.iterdir()} == {"narrate-young", "0" * 32}
    spoken = engine.calls
    engine.fail_texts = []
    assert told(STORY).said.said < spoken
    assert {each.name for each in stories.iterdir()} == {"narrate-young", "0" * 32}
