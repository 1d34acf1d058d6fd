"""Narrates stories: one job from a request to its result.

In the cloud and on the dev server a story runs in the background, as steps of many processes that
share only its folder in the store (`steps`, `folder`):

    plan → synthesize, per batch → lay_out → render, per group of segments
         → join → publish → notify

Each step makes only what is missing from the folder, so it can be repeated at any time. The same
steps run in the `foreground` of one process. `inputs` is what a story is made of, `outputs` what
it hands out. The names are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "JobContext": "foreground",
    "LocalMix": "foreground",
    "MixResult": "foreground",
    "MixService": "foreground",
    "SpeechPlan": "speech_planner",
    "SpeechService": "foreground",
    "StoryInput": "foreground",
    "StoryKind": "model",
    "StoryRequest": "request",
    "StoryRun": "foreground",
    "StoryRunner": "foreground",
    "StoryService": "service",
    "StoryState": "model",
    "StoryStatus": "status",
    "Synthesis": "foreground",
}

__all__ = [
    "JobContext",
    "LocalMix",
    "MixResult",
    "MixService",
    "SpeechPlan",
    "SpeechService",
    "StoryInput",
    "StoryKind",
    "StoryRequest",
    "StoryRun",
    "StoryRunner",
    "StoryService",
    "StoryState",
    "StoryStatus",
    "Synthesis",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"mixer.stories.{_HOMES[name]}"), name)
