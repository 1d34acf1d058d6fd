"""The Mixer Lambda: POST /mixstory and the API's description; the steps of stories that mix.

Handlers: `app.handler` and `app.story_task`. Settings come from the environment
(mixer/settings.py); parts are loaded with the first request (mixer/api/handlers.py).
"""

from typing import TYPE_CHECKING, Any

from mixer.api import answer_mix_request, run_mix_step

if TYPE_CHECKING:
    from mixer.api import InvocationContext


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event."""
    return answer_mix_request(event, context)


def story_task(event: dict[str, Any], context: "InvocationContext") -> dict[str, Any]:
    """Run one step of a story: lay_out, render, join, publish."""
    return run_mix_step(event, context)
