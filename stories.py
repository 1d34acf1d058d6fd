"""The Story Lambda: stories, music, uploads, capabilities; the steps that end stories.

Handler: `stories.handler`. Settings come from the environment (mixer/settings.py); parts are loaded
with the first request (mixer/api/handlers.py).
"""

from typing import TYPE_CHECKING, Any

from mixer.api import answer_story_event

if TYPE_CHECKING:
    from mixer.api import InvocationContext


def handler(event: Any, context: "InvocationContext") -> dict[str, Any]:  # noqa: ANN401 - see mixer.api.events
    """Answer one event, run the steps record and notify, or create a story for another function."""
    return answer_story_event(event, context)
