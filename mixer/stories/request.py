"""The request for a story, and the ids and secrets derived from it. Pure.

An id is an HMAC of the caller and the Idempotency-Key, or else the whole request: the same request
gets the same story without a lookup, and ids cannot be guessed.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from mixer.stories.model import StoredRequest, StoryKind

ID_HEX_DIGITS = 32
"""128 bits: cannot be guessed and do not collide."""

ID = re.compile(rf"[0-9a-f]{{{ID_HEX_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class StoryRequest:
    """What a caller requests.

    Attributes:
        options: only those that were given.
        source_key: an uploaded text instead of `text`.
        chunk_keys: to mix, instead of a text.
        music: a key or a URL of which only the path is used; empty for none.
        webhook: URL to notify at the end; empty for none.
        warnings: repeated in the status.
        base_url: of the API that was called; the notice of the story's end links there.
    """

    kind: StoryKind
    caller: str
    options: Mapping[str, object]
    text: str = ""
    source_key: str = ""
    chunk_keys: tuple[str, ...] = ()
    music: str = ""
    webhook: str = ""
    idempotency_key: str = ""
    warnings: tuple[str, ...] = ()
    base_url: str = ""

    def to_stored(self, created_s: float, text_key: str = "") -> StoredRequest:
        """Convert to the request as a story's folder keeps it; `created_s` is since 1970."""
        return StoredRequest(
            kind=self.kind,
            caller=self.caller,
            fingerprint=self.fingerprint,
            created_s=created_s,
            options=dict(self.options),
            characters=len(self.text),
            text_key=text_key,
            chunk_keys=self.chunk_keys,
            music=self.music,
            webhook=self.webhook,
            warnings=self.warnings,
            base_url=self.base_url,
        )

    @property
    def fingerprint(self) -> str:
        """A hash of everything that affects the story."""
        text = [self.text, self.source_key, list(self.chunk_keys)]
        what = {"kind": self.kind, "text": text, "options": dict(self.options)}
        return hash_request({**what, "music": self.music, "webhook": self.webhook})


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
