"""A story made at once, with a voice that would cost money."""

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
    f"Ship {n} came in with the tide and lay {n} feet low in the water, and nobody was there to "
    f"meet it or to ask for its name."
    for n in range(36)
)


@pytest.fixture
def engine():
    engine = ToneEngine(pace=3.0)
    yield engine
    engine.close()


@pytest.fixture
def watched():
    """Stages and shares, as they are reported."""
    return []


@pytest.fixture
def narrate(tmp_path, engine, watched):
    """Narrates under a cap; what was synthesized stays for the next narration."""

    def narrate_story(text, cap_usd=None, out="story.mp3"):
        timer = StageTimer(lambda stage, share: watched.append((stage, share)))
        runner = build_story_runner(tmp_path / "store", engine, JobContext(timer))
        asked = Options(max_cost_usd=cap_usd, engine="generative", format=out.rpartition(".")[2])
        story = StoryInput(read_document(text, TextType.TEXT))
        return runner.run_story(story, asked, tmp_path / out)

    return narrate_story


def test_a_cap_counts_only_what_is_not_in_the_store_yet(narrate):
    whole = narrate(STORY)
    assert whole.narration.synthesized_chunks > 2
    cap_usd = cost_usd(whole.narration.stored.script.billed_chars, "generative") / 2
    longer = narrate(f"{STORY}\n\nOne more sentence was read.", cap_usd)
    assert 0 < longer.narration.synthesized_chunks <= 2


def test_what_is_over_the_cap_is_refused_before_a_word_is_synthesized(narrate, engine):
    with pytest.raises(TooExpensive, match="nothing was spent"):
        narrate(STORY, 0.001)
    assert engine.calls == 0


@pytest.mark.parametrize("name", ["story.mp3", "story.wav"])
def test_every_stage_is_reported_from_its_begin_to_its_end_and_never_goes_back(
    name, narrate, watched
):
    run = narrate(STORY, out=name)
    by_stage = {}
    for stage, share in watched:
        by_stage.setdefault(stage, []).append(share)
    assert list(by_stage) == ["planning", "speech", "mixing", "joining", "publishing"]
    for shares in by_stage.values():
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(by_stage["speech"]) > run.result.chunks > 2
    assert len(by_stage["mixing" if name == "story.mp3" else "joining"]) > 4


def test_only_chunks_and_segments_stay_however_it_ends(narrate, tmp_path, engine):
    engine.fail_texts = ["Ship 3 "]
    with pytest.raises(SpeechFailed, match="Ship 3 came in"):
        narrate(STORY)
    assert not (tmp_path / "store" / "stories").exists()
    calls = engine.calls
    engine.fail_texts = []
    assert narrate(STORY).narration.synthesized_chunks < calls
    assert not (tmp_path / "store" / "stories").exists()
