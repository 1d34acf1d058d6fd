"""Mixes chunks of a store into one file while a caller waits."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.errors import Forbidden, OutOfTime
from mixer.requests import Options
from mixer.stories.foreground import ForegroundMix, JobContext, build_run_request, mix_in_foreground
from mixer.stories.input_checks import InputLimits, check_key, parse_music_key
from mixer.stories.mix_pipeline import select_encoding
from mixer.stories.model import StoryKind
from mixer.stories.run_folder import open_run_store
from mixer.stories.sounds import hash_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixer.sound import ProcessGroup
    from mixer.store import ObjectStore

PREFIX = "mixed/"
UPLOAD_MARGIN_S = 1.0
"""Kept between the end of the mixing and the deadline, for the upload and the answer."""

KEY_HEX_DIGITS = 40


@dataclass(frozen=True, slots=True)
class MixRequest:
    """A request to mix chunks.

    Attributes:
        chunk_keys: in playing order.
        bucket: None for the service's own.
        music: a key or a URL of which only the path is used; None for none.
    """

    chunk_keys: tuple[str, ...]
    bucket: str | None = None
    music: str | None = None


@dataclass(frozen=True, slots=True)
class MixResult:
    """A mix in the store, with the seconds that each stage took."""

    key: str
    bucket: str
    url: str
    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MixService:
    """Mixes chunks. Safe for many threads; keep one per process.

    Chunks come from `stores`, by bucket; the first is the service's own.
    """

    stores: "Mapping[str, ObjectStore]"
    music: "ObjectStore"
    output: "ObjectStore"
    link: "Callable[[str], str]"
    link_lifetime_s: int
    limits: InputLimits
    new_processes: "Callable[[], ProcessGroup]"

    def is_own_bucket(self, bucket: str | None) -> bool:
        """Check whether chunks come from the service's own bucket."""
        return not bucket or bucket == next(iter(self.stores))

    def mix_chunks(
        self, request: MixRequest, options: Options, deadline_s: float | None = None
    ) -> MixResult:
        """Mix chunks into one file; the deadline is on the monotonic clock.

        Raises:
            BadInput: a key is malformed, or there is only silence.
            Forbidden: a bucket or key is not for callers.
            NotFound: a chunk, the music or the cover is missing; it is named.
            UnusablePicture: the cover is not a picture, broken or too large.
            ObjectTooLarge: a sound, or all together, exceed the limits.
            UnplayableAudio: a file has no sound; it is named.
            OutOfTime: the deadline has passed; finished segments are kept.
        """
        bucket = request.bucket or next(iter(self.stores))
        music = self._check_keys(bucket, request)
        mix_deadline_s = None if deadline_s is None else deadline_s - UPLOAD_MARGIN_S
        context = JobContext(processes=self.new_processes(), deadline_s=mix_deadline_s)
        run = build_run_request(StoryKind.MIX, options, chunk_keys=request.chunk_keys, music=music)
        is_own = self.is_own_bucket(bucket)
        stores = {} if is_own else dict.fromkeys(request.chunk_keys, self.stores[bucket])
        with (
            open_run_store(self.output, stores=stores) as store,
            mix_in_foreground(store, run, self.music, context, limits=self.limits) as mix,
        ):
            if mix_deadline_s is not None and time.monotonic() > mix_deadline_s:
                raise OutOfTime("The time ran out before the mix could be stored.")
            key = self._store_mix(mix, options)
        return MixResult(
            key=key,
            bucket=bucket,
            url=self.link(key),
            duration_s=mix.timeline.duration_s,
            integrated_loudness_lufs=mix.joined.integrated_loudness_lufs,
            true_peak_dbtp=mix.joined.true_peak_dbtp,
            seconds=dict(context.timer.seconds),
        )

    def _check_keys(self, bucket: str, request: MixRequest) -> str:
        if bucket not in self.stores:
            raise Forbidden(
                f"bucket: chunks in the bucket {bucket!r} are not allowed.", field="bucket"
            )
        for number, key in enumerate(request.chunk_keys):
            check_key(key, f"chunk_keys.{number}")
        return parse_music_key(request.music) if request.music else ""

    def _store_mix(self, mix: ForegroundMix, options: Options) -> str:
        """Store a mix under a key of its contents, so equal mixes are one object."""
        encoding = select_encoding(options)
        key = f"{PREFIX}{hash_file(mix.path)[:KEY_HEX_DIGITS]}.{encoding.format}"
        measured = {
            "duration_s": round(mix.timeline.duration_s, 3),
            "integrated_loudness_lufs": mix.joined.integrated_loudness_lufs,
            "true_peak_dbtp": mix.joined.true_peak_dbtp,
        }
        self.output.put(
            key,
            mix.path,
            content_type=encoding.kind.content_type,
            metadata={"mix": json.dumps(measured)},
        )
        return key
