"""Checks of request bodies that a schema cannot express."""

from mixer.errors import BadInput
from mixer.store import UPLOADS_PREFIX, validate_key


def require_one_text(text: str | None, source: str | None) -> None:
    """Raise BadInput unless exactly one of the two is there."""
    if (text is None) == (source is None):
        raise BadInput("text: send either a text or the key of an uploaded source.", field="text")


def validate_source_key(source: str) -> str:
    """Return the key of an uploaded text; raises BadInput for any other key."""
    try:
        validate_key(source)
    except BadInput as error:
        raise BadInput(f"source: {error}", field="source") from error
    if not source.startswith(UPLOADS_PREFIX):
        raise BadInput("source: not a key returned by POST /uploads.", field="source")
    return source
