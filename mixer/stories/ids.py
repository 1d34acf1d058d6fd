"""Derives story ids and webhook secrets from the deployment's secret. Pure.

An id is an HMAC of the caller and the Idempotency-Key, or else the whole request: the same request
gets the same story without a lookup, and ids cannot be guessed.
"""

import hmac
import json
import re
from collections.abc import Mapping
from hashlib import sha256

ID_HEX_DIGITS = 32
"""128 bits: cannot be guessed and do not collide."""

ID = re.compile(rf"[0-9a-f]{{{ID_HEX_DIGITS}}}")


def hash_request(fields: Mapping[str, object]) -> str:
    """Hash the fields of a request, in any order."""
    content = json.dumps(dict(fields), ensure_ascii=False, sort_keys=True)
    return sha256(content.encode(errors="surrogatepass")).hexdigest()


def derive_story_id(secret: bytes, caller: str, fingerprint: str, idempotency_key: str = "") -> str:
    """Derive the id of a story; an Idempotency-Key takes the place of the fingerprint."""
    what = ["key", idempotency_key] if idempotency_key else ["content", fingerprint]
    return _derive_hex(secret, "story", caller, *what)[:ID_HEX_DIGITS]


def is_story_id(text: str) -> bool:
    """Check the form of a story id; other texts must not get into keys."""
    return ID.fullmatch(text) is not None


def derive_webhook_secret(secret: bytes, story: str) -> str:
    """Derive the key that signs a story's webhook; the caller receives it with the story's id."""
    return _derive_hex(secret, "webhook", story)


def caller_folder(secret: bytes, caller: str) -> str:
    """Hash a caller's name, which may hold characters that keys must not."""
    return _derive_hex(secret, "caller", caller)[:16]


def _derive_hex(secret: bytes, *parts: str) -> str:
    message = json.dumps(parts, ensure_ascii=False).encode(errors="surrogatepass")
    return hmac.new(secret, message, sha256).hexdigest()
