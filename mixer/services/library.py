"""Music to choose from, and room for a caller's own files.

What is said of a piece of music its object's metadata say (`title`, `duration_s`); where they say
nothing, the title comes from the key and the length is measured once for each process, as far as
the time allows: a piece that is not measured yet is listed without its length.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from secrets import token_hex

from mixer.errors import BadInput, MixerError, ObjectTooLarge, OutOfTime
from mixer.parallel import run_in_parallel, usable_cores
from mixer.sound.analysis import MUSIC_CHANNELS, measure
from mixer.store import UPLOADS_PREFIX, ObjectStore, StoredObject, UploadForm
from mixer.stories.workspace import open_request_folder

MUSIC_TYPES = {
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}
"""Endings of files that are taken for music, and how they are served."""

PICTURE_TYPES = {".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png"}
"""Endings of files that are taken for covers."""

TEXT_TYPES = {
    ".epub": "application/epub+zip",
    ".md": "text/markdown",
    ".txt": "text/plain",
}
"""Endings of texts that are taken for stories."""

SHARED_PREFIX = "music/"
"""Where music is, in a bucket that holds all the rest as well."""

MAX_TRACKS = 500
"""Of a library that is listed; nobody scrolls through more."""

MAX_MEASURED_BYTES = 50_000_000
"""Larger pieces are not fetched for the sake of their length."""

RESPONSE_MARGIN_S = 6.0
"""Of the time until the deadline that is left for everything but measuring."""

KEY_BYTES = 16
"""Of chance in an upload's key: nobody guesses it."""


@dataclass(frozen=True, slots=True)
class Track:
    """A piece of music.

    Attributes:
        key: its object key.
        title: for people.
        size_bytes: of the file.
        duration_s: its length; Null if it has not been measured.
    """

    key: str
    title: str
    size_bytes: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class MusicLibrary:
    """Music and uploads. Safe for many threads; keep one as long as the process lives.

    Attributes:
        music: where music is found.
        prefix: under which; empty for everywhere.
        link: makes a link to a piece of music from its key.
        link_lifetime_s: how long a link is good.
        form: makes an upload's form from key, content type and size in bytes.
        max_upload_bytes: of one file.
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
        """The music to choose from, by title.

        Args:
            deadline_s: on the monotonic clock.
        """
        until_s = None if deadline_s is None else deadline_s - RESPONSE_MARGIN_S
        found = list(islice(_filter_music(self.music.list(self.prefix)), MAX_TRACKS))
        known = self._load_metadata(found, deadline_s)
        self._measure_missing([each for each in known if _stated_duration_s(each) is None], until_s)
        tracks = [Track(o.key, _title(o), o.size_bytes, self._duration_s(o)) for o in known]
        return tuple(sorted(tracks, key=lambda track: (track.title.casefold(), track.key)))

    def create_upload(self, name: str, size_bytes: int) -> tuple[str, UploadForm]:
        """A key for a caller's own file, and the form to send it with.

        Args:
            name: of the file; only its ending counts.
            size_bytes: of the file.

        Raises:
            BadInput: neither music nor text nor picture, by its ending.
            ObjectTooLarge: larger than is taken here.
        """
        suffix = PurePosixPath(name).suffix.lower()
        content_type = {**MUSIC_TYPES, **TEXT_TYPES, **PICTURE_TYPES}.get(suffix)
        if content_type is None:
            known = ", ".join([*sorted(MUSIC_TYPES), *sorted(TEXT_TYPES), *sorted(PICTURE_TYPES)])
            raise BadInput(f"name: {name[:80]!r} must end in one of {known}.", field="name")
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
        """The same objects with their metadata, without those that are gone meanwhile."""
        keys = [each.key for each in objects]
        looked = dict(run_in_parallel(keys, self.music.head, 16, deadline_s=deadline_s))
        heads = (looked[key].result() for key in keys)
        return [head for head in heads if head is not None]

    def _measure_missing(self, objects: Iterable[StoredObject], deadline_s: float | None) -> None:
        """Find out the lengths that nobody has told, as far as the time allows."""
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
        """A file that is no sound after all has no length; a mix would say so by name."""
        length_s = math.nan
        with suppress(MixerError), open_request_folder() as folder:
            (path,) = folder.fetch_all({("music", track.key): self.music}, None).values()
            length_s = measure(path, track.key, channels=MUSIC_CHANNELS).duration_s
        with self._lock:
            self._durations_s[_cache_key(track)] = length_s

    def _duration_s(self, track: StoredObject) -> float | None:
        told_s = _stated_duration_s(track)
        length_s = self._durations_s.get(_cache_key(track), math.nan) if told_s is None else told_s
        return round(length_s, 3) if math.isfinite(length_s) else None


def _filter_music(objects: Iterator[StoredObject]) -> Iterator[StoredObject]:
    for each in objects:
        is_music = PurePosixPath(each.key).suffix.lower() in MUSIC_TYPES
        if is_music and not each.key.startswith(UPLOADS_PREFIX) and each.size_bytes:
            yield each


def _cache_key(track: StoredObject) -> tuple[str, str]:
    """What a length is remembered by: a piece that is replaced is measured again."""
    return track.key, f"{track.modified.isoformat()} {track.size_bytes}"


def _title(track: StoredObject) -> str:
    """What its metadata call it, else the last part of its key, written for people."""
    told = track.metadata.get("title", "").strip()
    words = PurePosixPath(track.key).stem.replace("_", " ").replace("-", " ").split()
    plain = " ".join(words) or track.key
    return told or plain[0].upper() + plain[1:]


def _stated_duration_s(track: StoredObject) -> float | None:
    """The length that its metadata tell."""
    with suppress(ValueError):
        told_s = float(track.metadata.get("duration_s", ""))
        return told_s if 0 < told_s < math.inf else None
    return None
