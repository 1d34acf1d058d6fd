"""Remembers a mix between renders, so that an edit renders only what it changes.

A record in the segment cache holds the mastering and the segments of a mix, and where its music is.
After a render, unused segments are removed: the cache holds one version of each mix.

Any edit moves the computed gain by a hundredth of a decibel, and with it every byte of the file.
The old gain is kept while the result stays within REUSE_TOLERANCE_LU of the target.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256

from mixer.sound.arrange import MixStyle, MusicPlace, list_music_places
from mixer.sound.render.segment_cache import SegmentCache, digest_content
from mixer.sound.render.store_join import measurement_key
from mixer.sound.timeline import Mastering, Timeline

REUSE_TOLERANCE_LU = 0.2
"""Inaudible, and within what a preset promises."""


def reuse_mastering(timeline: Timeline, previous: Mastering | None) -> Timeline:
    """Use the mastering of the render before the edit, if it still fits."""
    if previous is None or not _is_reusable(previous, timeline.mastering):
        return timeline
    return replace(timeline, mastering=previous)


def _is_reusable(previous: Mastering, wanted: Mastering) -> bool:
    same_figures = (
        replace(previous, gain_db=wanted.gain_db, limit_db=wanted.limit_db) == wanted
        and abs(previous.gain_db - wanted.gain_db) <= REUSE_TOLERANCE_LU
    )
    if not same_figures or wanted.limit_db is None:
        return same_figures
    return (
        previous.limit_db is not None
        and abs(previous.limit_db - wanted.limit_db) <= REUSE_TOLERANCE_LU
    )


@dataclass(frozen=True, slots=True)
class RenderRecord:
    """State of a mix at its last render; `mastering` is None if unknown."""

    mastering: Mastering | None = None
    prediction_error_lu: float = 0.0
    music: Mapping[str, MusicPlace] = field(default_factory=dict)
    segment_keys: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class RenderHistory:
    """History of one mix, whose `name` stays the same across edits."""

    cache: SegmentCache
    name: str

    @property
    def key(self) -> str:
        """Object key of the record."""
        digest = sha256(self.name.encode(errors="surrogatepass")).hexdigest()
        return f"{self.cache.prefix}records/{digest}.json"

    def restore_mastering(self, timeline: Timeline) -> Timeline:
        """Use the previous mastering if it still fits."""
        return reuse_mastering(timeline, self._load_record().mastering)

    def restore_style(self, style: MixStyle) -> MixStyle:
        """Add where the music was before."""
        return replace(style, kept_music=self._load_record().music)

    def prediction_error_lu(self) -> float:
        """How much louder than predicted the mix was before."""
        return self._load_record().prediction_error_lu

    def list_segments(self) -> frozenset[str]:
        """The keys of the segments of the version before."""
        return self._load_record().segment_keys

    def record_render(
        self,
        timeline: Timeline,
        kept: Sequence[str],
        rendered: Sequence[str],
        prediction_error_lu: float = 0.0,
    ) -> None:
        """Save a render with its segments, and delete others that were rendered or recorded."""
        places = list_music_places(timeline)
        record = {
            "mastering": asdict(timeline.mastering),
            "music": {source: [place.skip, place.gain_db] for source, place in places.items()},
            "prediction_error_lu": prediction_error_lu,
            "segments": list(kept),
        }
        sealed = {"record": record, "digest": self._digest_record(record)}
        unused_keys = self._load_record().segment_keys.union(rendered).difference(kept)
        self.cache.store.put(self.key, json.dumps(sealed).encode())
        for key in unused_keys:
            self.cache.store.delete(key)
            self.cache.store.delete(measurement_key(key))

    def _load_record(self) -> RenderRecord:
        if self.cache.store.head(self.key) is None:
            return RenderRecord()
        with suppress(ValueError, TypeError, KeyError):
            sealed = json.loads(self.cache.store.get(self.key))
            record = sealed["record"]
            if sealed["digest"] == self._digest_record(record):
                return RenderRecord(
                    Mastering(**record["mastering"]),
                    float(record["prediction_error_lu"]),
                    {key: MusicPlace(*place) for key, place in record.get("music", {}).items()},
                    frozenset(record["segments"]),
                )
        return RenderRecord()

    def _digest_record(self, record: Mapping[str, object]) -> str:
        return digest_content(self.key, json.dumps(record).encode())
