"""How a story runs: its steps, their order, and what they share: engines, slots and money.

The names are loaded when they are first used: each function needs only some of the steps.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.stories.budget import DailyBudget
    from mixer.stories.plan_style import plan_script
    from mixer.stories.slots import SharedQuota, SpeechSlots
    from mixer.stories.speech_planner import EngineOpener, SpeechPlanner
    from mixer.stories.steps.finish import Notifier, StoryFinisher
    from mixer.stories.steps.mix import StoryMix
    from mixer.stories.steps.publish import StoryPublisher
    from mixer.stories.steps.speech import StorySpeech
    from mixer.stories.steps.webhook import Webhook
    from mixer.stories.tasks import StoryTasks
    from mixer.stories.workflow import Launcher, Workflow

_HOMES = {
    "DailyBudget": "budget",
    "EngineOpener": "speech_planner",
    "Launcher": "workflow",
    "Notifier": "steps.finish",
    "SharedQuota": "slots",
    "SpeechPlanner": "speech_planner",
    "SpeechSlots": "slots",
    "StoryFinisher": "steps.finish",
    "StoryMix": "steps.mix",
    "StoryPublisher": "steps.publish",
    "StorySpeech": "steps.speech",
    "StoryTasks": "tasks",
    "Webhook": "steps.webhook",
    "Workflow": "workflow",
    "plan_script": "plan_style",
}

__all__ = [
    "DailyBudget",
    "EngineOpener",
    "Launcher",
    "Notifier",
    "SharedQuota",
    "SpeechPlanner",
    "SpeechSlots",
    "StoryFinisher",
    "StoryMix",
    "StoryPublisher",
    "StorySpeech",
    "StoryTasks",
    "Webhook",
    "Workflow",
    "plan_script",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"mixer.stories.{_HOMES[name]}"), name)
