"""What a caller asks for when a story is begun. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from mixer.stories.ids import hash_request
from mixer.stories.model import StoryKind


@dataclass(frozen=True, slots=True)
class StoryRequest:
    """What a caller asks for.

    Attributes:
        kind: which steps it takes.
        caller: who asks.
        options: of the contract, as they were given.
        text: to be narrated.
        source_key: an uploaded text instead.
        chunk_keys: to be mixed, instead of a text.
        music: a key in the music bucket; empty for none.
        webhook: an address to be told; empty for none.
        idempotency_key: stands for the request where there is one.
        warnings: to be repeated with the status.
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
        """A hash of all that shapes the story."""
        text = [self.text, self.source_key, list(self.chunk_keys)]
        what = {"kind": self.kind, "text": text, "options": dict(self.options)}
        return hash_request({**what, "music": self.music, "webhook": self.webhook})
