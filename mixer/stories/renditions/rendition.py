"""A rendition of one story: reads from its folder what is spoken, and renders the pieces of it."""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from mixer.errors import NotFound
from mixer.publish.timing import RecordedChunk, build_takes, list_sound_files, pair_recordings
from mixer.requests import Options
from mixer.sound import Mastering, ProcessGroup, Timeline
from mixer.sound.formats import Workshop
from mixer.sound.render import Renderer, Segment
from mixer.speech import Recording
from mixer.stories.folder import MIX, PRELUDE, REQUEST, SCRIPT, TIMELINE, StoryFolder
from mixer.stories.inputs import SoundLibrary, fetch_sources, load_timeline, read_sounds
from mixer.stories.keys import SYNTHESIZED, parse_batch_result
from mixer.stories.model import StoredRequest, StoredScript, SynthesizedBatch
from mixer.stories.outputs import build_captions
from mixer.stories.renditions.pieces import Playlist, count_pieces, piece_grid
from mixer.stories.renditions.provisional import PlayedState, Provisional, SpokenStory
from mixer.stories.request_files import open_request_folder

STATE = "listen.json"

PIECES_PER_RENDER = (1, 3, 12)
"""Pieces rendered at once: of the first sound, then more, as starting FFmpeg costs more than 5 s of
audio."""

GRID_BYTES_PER_KBPS = 160
"""1.28 s of a constant bit rate in kbit/s, which is a whole number of MP3 frames."""

LOOKUPS = 64
"""Recordings looked up ahead of finished batches, at most, in one look."""

LOOK_SHARE = 5.0
"""A layout of a long story takes a second; the next look is at least so many times that later."""

MIN_LOOK_S = 0.15

POLL_S = 0.05
"""Between two tries to render a piece whose voice is not there yet."""


@dataclass(slots=True)
class _Spoken:
    """The recordings so far, in reading order; `batches` are read whole."""

    recordings: list[Recording | None] = field(default_factory=list)
    batches: int = 0
    batch_end: int = 0


