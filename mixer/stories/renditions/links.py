"""Links to listen to a story: for players, which cannot send a token. They expire."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mixer.errors import Forbidden
from mixer.store import LinkStatus, SignedLinks

LIFETIME_S = 86_400
"""At least: a playlist of ten hours is read, and its segments asked for, until the end of it."""

PATHS = {"playlist": "listen.m3u8", "audio": "listen.mp3", "captions": "listen.vtt"}
"""Last part of the path of each link."""


@dataclass(frozen=True, slots=True)
class ListenLinks:
    """Signs and checks the links of stories; `audio` and `captions` only with `streams`."""

    secret: bytes
    lifetime_s: int
    streams: bool

    def build(self, base_url: str, story: str) -> dict[str, object]:
        """Build the links of a story by name, and `expires_s`."""
        query = urlsplit(self._signer.sign_link(_key(story), self.lifetime_s)).query
        names = PATHS if self.streams else ("playlist",)
        links = {name: f"{base_url}/stories/{story}/{PATHS[name]}?{query}" for name in names}
        return {**links, "expires_s": self.lifetime_s}

    def check(self, story: str, query: Mapping[str, str]) -> None:
        """Raise Forbidden unless a query is that of a link to the story."""
        status = self._signer.check_link(_key(story), query)
        if status is LinkStatus.EXPIRED:
            raise Forbidden(
                "This link has expired: ask GET /stories/{story_id} for a new one.", field="expires"
            )
        if status is not LinkStatus.VALID:
            raise Forbidden("This link was not made by this server.", field="signature")

    @property
    def _signer(self) -> SignedLinks:
        return SignedLinks("", self.secret)


def _key(story: str) -> str:
    return f"stories/{story}/listen"
