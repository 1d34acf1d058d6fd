"""Mixes chunks into one file while a caller waits: from a store, or local files."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mixer.errors import BadInput, Forbidden, OutOfTime
from mixer.files import hash_file
from mixer.publish import Picture
from mixer.requests import Options
from mixer.sound import ProcessGroup, Timeline
from mixer.store import ObjectStore
from mixer.stories.folder import FLAWS, MIX, REQUEST
from mixer.stories.foreground.context import GROUPS, JobContext, run_steps
from mixer.stories.foreground.run_folder import (
    RUN_ID,
    FilesOpener,
    RunFolder,
    RunStore,
    open_run_store,
)
from mixer.stories.inputs import (
    InputLimits,
    check_key,
    load_timeline,
    parse_music_key,
    put_cover,
    read_sounds,
)
from mixer.stories.mix_options import select_encoding
from mixer.stories.model import GivenFlaws, JoinedMix, StoredRequest, StoryKind
from mixer.stories.report import describe_adjustments
from mixer.stories.request import StoryRequest
from mixer.stories.steps import StoryMix

PREFIX = "mixed/"
UPLOAD_MARGIN_S = 1.0
"""Kept between the end of the mixing and the deadline, for the upload and the answer."""

KEY_HEX_DIGITS = 40


@dataclass(frozen=True, slots=True)
class MixResult:
    """A finished mix: a local file, or an object of a store.

    Attributes:
        adjustments: a sentence for each correction of a faulty recording.
        seconds: of each stage.
    """

    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    adjustments: tuple[str, ...]
    seconds: Mapping[str, float]
    key: str = ""
    bucket: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class _FinishedMix:
    """A finished mix that is not stored yet."""

    path: Path
    timeline: Timeline
    joined: JoinedMix
    folder: RunFolder

    def build_result(self, seconds: Mapping[str, float]) -> MixResult:
        """Build the result, as long as the file exists."""
        flaws = self.folder.read(FLAWS, GivenFlaws).flaws
        adjustments = describe_adjustments(self.timeline, read_sounds(self.folder), flaws)
        return MixResult(
            duration_s=self.timeline.duration_s,
            integrated_loudness_lufs=self.joined.integrated_loudness_lufs,
            true_peak_dbtp=self.joined.true_peak_dbtp,
            adjustments=tuple(adjustments),
            seconds=dict(seconds),
        )


@contextmanager
def _mix_request(
    store: RunStore,
    music: RunStore,
    request: StoredRequest,
    context: JobContext,
    *,
    limits: InputLimits | None = None,
    cover: Picture | None = None,
) -> Iterator[_FinishedMix]:
    """Mix the chunks of a request into a file that is deleted after the block.

    At the deadline, raises OutOfTime; finished segments are kept.
    """
    folder = RunFolder(store, RUN_ID)
    folder.write(REQUEST, request)
    if cover is not None:
        put_cover(folder, cover)
    mix = StoryMix(store, music, GROUPS, lambda: context.processes, limits=limits)
    run_steps(folder, mix.steps, context)
    joined = folder.read(MIX, JoinedMix)
    path = store.files.path(folder.key(joined.name))
    yield _FinishedMix(path, load_timeline(folder), joined, folder)


@dataclass(frozen=True, slots=True)
class LocalMix:
    """Local sound files of any format in playing order, with music and cover."""

    chunks: tuple[Path, ...]
    music: Path | None = None
    cover: Picture | None = None

    def mix(
        self, options: Options, out: Path, context: JobContext, open_files: FilesOpener
    ) -> MixResult:
        """Mix the files into one; raises BadInput if none is given, or only silence."""
        if not self.chunks:
            raise BadInput("No chunks were given to mix.")
        keys = tuple(str(path) for path in self.chunks)
        inputs = {key: Path(key) for key in keys}
        music = str(self.music) if self.music else ""
        if self.music:
            inputs[music] = self.music
        given = options.model_dump(exclude_unset=True, exclude={"cover"})
        request = StoryRequest(StoryKind.MIX, "", given, chunk_keys=keys, music=music)
        with (
            open_run_store(open_files, inputs=inputs) as store,
            _mix_request(
                store, store, request.to_stored(time.time()), context, cover=self.cover
            ) as mix,
        ):
            store.files.fetch(mix.folder.key(mix.joined.name), out)
            return mix.build_result(context.timer.seconds)


@dataclass(frozen=True, slots=True)
class MixService:
    """Mixes chunks of a store. Safe for many threads; keep one per process.

    Chunks come from `stores`, by bucket; the first is the service's own.
    """

    stores: Mapping[str, ObjectStore]
    music: ObjectStore
    output: ObjectStore
    link: Callable[[str], str]
    link_lifetime_s: int
    max_object_bytes: int
    max_input_bytes: int
    new_processes: Callable[[], ProcessGroup]
    open_files: FilesOpener

    def is_own_bucket(self, bucket: str | None) -> bool:
        """Check whether chunks come from the service's own bucket."""
        return not bucket or bucket == next(iter(self.stores))

    def mix_chunks(
        self, request: StoryRequest, bucket: str | None, deadline_s: float | None = None
    ) -> MixResult:
        """Mix the chunks of a request; the deadline is on the monotonic clock.

        Raises:
            BadInput: a key is malformed, or there is only silence.
            Forbidden: a bucket or key is not for callers.
            NotFound: a chunk, the music or the cover is missing; it is named.
            UnusablePicture: the cover is not a picture, broken or too large.
            ObjectTooLarge: a sound, or all together, exceed the limits.
            UnplayableAudio: a file has no sound; it is named.
            OutOfTime: the deadline has passed; finished segments are kept.
        """
        bucket = bucket or next(iter(self.stores))
        stored = self._check_keys(bucket, request).to_stored(time.time())
        mix_deadline_s = None if deadline_s is None else deadline_s - UPLOAD_MARGIN_S
        context = JobContext(processes=self.new_processes(), deadline_s=mix_deadline_s)
        limits = InputLimits(self.max_object_bytes, self.max_input_bytes)
        with (
            open_run_store(
                self.open_files, self.output, stores=self._find_stores(bucket, stored)
            ) as store,
            _mix_request(store, store.wrap(self.music), stored, context, limits=limits) as mix,
        ):
            if mix_deadline_s is not None and time.monotonic() > mix_deadline_s:
                raise OutOfTime("The time ran out before the mix could be stored.")
            key = self._store_mix(mix, Options.model_validate(stored.options))
            result = mix.build_result(context.timer.seconds)
        return replace(result, key=key, bucket=bucket, url=self.link(key))

    def _check_keys(self, bucket: str, request: StoryRequest) -> StoryRequest:
        if bucket not in self.stores:
            raise Forbidden(
                f"bucket: chunks in the bucket “{bucket}” are not allowed.", field="bucket"
            )
        for number, key in enumerate(request.chunk_keys):
            check_key(key, f"chunk_keys.{number}")
        return replace(request, music=parse_music_key(request.music) if request.music else "")

    def _find_stores(self, bucket: str, request: StoredRequest) -> dict[str, ObjectStore]:
        """Find the stores of chunks outside of the output bucket."""
        is_own = self.is_own_bucket(bucket)
        return {} if is_own else dict.fromkeys(request.chunk_keys, self.stores[bucket])

    def _store_mix(self, mix: _FinishedMix, options: Options) -> str:
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
