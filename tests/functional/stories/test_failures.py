"""An unexpected error of a step: one sentence for the caller, the rest in the log."""

import pytest

from mixer.stories import StoryState
from tests.engines import ToneEngine
from tests.functional.story_world import StoryWorld


class StumblingEngine(ToneEngine):
    """Raises what no engine should raise, in one of its methods."""

    def __init__(self, method, error):
        super().__init__(suffix="mp3")
        self.method, self.error = method, error

    def limits(self, engine):
        self.stumble("limits")
        return super().limits(engine)

    def synthesize(self, *given):
        self.stumble("synthesize")
        return super().synthesize(*given)

    def stumble(self, method):
        if self.error is not None and method == self.method:
            raise self.error


@pytest.mark.parametrize(
    ("method", "error", "step"),
    [
        ("limits", ValueError("netloc x://["), "plan"),
        ("limits", RecursionError("deep"), "plan"),
        ("synthesize", OSError(39, "Directory not empty"), "synthesize"),
        ("synthesize", UnicodeError("half a character"), "synthesize"),
    ],
)
def test_unexpected_error_is_one_sentence_with_a_reference(tmp_path, caplog, method, error, step):
    world = StoryWorld(tmp_path, StumblingEngine(method, error))
    story = world.create_story("A lamp was lit.")
    failure = world.status(story).failure
    reference = failure.details["reference"]
    assert (world.status(story).state, failure.code) == (StoryState.FAILED, "internal")
    assert failure.error == (
        f"An unexpected error ended the step {step}; the log has it under reference {reference}."
    )
    assert str(error) not in failure.error
    assert reference in caplog.text
    assert type(error).__name__ in caplog.text
    assert "stumble" in caplog.text  # where it was raised
    assert str(error) not in caplog.text  # it may quote a text
    world.engine.error = None
    assert world.create_story("A lamp was lit.") == story
    assert world.status(story).state is StoryState.DONE
