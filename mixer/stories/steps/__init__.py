"""How a story runs: its steps, their order, and what they share: engines, slots and money.

The names are loaded when they are first used: each function needs only some of the steps.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

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

__getattr__ = export_lazily(__name__)
