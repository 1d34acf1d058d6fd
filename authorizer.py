"""The authorizer Lambda: `authorizer.handler`."""

from typing import Any

from mixer.api import answer_authorizer_event


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one question of the gateway."""
    return answer_authorizer_event(event, context)
