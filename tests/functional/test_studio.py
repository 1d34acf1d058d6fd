"""The whole way on one machine, with a voice that would cost money."""

import pytest

from mixer.errors import TooExpensive
from mixer.jobs.mixing import Stages
from mixer.jobs.planning import plan_story
from mixer.jobs.studio import Studio, tell
from mixer.requests import Options
from mixer.script.limits import POLLY_LIMITS
from mixer.script.sources import TextType
from mixer.sound.ffmpeg import Children
from mixer.speech.engine import Delivery
from mixer.speech.prices import cost_usd
from mixer.store.folder import FolderStore
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
def told(tmp_path, engine):
    """Tells a story under a cap; what was spoken stays for the next telling."""
    stages = Stages(lambda _stage, _share: None)
    studio = Studio(FolderStore(tmp_path / "store"), stages, Children())

    def telling(text, cap_usd):
        options = Options(max_cost_usd=cap_usd)
        script = plan_story(text, TextType.TEXT, POLLY_LIMITS["generative"], "en-US", options)
        out = tmp_path / "story.mp3"
        delivery = Delivery("Joanna", "generative")
        return tell(studio, script, engine, delivery, music=None, asked=options, out=out)

    return telling


def test_a_cap_counts_only_what_is_not_in_the_store_yet(told):
    whole = told(STORY, None)
    assert whole.narration.said > 2
    cap_usd = cost_usd(whole.script.billed_chars, "generative") / 2
    longer = told(f"{STORY}\n\nOne more sentence was said.", cap_usd)
    assert 0 < longer.narration.said <= 2


def test_what_is_over_the_cap_is_refused_before_a_word_is_spoken(told, engine):
    with pytest.raises(TooExpensive, match="nothing was spent"):
        told(STORY, 0.001)
    assert engine.calls == 0
