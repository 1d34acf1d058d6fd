"""The Mixer Lambda: POST /mixstory and the API's description; of stories, steps and previews.

Handlers: `app.handler` and `app.story_task`. Settings come from the environment
(mixer/settings.py); parts are loaded with the first request (mixer/api/handlers.py).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.api import InvocationContext


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event."""
    from mixer.api import answer_mix_request

    return answer_mix_request(event, context)


def story_task(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Run one step of a story (lay_out, render, join, publish), or make a change audible."""
    from mixer.api import answer_story_mix_event

    return answer_story_mix_event(event, context)
