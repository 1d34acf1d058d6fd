"""A story's id, and what else is derived from the deployment's secret. Pure.

The id is an HMAC of who asks and either the Idempotency-Key or all that is asked. So the same
request means the same story, without a table to look it up in, and nobody can guess another's id.
"""

import hmac
import json
import re
from collections.abc import Mapping
from hashlib import sha256

ID_HEX_DIGITS = 32
"""128 bits: neither to be guessed nor to collide."""

ID = re.compile(rf"[0-9a-f]{{{ID_HEX_DIGITS}}}")


def hash_request(fields: Mapping[str, object]) -> str:
    """A hash of all that was asked, whatever the order of its fields."""
    content = json.dumps(dict(fields), ensure_ascii=False, sort_keys=True)
    return sha256(content.encode(errors="surrogatepass")).hexdigest()


def derive_story_id(secret: bytes, caller: str, fingerprint: str, idempotency_key: str = "") -> str:
    """The id of a caller's story.

    Args:
        secret: of the deployment.
        caller: who asks.
        fingerprint: the fingerprint of the request.
        idempotency_key: stands for the request where the caller has given one.
    """
    what = ["key", idempotency_key] if idempotency_key else ["content", fingerprint]
    return _derive_hex(secret, "story", caller, *what)[:ID_HEX_DIGITS]


def is_story_id(text: str) -> bool:
    """Whether it looks like one; anything else is no story and no key."""
    return ID.fullmatch(text) is not None


def derive_webhook_secret(secret: bytes, story: str) -> str:
    """What signs the notification of one story; the caller gets it when the story is accepted."""
    return _derive_hex(secret, "webhook", story)


def caller_folder(secret: bytes, caller: str) -> str:
    """Stands for a caller in object keys; a name may hold what a key may not."""
    return _derive_hex(secret, "caller", caller)[:16]


def _derive_hex(secret: bytes, *parts: str) -> str:
    message = json.dumps(parts, ensure_ascii=False).encode(errors="surrogatepass")
    return hmac.new(secret, message, sha256).hexdigest()
