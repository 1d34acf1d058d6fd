"""Lists the music library and creates uploads.

Title and length come from the metadata (`title`, `duration_s`). Otherwise the key gives the title,
and the length is measured once per process if time allows, or left out.
"""

import math
import threading
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from secrets import token_hex

from mixer.errors import BadInput, MixerError, ObjectTooLarge, OutOfTime
from mixer.files import open_scratch_folder
from mixer.parallel import run_in_parallel, usable_cores
from mixer.sound.analysis import MUSIC_CHANNELS, measure
from mixer.store import UPLOADS_PREFIX, ObjectStore, StoredObject, UploadForm

UPLOAD_TYPES = {
    "music": {
        ".aac": "audio/aac",
        ".flac": "audio/flac",
        ".m4a": "audio/mp4",
        ".mp3": "audio/mpeg",
        ".ogg": "audio/ogg",
        ".opus": "audio/ogg",
        ".wav": "audio/wav",
    },
    "text": {
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".epub": "application/epub+zip",
        ".fodt": "application/vnd.oasis.opendocument.text-flat-xml",
        ".md": "text/markdown",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".pdf": "application/pdf",
        ".txt": "text/plain",
    },
    "picture": {".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png"},
}
"""By kind: suffixes and their content types."""

SHARED_PREFIX = "music/"
"""Prefix of music in a bucket that is shared with other objects."""

MAX_TRACKS = 500
"""Listed pieces of a library."""

MAX_MEASURED_BYTES = 50_000_000
"""Larger pieces are not fetched to measure their length."""

RESPONSE_MARGIN_S = 6.0
"""Time before the deadline that measuring leaves for the rest."""

KEY_BYTES = 16
"""Random bytes in an upload's key, so that it cannot be guessed."""


@dataclass(frozen=True, slots=True)
class Track:
    """A piece of music; `duration_s` is None if it has not been measured."""

    key: str
    title: str
    size_bytes: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class MusicLibrary:
    """Music and uploads. Safe for many threads; keep one per process.

    Attributes:
        link: creates a link from a key.
        form: creates an upload form from key, content type and size in bytes.
    """

    music: ObjectStore
    prefix: str
    link: Callable[[str], str]
    link_lifetime_s: int
    form: Callable[[str, str, int], UploadForm]
    max_upload_bytes: int
    _durations_s: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def list_tracks(self, deadline_s: float | None = None) -> tuple[Track, ...]:
        """List the music by title; the deadline is on the monotonic clock."""
        cutoff_s = None if deadline_s is None else deadline_s - RESPONSE_MARGIN_S
        found = list(islice(_filter_music(self.music.list(self.prefix)), MAX_TRACKS))
        known = self._load_metadata(found, deadline_s)
        self._measure_missing([each for each in known if _read_duration_s(each) is None], cutoff_s)
        tracks = [Track(o.key, _title(o), o.size_bytes, self._duration_s(o)) for o in known]
        return tuple(sorted(tracks, key=lambda track: (track.title.casefold(), track.key)))

    def create_upload(self, name: str, size_bytes: int) -> tuple[str, UploadForm]:
        """Create a key and a form for a caller's file; only the suffix of its name counts.

        Raises:
            BadInput: the suffix is not of music, text or a picture.
            ObjectTooLarge: the file exceeds the limit.
        """
        suffix = PurePosixPath(name).suffix.lower()
        content_type = ChainMap(*UPLOAD_TYPES.values()).get(suffix)
        if content_type is None:
            known = ", ".join(each for kind in UPLOAD_TYPES.values() for each in sorted(kind))
            raise BadInput(f"name: “{name[:80]}” must end in one of {known}.", field="name")
        if size_bytes > self.max_upload_bytes:
            raise ObjectTooLarge(
                f"size_bytes: {size_bytes:,} bytes exceed the limit of {self.max_upload_bytes:,} "
                "for an upload.",
                field="size_bytes",
                limit_bytes=self.max_upload_bytes,
            )
        key = f"{UPLOADS_PREFIX}{token_hex(KEY_BYTES)}{suffix}"
        return key, self.form(key, content_type, size_bytes)

    def _load_metadata(
        self, objects: Iterable[StoredObject], deadline_s: float | None
    ) -> list[StoredObject]:
        keys = [each.key for each in objects]
        lookups = dict(run_in_parallel(keys, self.music.head, 16, deadline_s=deadline_s))
        heads = (lookups[key].result() for key in keys)
        return [head for head in heads if head is not None]

    def _measure_missing(self, objects: Iterable[StoredObject], deadline_s: float | None) -> None:
        missing = [
            each
            for each in objects
            if _cache_key(each) not in self._durations_s and each.size_bytes <= MAX_MEASURED_BYTES
        ]
        with suppress(OutOfTime):
            for _ in run_in_parallel(
                missing, self._measure_track, usable_cores(), deadline_s=deadline_s
            ):
                pass

    def _measure_track(self, track: StoredObject) -> None:
        """Measure a track; a file without sound gets no length."""
        length_s = math.nan
        with suppress(MixerError), open_scratch_folder("track") as folder:
            path = folder / "track"
            self.music.fetch(track.key, path)
            length_s = measure(path, track.key, channels=MUSIC_CHANNELS).duration_s
        with self._lock:
            self._durations_s[_cache_key(track)] = length_s

    def _duration_s(self, track: StoredObject) -> float | None:
        known_s = _read_duration_s(track)
        length_s = (
            self._durations_s.get(_cache_key(track), math.nan) if known_s is None else known_s
        )
        return round(length_s, 3) if math.isfinite(length_s) else None


def _filter_music(objects: Iterator[StoredObject]) -> Iterator[StoredObject]:
    for each in objects:
        is_music = PurePosixPath(each.key).suffix.lower() in UPLOAD_TYPES["music"]
        if is_music and not each.key.startswith(UPLOADS_PREFIX) and each.size_bytes:
            yield each


def _cache_key(track: StoredObject) -> tuple[str, str]:
    """The key of a cached length; a replaced track is measured again."""
    return track.key, f"{track.modified.isoformat()} {track.size_bytes}"


def _title(track: StoredObject) -> str:
    title = track.metadata.get("title", "").strip()
    words = PurePosixPath(track.key).stem.replace("_", " ").replace("-", " ").split()
    plain = " ".join(words) or track.key
    return title or plain[0].upper() + plain[1:]


def _read_duration_s(track: StoredObject) -> float | None:
    with suppress(ValueError):
        known_s = float(track.metadata.get("duration_s", ""))
        return known_s if 0 < known_s < math.inf else None
    return None
