"""What is remembered of a mix from one render to the next, so that an edit renders what it touches.

Its segments are in a cache; a record with them holds the gain that the mix was mastered with and
which segments it consists of. When a render is done, those that it no longer needs are removed:
the cache holds one version of each mix and no more.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from mixer.sound.arrange import reuse_mastering
from mixer.sound.render.loudness_correction import RenderAttempt
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.store_join import measurement_key
from mixer.sound.timeline import Mastering, Timeline


@dataclass(frozen=True, slots=True)
class RenderRecord:
    """What a mix was when it was last rendered.

    Attributes:
        mastering: its gain and limit; None where nothing is known.
        prediction_error_lu: how much louder than predicted it was found to be.
        segment_keys: object keys of its segments.
    """

    mastering: Mastering | None = None
    prediction_error_lu: float = 0.0
    segment_keys: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class RenderHistory:
    """Of one mix, through all its edits.

    Attributes:
        cache: where its segments are kept.
        name: of the mix, the same before and after an edit.
    """

    cache: SegmentCache
    name: str

    @property
    def key(self) -> str:
        """Of the record."""
        return f"{self.cache.prefix}records/{sha256(self.name.encode()).hexdigest()}.json"

    def restore_mastering(self, timeline: Timeline) -> Timeline:
        """A timeline with the gain that the mix had before, where that still does."""
        return reuse_mastering(timeline, self._load_record().mastering)

    def prediction_error_lu(self) -> float:
        """How much louder than predicted the mix was found to be before."""
        return self._load_record().prediction_error_lu

    def record_render(self, attempt: RenderAttempt, segment_keys: Sequence[str]) -> None:
        """Remember a render that is done, and drop the segments that it does not need.

        Args:
            attempt: the mix.
            segment_keys: the segments of all attempts, of which only the last one counts.
        """
        kept = attempt.mixdown.segment_keys
        record = {
            "mastering": asdict(attempt.timeline.mastering),
            "prediction_error_lu": attempt.prediction_error_lu,
            "segments": list(kept),
        }
        spare = self._load_record().segment_keys.union(segment_keys).difference(kept)
        self.cache.store.put(self.key, json.dumps(record).encode())
        for key in spare:
            self.cache.store.delete(key)
            self.cache.store.delete(measurement_key(key))

    def _load_record(self) -> RenderRecord:
        if self.cache.store.head(self.key) is None:
            return RenderRecord()
        with suppress(ValueError, TypeError, KeyError):
            record = json.loads(self.cache.store.get(self.key))
            return RenderRecord(
                Mastering(**record["mastering"]),
                float(record.get("prediction_error_lu", 0.0)),
                frozenset(record["segments"]),
            )
        return RenderRecord()