class Rendition:
    """The rendition of one attempt at a story. Safe for threads: one renders, the others wait.

    Attributes:
        has_ended: whether the story has failed or was cancelled: what is spoken is then all.
    """

    def __init__(
        self,
        folder: StoryFolder,
        library: SoundLibrary,
        new_processes: Callable[[], ProcessGroup],
        has_ended: Callable[[], bool],
        attempt: int = 1,
    ) -> None:
        self._folder, self._library = folder, library
        self._new_processes, self._has_ended = new_processes, has_ended
        self._lock = threading.Lock()
        self._script: StoredScript | None = None
        self._spoken = _Spoken()
        self._story: SpokenStory | None = None
        self._layout: Provisional | None = None
        self._is_whole = self._is_over = False
        self._next_look_s = 0.0
        state = folder.find(STATE, PlayedState)
        is_own = state is not None and state.attempt == attempt
        self._state = state if state is not None and is_own else PlayedState(attempt)

    def look(self) -> Playlist:
        """Look how far the rendition can be played now."""
        with self._lock:
            self._update()
            return self._playlist

    def render(self, piece: int) -> list[bytes]:
        """Render some pieces from one on; empty if the voice of it is not there yet.

        Raises:
            NotFound: the story ends before.
            RenderFailed, OutOfTime, StoreFailed: it cannot be rendered.
        """
        with self._lock:
            if piece >= self._playlist.pieces:
                self._update()
            seen = self._playlist
            if piece >= seen.pieces and seen.is_complete:
                raise NotFound(f"The story ends before piece {piece}.")
            if self._layout is None or piece >= seen.pieces:
                return []
            end = min(seen.pieces, piece + PIECES_PER_RENDER[min(piece, 2)])
            return self._render_range(self._layout, piece, end)

    def stream(self, is_stopped: Callable[[], bool]) -> Iterator[bytes]:
        """Render all pieces as their voice comes, for one listener; waits for it."""
        piece = 0
        while not is_stopped():
            try:
                rendered = self.render(piece)
            except NotFound:
                return
            yield from rendered
            piece += len(rendered)
            if not rendered:
                time.sleep(POLL_S)

    def build_captions(self, start_s: float, end_s: float) -> bytes:
        """Build captions (WebVTT) of the recordings that play between two times."""
        with self._lock:
            self._update()
            if self._layout is None or self._script is None:
                return b"WEBVTT\n"
            timeline, chunks = self._layout.timeline, self._pair_chunks(self._script)
        clips = timeline.clips
        first = bisect_left([clip.end for clip in clips], round(start_s * timeline.rate_hz))
        end = bisect_left([clip.start for clip in clips], round(end_s * timeline.rate_hz))
        shown = replace(timeline, clips=clips[first:end])
        return build_captions(self._script.script, chunks[first:end], shown)[0]

    @property
    def _playlist(self) -> Playlist:
        if self._layout is None:
            return Playlist(0, 0.0, self._is_over)
        made_s, is_end = self._layout.settled_s, self._layout.is_complete
        return Playlist(count_pieces(made_s, is_end=is_end), made_s, is_end)

    def _update(self) -> None:
        """Look for new recordings, unless the last look was just now, and lay them out."""
        begun_s = time.monotonic()
        if begun_s < self._next_look_s or self._is_over:
            return
        has_ended = self._has_ended()
        story = self._read_story(has_ended=has_ended)
        if story is not None and story.takes:
            self._story, self._layout = story, story.lay_out(self._state)
        self._is_over = has_ended or (story is not None and story.is_complete)
        took_s = time.monotonic() - begun_s
        self._next_look_s = time.monotonic() + max(MIN_LOOK_S, LOOK_SHARE * took_s)

    def _read_story(self, *, has_ended: bool) -> SpokenStory | None:
        """Read what is spoken; None if it is not more than before."""
        if not self._is_whole:
            self._read_script()
        if self._script is None:
            return None
        before = len(self._spoken.recordings)
        self._read_batches()
        self._look_ahead(self._script)
        count = len(self._spoken.recordings)
        is_all = self._is_whole and count == len(self._script.chunk_keys)
        is_complete = has_ended or is_all
        if count == before and not is_complete:
            return None
        return self._build_story(self._script, is_complete=is_complete)

    def _read_script(self) -> None:
        """Read the script, or that of the first words until it is there."""
        stored = self._folder.find(SCRIPT, StoredScript)
        self._is_whole = stored is not None
        if stored is None:
            self._script = self._script or self._folder.find(PRELUDE, StoredScript)
            return
        count = len(self._spoken.recordings)
        if self._script and self._script.chunk_keys[:count] != stored.chunk_keys[:count]:
            self._spoken = _Spoken()
        self._script = stored

    def _build_story(self, stored: StoredScript, *, is_complete: bool) -> SpokenStory | None:
        request = self._folder.read(REQUEST, StoredRequest)
        wanted = {*list_sound_files(stored.script), *filter(None, [request.music])}
        sounds = read_sounds(self._folder)
        if not sounds.keys() >= wanted:
            return None
        options = Options.model_validate(request.options)
        own_music = None if request.music else stored.script.music
        takes = build_takes(self._pair_chunks(stored), music=own_music)
        return SpokenStory(
            takes=takes,
            sounds={key: sounds[key] for key in wanted},
            music=request.music,
            options=options,
            has_sounds=bool(wanted),
            is_complete=is_complete,
            mastering=self._find_mastering() if is_complete else None,
        )

    def _find_mastering(self) -> Mastering | None:
        if self._folder.has(MIX):
            return load_timeline(self._folder).mastering
        laid = self._folder.find(TIMELINE, Timeline)
        return laid.mastering if laid else None

    def _pair_chunks(self, stored: StoredScript) -> Sequence[RecordedChunk]:
        recordings = self._spoken.recordings
        missing = len(stored.chunk_keys) - len(recordings)
        return pair_recordings(stored.script, [*recordings, *[None] * missing])

    def _read_batches(self) -> None:
        """Read the finished batches that follow those read before."""
        spoken = self._spoken
        names = {
            parse_batch_result(each.key)[0]: each.key
            for each in self._folder.list_entries(SYNTHESIZED)
        }
        while spoken.batches in names:
            batch = self._folder.find(names[spoken.batches], SynthesizedBatch)
            if batch is None:
                return
            del spoken.recordings[spoken.batch_end :]
            spoken.recordings += [
                Recording.from_metadata(key, about) if about else None
                for key, about in batch.chunks
            ]
            spoken.batches, spoken.batch_end = spoken.batches + 1, len(spoken.recordings)

    def _look_ahead(self, stored: StoredScript) -> None:
        """Look up the recordings of batches that are not finished."""
        recordings = self._spoken.recordings
        for key in stored.chunk_keys[len(recordings) : len(recordings) + LOOKUPS]:
            head = self._folder.store.head(key)
            found = Recording.from_metadata(key, head.metadata) if head else None
            if found is None:
                return
            recordings.append(found)

    def _render_range(self, layout: Provisional, first: int, end: int) -> list[bytes]:
        timeline = layout.timeline
        start = piece_grid(first) * timeline.grid
        stop = min(piece_grid(end) * timeline.grid, timeline.length)
        self._keep_played(layout, stop)
        segment = Segment.cut(timeline, start, stop)
        story, processes = self._story, self._new_processes()
        if story is None:
            return []
        with open_request_folder() as scratch:
            sources = fetch_sources(self._library, timeline, [segment], story.sounds, scratch)
            workshop = Workshop(scratch.path, processes)
            frames = Renderer(timeline, sources, story.encoding, workshop).render(segment)
            content = frames.path.read_bytes()[frames.begin_byte : frames.end_byte]
        return list(_split_pieces(content, first, end, story.encoding.bitrate_kbps))

    def _keep_played(self, layout: Provisional, stop: int) -> None:
        state = layout.keep_played(self._state, stop)
        if state != self._state:
            self._state = state
            self._folder.write(STATE, state)


def _split_pieces(content: bytes, first: int, end: int, kbps: int) -> Iterator[bytes]:
    """Split the frames of neighbouring pieces."""
    starts = [piece_grid(piece) * GRID_BYTES_PER_KBPS * kbps for piece in range(first, end + 1)]
    for start, stop in pairwise(starts):
        yield content[start - starts[0] : stop - starts[0]]
