"""The authorizer Lambda: `authorizer.handler`."""

from typing import Any

from mixer.api.authorizer import answer_question


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one question of the gateway."""
    return answer_question(event, context)
