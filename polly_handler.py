"""The Speech Lambda: POST /synthesize, POST /estimate, GET /voices; the steps that speak stories.

Handlers: `polly_handler.handler` and `polly_handler.story_task`. Settings come from the environment
(mixer/settings.py); parts are loaded with the first request (mixer/api/handlers.py).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.api import InvocationContext


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event."""
    from mixer.api import answer_speech_request

    return answer_speech_request(event, context)


def story_task(event: dict[str, Any], context: "InvocationContext") -> dict[str, Any]:
    """Run one step of a story: plan, acquire_slot, synthesize, release_slot."""
    from mixer.api import run_speech_step

    return run_speech_step(event, context)
