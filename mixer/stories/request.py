"""The request for a story. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from mixer.stories.ids import hash_request
from mixer.stories.model import StoryKind


@dataclass(frozen=True, slots=True)
class StoryRequest:
    """What a caller requests.

    Attributes:
        options: only those that were given.
        source_key: an uploaded text instead of `text`.
        chunk_keys: to mix, instead of a text.
        music: a key in the music bucket; empty for none.
        webhook: URL to notify at the end; empty for none.
        warnings: repeated in the status.
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

    @property
    def fingerprint(self) -> str:
        """A hash of everything that affects the story."""
        text = [self.text, self.source_key, list(self.chunk_keys)]
        what = {"kind": self.kind, "text": text, "options": dict(self.options)}
        return hash_request({**what, "music": self.music, "webhook": self.webhook})
