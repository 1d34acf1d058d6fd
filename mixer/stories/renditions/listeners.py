"""Serves the listeners of stories from one process: renders ahead of them, and keeps what it made.

Listeners of a story share its rendition. Nothing is rendered that is not asked for, and a listener
that reads without pause gets at most eight times the speed of playing: the story itself goes first.
Players cannot send a token, so they get links that expire.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mixer.errors import Forbidden, NotFound
from mixer.sound import ProcessGroup
from mixer.sound.formats import pack_transport_stream
from mixer.store import LinkStatus, ObjectStore, SignedLinks
from mixer.stories.folder import REQUEST, RESULT, StoryFolder
from mixer.stories.inputs import SoundLibrary
from mixer.stories.keys import ATTEMPTS, parse_progress
from mixer.stories.model import StoredRequest, StoryKind, StoryResult, StoryState
from mixer.stories.renditions.pieces import (
    Playlist,
    cut_frames,
    find_frame,
    find_piece,
    piece_frame,
    piece_span_s,
)
from mixer.stories.renditions.rendition import POLL_S, Rendition

MAX_STORIES = 8
"""Renditions that are kept; the one that was used last is kept longest."""

KEPT_BYTES = 32 << 20
"""Pieces of a story that are kept: half an hour."""

FIRST_PIECES, MIN_PIECES, AWAIT_MORE_S = 3, 2, 2.0
"""With how many pieces players begin, or after what wait with less: twelve seconds."""

AWAIT_NEWS_S, RELOAD_S = 20.0, 15.0
"""How long a playlist waits for the first sound, or for more than was listed so recently."""

HEAD_START_S = 60.0
MAX_SPEED = 8.0


LIFETIME_S = 86_400
"""At least: a playlist of ten hours is read, and its segments asked for, until the end of it."""

PATHS = {"playlist": "listen.m3u8", "audio": "listen.mp3", "captions": "listen.vtt"}
"""Last part of the path of each link."""


@dataclass(slots=True)
class PlaylistWatch:
    """The playlist of a story, as its players have read it."""

    story: str
    listed: tuple[int, float] = (0, 0.0)

    def await_news(
        self,
        look: Callable[[], Playlist],
        has_gone: Callable[[], bool] = lambda: False,
        poll_s: float = POLL_S,
    ) -> Playlist:
        """Look how much can be played, once it is enough to begin with and more than before.

        A player rejects a list without sound, and reads it again only seconds later. Chromium also
        rejects a list that has not grown since it read it (measured): it has to wait for more.
        Raises NotFound if nothing is rendered yet.
        """
        begun_s = time.monotonic()
        while not (seen := look()).is_complete and not has_gone():
            waited_s = time.monotonic() - begun_s
            is_enough = seen.pieces >= (FIRST_PIECES if waited_s < AWAIT_MORE_S else MIN_PIECES)
            if waited_s > AWAIT_NEWS_S or (is_enough and self._has_grown(seen.pieces)):
                break
            time.sleep(poll_s)
        if not seen.pieces and not seen.is_complete:
            raise NotFound(f"The story {self.story} has no sound yet; try again soon.")
        self.listed = seen.pieces, time.monotonic()
        return seen

    def _has_grown(self, pieces: int) -> bool:
        """Check whether there is more than was listed a moment ago."""
        before, listed_s = self.listed
        return pieces > before or (bool(pieces) and time.monotonic() - listed_s > RELOAD_S)


@dataclass(slots=True)
class _Listened:
    """A rendition with the pieces that were made last."""

    rendition: Rendition
    watch: PlaylistWatch
    pieces: "OrderedDict[int, bytes]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, piece: int) -> bytes | None:
        """Find the frames of a piece, rendered if need be; None if they are not there yet."""
        with self.lock:
            if piece not in self.pieces:
                for number, frames in enumerate(self.rendition.render(piece), start=piece):
                    self.pieces[number] = frames
                self._trim()
            return self.pieces.get(piece)

    def _trim(self) -> None:
        kept = sum(map(len, self.pieces.values()))
        while kept > KEPT_BYTES:
            kept -= len(self.pieces.popitem(last=False)[1])


@dataclass(frozen=True)
class ListeningService:
    """The listeners of one process. Safe for threads.

    Attributes:
        music: the library of shared music.
        new_processes: creates the process group of a render.
    """

    store: ObjectStore
    music: ObjectStore
    new_processes: Callable[[], ProcessGroup]
    _open: "OrderedDict[tuple[str, int], _Listened]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, story: str) -> Playlist:
        """Look how much of a story can be played; raises NotFound if there is none."""
        return self._find(story).rendition.look()

    def await_playlist(self, story: str, has_gone: Callable[[], bool] = lambda: False) -> Playlist:
        """Wait for a playlist that players take; raises NotFound if nothing is rendered."""
        listened = self._find(story)
        return listened.watch.await_news(listened.rendition.look, has_gone)

    def read_piece(self, story: str, piece: int) -> bytes:
        """Read the frames of a piece; raises NotFound if it is not there."""
        frames = self._find(story).find(piece)
        if frames is None:
            raise NotFound(f"Piece {piece} of the story {story} is not made yet; try again.")
        return frames

    def read_transport_stream(self, story: str, piece: int) -> bytes:
        """Read a piece as MPEG-TS; raises NotFound if it is not there."""
        return pack_transport_stream(self.read_piece(story, piece), piece_frame(piece))

    def build_captions(self, story: str, start_s: float, end_s: float) -> bytes:
        """Build captions (WebVTT) of what plays between two times, as far as it is made."""
        return self._find(story).rendition.build_captions(start_s, end_s)

    def stream(
        self, story: str, start_s: float, has_gone: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        """Read the frames from a time on, as they are made; ends with the story, or its failure.

        `has_gone` ends the wait for a piece.
        """
        listened, begun_s = self._find(story), time.monotonic()
        piece, sent_s = find_piece(start_s), 0.0
        skip = find_frame(start_s) - piece_frame(piece)
        while not has_gone():
            if sent_s > HEAD_START_S + MAX_SPEED * (time.monotonic() - begun_s):
                time.sleep(POLL_S)
                continue
            try:
                frames = listened.find(piece)
            except NotFound:
                return
            if frames is None:
                time.sleep(POLL_S)
                continue
            if content := cut_frames(frames, skip):
                yield content
            skip = 0
            begin_s, end_s = piece_span_s(piece)
            sent_s, piece = sent_s + end_s - begin_s, piece + 1

    def _find(self, story: str) -> _Listened:
        folder, attempt = find_listened(self.store, story)
        with self._lock:
            key = story, attempt
            if key not in self._open:
                rendition = open_rendition(folder, self.music, self.new_processes, attempt)
                self._open[key] = _Listened(rendition, PlaylistWatch(story))
            self._open.move_to_end(key)
            while len(self._open) > MAX_STORIES:
                self._open.popitem(last=False)
            return self._open[key]


def find_listened(store: ObjectStore, story: str) -> tuple[StoryFolder, int]:
    """Find a story and its current attempt; raises NotFound if it has nothing to listen to."""
    folder = StoryFolder(store, story)
    request = folder.find(REQUEST, StoredRequest)
    if request is None or request.kind is not StoryKind.STORY:
        raise NotFound(f"The story “{story[:64]}” has no audio to listen to.")
    return folder, max(1, parse_progress(folder.list_entries(ATTEMPTS)).attempt)


def open_rendition(
    folder: StoryFolder,
    music: ObjectStore,
    new_processes: Callable[[], ProcessGroup],
    attempt: int,
) -> Rendition:
    """Open the rendition of an attempt at a story."""

    def has_ended() -> bool:
        result = folder.find(RESULT, StoryResult)
        return result is not None and result.state is not StoryState.DONE

    library = SoundLibrary(music, folder.store)
    return Rendition(folder, library, new_processes, has_ended, attempt)


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
