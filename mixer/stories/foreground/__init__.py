"""Stories that run in one process while its caller waits."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.stories.foreground.context import JobContext
    from mixer.stories.foreground.mix import LocalMix, MixResult, MixService
    from mixer.stories.foreground.runner import StoryInput, StoryRun, StoryRunner
    from mixer.stories.foreground.speech import SpeechService, Synthesis

__getattr__ = export_lazily(__name__)
