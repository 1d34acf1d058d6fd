"""A story told at once, with a voice that would cost money."""

import pytest

from mixer.compose import build_story_runner
from mixer.errors import SpeechFailed, TooExpensive
from mixer.progress import StageTimer
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.speech.charges import cost_usd
from mixer.stories import JobContext, StoryInput
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

    def narrate_story(text, cap_usd=None, out="story.mp3"):
        timer = StageTimer(lambda stage, share: watched.append((stage, share)))
        runner = build_story_runner(tmp_path / "store", engine, JobContext(timer))
        asked = Options(max_cost_usd=cap_usd, engine="generative", format=out.rpartition(".")[2])
        story = StoryInput(read_document(text, TextType.TEXT))
        return runner.run_story(story, asked, tmp_path / out)

    return narrate_story


def test_a_cap_counts_only_what_is_not_in_the_store_yet(told):
    whole = told(STORY)
    assert whole.narration.synthesized_chunks > 2
    cap_usd = cost_usd(whole.narration.stored.script.billed_chars, "generative") / 2
    longer = told(f"{STORY}\n\nOne more sentence was said.", cap_usd)
    assert 0 < longer.narration.synthesized_chunks <= 2


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


def test_only_chunks_and_segments_stay_however_it_ends(told, tmp_path, engine):
    engine.fail_texts = ["Ship 3 "]
    with pytest.raises(SpeechFailed, match="Ship 0 came in"):
        told(STORY)
    assert not (tmp_path / "store" / "stories").exists()
    spoken = engine.calls
    engine.fail_texts = []
    assert told(STORY).narration.synthesized_chunks < spoken
    assert not (tmp_path / "store" / "stories").exists()
