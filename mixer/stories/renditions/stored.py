"""Renditions in a bucket: one function renders and stores the pieces, the API lists and links them.

A function behind API Gateway can neither stream nor render ahead. So the first listener of a story
has another function started, which stores pieces as soon as their voice is there, until the story
ends or its own time is over; a later listener has it started again. A lease leaves one at work.

    listening/{story}/{attempt}/playlist.json     how much there is, rewritten as it grows
    listening/{story}/{attempt}/{piece}.ts        the pieces
    listening/{story}/{attempt}/started-{time}    a function was started
    listening/{story}/{attempt}/writer            the lease of the function at work
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from mixer.errors import OutOfTime
from mixer.sound import ProcessGroup
from mixer.sound.formats import pack_transport_stream
from mixer.store import LeaseKeeper, ObjectStore
from mixer.stories.folder import StoryFolder
from mixer.stories.renditions.listeners import PlaylistWatch, find_listened, open_rendition
from mixer.stories.renditions.pieces import PIECE_TYPE, Playlist, piece_frame
from mixer.stories.renditions.rendition import Rendition

PREFIX = "listening/"
FORMAT_VERSION = 1
PLAYLIST, WRITER = "playlist.json", "writer"

REPORT_S = 15.0
"""How often a function at work rewrites the list, whether it has grown or not."""

SILENT_S = 45.0
"""A function that has not written for so long is gone."""

START_EVERY_S = 30
"""At most one function is started in so long."""

LEASE_WAIT_S = 45.0
"""For the lease of a function that was killed: its lifetime, and some seconds."""

LOOK_EVERY_S = 1.0
"""A look for new recordings takes four requests to the store."""

END_MARGIN_S = 20.0
"""Before a function's time is over, for the pieces that are being rendered."""

WRITERS = 4

MAX_WATCHES = 200
"""Stories whose players are remembered; the one that was asked for last is remembered longest."""


@dataclass(frozen=True, slots=True)
class StoredPlaylist:
    """What is stored of a rendition; `is_growing` while a function is at work."""

    playlist: Playlist
    is_growing: bool
    written_s: float
    format_version: int = FORMAT_VERSION

    @property
    def needs_writer(self) -> bool:
        """Whether there will be more, and no function is at work."""
        is_gone = not self.is_growing or time.time() - self.written_s > SILENT_S
        return not self.playlist.is_complete and is_gone


@dataclass(frozen=True, slots=True)
class RenditionFolder(StoryFolder):
    """The stored rendition of one attempt at a story."""

    attempt: int = 1

    def key(self, name: str) -> str:
        """Return the object key of a name in the folder."""
        return f"{PREFIX}{self.story_id}/{self.attempt:03}/{name}"

    def piece_key(self, piece: int) -> str:
        """Return the object key of a piece."""
        return self.key(f"{piece:06}.ts")


@dataclass(frozen=True, slots=True)
class RenditionWriter:
    """Renders pieces of stories and stores them: a call for each function that is started."""

    store: ObjectStore
    music: ObjectStore
    new_processes: Callable[[], ProcessGroup]

    def write(self, story: str, left_s: float) -> None:
        """Store pieces until the story ends or the time is over; none if another function does."""
        begun_s = time.monotonic()
        deadline_s = begun_s + left_s - END_MARGIN_S

        def pause(seconds: float) -> None:
            if time.monotonic() > begun_s + LEASE_WAIT_S:
                raise OutOfTime(f"Another function renders the story {story}.")
            time.sleep(seconds)

        spoken, attempt = find_listened(self.store, story)
        folder = RenditionFolder(self.store, story, attempt=attempt)
        rendition = open_rendition(spoken, self.music, self.new_processes, attempt)
        with (
            suppress(OutOfTime),
            LeaseKeeper(self.store).hold_lease(folder.key(WRITER), pause),
        ):
            _Writing(folder, rendition).run(deadline_s)


@dataclass(slots=True)
class _Writing:
    """The work of one function; `stored` is what is there."""

    folder: RenditionFolder
    rendition: Rendition
    stored: Playlist = field(default_factory=lambda: Playlist(0, 0.0, is_complete=False))
    reported_s: float = 0.0

    def run(self, deadline_s: float) -> None:
        if before := self.folder.find(PLAYLIST, StoredPlaylist):
            self.stored = before.playlist
        try:
            while not self.stored.is_complete and time.monotonic() < deadline_s:
                self._write_next()
        finally:
            self._report(is_growing=False)

    def _write_next(self) -> None:
        first, seen = self.stored.pieces, self.rendition.look()
        rendered = self.rendition.render(first) if seen.pieces > first else []
        self._store_pieces(first, rendered)
        pieces = first + len(rendered)
        is_complete = seen.is_complete and pieces >= seen.pieces
        self.stored = Playlist(pieces, seen.made_s, is_complete)
        if rendered or is_complete or time.monotonic() > self.reported_s + REPORT_S:
            self._report(is_growing=not is_complete)
        if not rendered and not is_complete:
            time.sleep(LOOK_EVERY_S)

    def _store_pieces(self, first: int, rendered: Sequence[bytes]) -> None:
        def store_piece(piece: int) -> None:
            content = pack_transport_stream(rendered[piece - first], piece_frame(piece))
            key = self.folder.piece_key(piece)
            self.folder.store.put(key, content, content_type=PIECE_TYPE)

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(store_piece, range(first, first + len(rendered))))

    def _report(self, *, is_growing: bool) -> None:
        self.folder.write(PLAYLIST, StoredPlaylist(self.stored, is_growing, time.time()))
        self.reported_s = time.monotonic()


@dataclass(frozen=True)
class StoredRenditions:
    """Lists and links what is stored of renditions. Safe for threads.

    Attributes:
        start_writer: starts a function that runs `RenditionWriter.write` for a story.
        link: signs a link to an object.
    """

    store: ObjectStore
    start_writer: Callable[[str], None]
    link: Callable[[str], str]
    _watches: "OrderedDict[tuple[str, int], PlaylistWatch]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def await_playlist(self, story: str) -> tuple[int, Playlist]:
        """Wait for a playlist that players take, as a local server does; the attempt comes first.

        Raises NotFound if nothing is rendered yet.
        """
        _, attempt = find_listened(self.store, story)
        folder = RenditionFolder(self.store, story, attempt=attempt)
        watch = self._find_watch(story, attempt)
        return attempt, watch.await_news(lambda: self._look(folder), poll_s=LOOK_EVERY_S / 2)

    def link_piece(self, story: str, attempt: int, piece: int) -> str:
        """Link to a piece, which need not exist."""
        return self.link(RenditionFolder(self.store, story, attempt=attempt).piece_key(piece))

    def _find_watch(self, story: str, attempt: int) -> PlaylistWatch:
        with self._lock:
            watch = self._watches.setdefault((story, attempt), PlaylistWatch(story))
            self._watches.move_to_end((story, attempt))
            while len(self._watches) > MAX_WATCHES:
                self._watches.popitem(last=False)
            return watch

    def _look(self, folder: RenditionFolder) -> Playlist:
        """Read what is stored; starts a function if none is at work."""
        stored = folder.find(PLAYLIST, StoredPlaylist)
        if stored is None or stored.needs_writer:
            slot = int(time.time()) // START_EVERY_S
            if folder.claim(f"started-{slot}", {"started_s": time.time()}):
                self.start_writer(folder.story_id)
        return stored.playlist if stored else Playlist(0, 0.0, is_complete=False)
