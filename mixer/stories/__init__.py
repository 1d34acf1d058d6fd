"""Narrates stories: one job from a request to its result.

In the cloud and on the dev server a story runs in the background, as steps of many processes that
share only its folder in the store (`steps`, `folder`):

    plan → synthesize, per batch → lay_out → render, per group of segments
         → join → publish → notify

Each step makes only what is missing from the folder, so it can be repeated at any time. The same
steps run in the `foreground` of one process. `inputs` is what a story is made of, `outputs` what
it hands out. The names are loaded when they are first used.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.stories.foreground import (
        JobContext,
        LocalMix,
        MixResult,
        MixService,
        SpeechService,
        StoryInput,
        StoryRun,
        StoryRunner,
        Synthesis,
    )
    from mixer.stories.model import StoryKind, StoryState
    from mixer.stories.request import StoryRequest
    from mixer.stories.service import StoryService
    from mixer.stories.speech_planner import SpeechPlan
    from mixer.stories.status import StoryStatus

__getattr__ = export_lazily(__name__)
