"""Chunks in a store mixed into one file in the store, for a request.

First everything is looked at without fetching it (`mixer.stories.input_checks`). Then the sounds
are
fetched in parallel into a folder of their own, measured where they do not carry their
measurements, mixed, checked, and kept under a name made of what shapes the mix: the same request
asked twice at once ends with one object. The folder is gone afterwards, whatever happened.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path

from mixer.errors import Forbidden, OutOfTime
from mixer.publish.cover import Picture
from mixer.publish.tags import build_tags
from mixer.requests import Options
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.placement import Take
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.recordings import Recording
from mixer.store.objects import ObjectStore, StoredObject
from mixer.store.uploads import select_music_store
from mixer.stories.covers import fetch_cover
from mixer.stories.input_checks import InputLimits, check_inputs, check_key, parse_music_key
from mixer.stories.mix_pipeline import (
    DEFAULT_GAP_MS,
    JobContext,
    Mix,
    StageTimer,
    measure_files,
    measure_music,
    mix_takes,
    select_encoding,
)
from mixer.stories.throughput import Throughput
from mixer.stories.workspace import InputName, open_request_folder, stop_at_deadline

PREFIX = "mixed/"
UPLOAD_MARGIN_S = 1.0
"""Kept between the end of the mixing and the deadline, for the upload and the answer."""

MIXING = "mixing"
INITIAL_SPEED = 400.0
"""Seconds of audio that are mixed in one, before this process has measured it: more than the six
cores of the largest Lambda do. What is longer than this allows cannot be done in time anywhere; for
the rest, the render itself tells after its first segments
(`mixer.sound.render.render_deadline`)."""

MIN_SAMPLE_S = 300.0
"""A shorter mix says little of a long one: starting takes its time."""

KEY_HEX_DIGITS = 40


@dataclass(frozen=True, slots=True)
class MixRequest:
    """What shall be mixed.

    Attributes:
        chunk_keys: in playing order.
        bucket: where they are; None for the service's own.
        music: a key in the music bucket, or a URL of which only the path counts; None for none.
    """

    chunk_keys: tuple[str, ...]
    bucket: str | None = None
    music: str | None = None


@dataclass(frozen=True, slots=True)
class MixResult:
    """A mix in the store.

    Attributes:
        mix: how it sounds.
        key: its object key.
        bucket: where the chunks were.
        url: a link to it.
        stages_s: how long each stage took.
    """

    mix: Mix
    key: str
    bucket: str
    url: str
    stages_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MixService:
    """Mixes chunks of stores. Safe for many threads; keep one as long as the process lives.

    Attributes:
        stores: buckets that chunks may come from, by name; the first is the service's own.
        music: where music is found.
        output: where mixes are kept.
        link: makes a link to a mix from its key.
        link_lifetime_s: how long a link is good.
        limits: of what one mix fetches.
        new_processes: begins the job of a request; a server that ends may stop them all.
        throughput: how long a second of audio takes.
    """

    stores: Mapping[str, ObjectStore]
    music: ObjectStore
    output: ObjectStore
    link: Callable[[str], str]
    link_lifetime_s: int
    limits: InputLimits
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    throughput: Throughput = field(default_factory=lambda: Throughput({MIXING: 1 / INITIAL_SPEED}))

    def is_own_bucket(self, bucket: str | None) -> bool:
        """Whether chunks come from the service's own bucket."""
        return not bucket or bucket == next(iter(self.stores))

    def mix_chunks(
        self,
        request: MixRequest,
        options: Options,
        deadline_s: float | None = None,
        *,
        only_if_it_fits: bool = False,
    ) -> MixResult:
        """Mix chunks into one file.

        Args:
            request: what shall be mixed.
            options: how it shall sound.
            deadline_s: on the monotonic clock.
            only_if_it_fits: fetch nothing where that moment is foretold to come first.

        Raises:
            BadInput: a key is none, or there is nothing to hear.
            Forbidden: a bucket or a key that is not for callers.
            NotFound: a chunk, the music or the cover is not there; it is named.
            UnusablePicture: the cover is no picture, is broken, or is too large.
            ObjectTooLarge: a sound, or all of them, are too large; nothing was fetched.
            UnplayableAudio: a sound is none; it is named.
            OutOfTime: the deadline came first.
        """
        bucket, sources = self._resolve_sources(request)
        until_s = None if deadline_s is None else deadline_s - UPLOAD_MARGIN_S
        children = self.new_processes()
        desk = JobContext(StageTimer(_ignore_stage_progress), children)
        with stop_at_deadline(children, until_s), desk.timer.stage("looking"):
            cover = fetch_cover(self.output, options.cover) if options.cover else None
            known = _parse_recordings(check_inputs(sources, self.limits, until_s))
            if only_if_it_fits and until_s is not None:
                self._check_deadline(
                    [known[key] for key in request.chunk_keys if key in known], until_s
                )
        with stop_at_deadline(children, until_s), open_request_folder() as folder:
            with desk.timer.stage("fetching"):
                files = folder.fetch_all(sources, until_s)
            begun_s = time.monotonic()
            mix, key = self._produce_mix(
                desk,
                request,
                options,
                recordings=known,
                files=files,
                cover=cover,
                folder=folder.path,
                deadline_s=until_s,
            )
        if mix.timeline.duration_s >= MIN_SAMPLE_S:
            self.throughput.record(MIXING, mix.timeline.duration_s, time.monotonic() - begun_s)
        url = self.link(key)
        return MixResult(mix, key, bucket, url, dict(desk.timer.seconds))

    def _check_deadline(self, recordings: Sequence[Recording], deadline_s: float) -> None:
        """Begin nothing that will not be done in time, as far as is known of the chunks.

        Raises:
            OutOfTime: it is foretold to take longer.
        """
        audio_s = sum(each.measured.duration_s for each in recordings)
        foreseen_s = self.throughput.predict_seconds(MIXING, audio_s)
        if foreseen_s > deadline_s - time.monotonic():
            raise OutOfTime(
                f"Mixing {audio_s / 60:.0f} minutes would take about {foreseen_s:.0f} s, longer "
                "than a caller is kept waiting."
            )

    def _resolve_sources(self, request: MixRequest) -> tuple[str, dict[InputName, ObjectStore]]:
        """The bucket of an order's chunks, and where everything lies that it names."""
        bucket = request.bucket or next(iter(self.stores))
        if bucket not in self.stores:
            raise Forbidden(
                f"bucket: chunks of the bucket {bucket!r} are not mixed here.", field="bucket"
            )
        for number, key in enumerate(request.chunk_keys):
            check_key(key, f"chunk_keys.{number}")
        sources = {("chunk", key): self.stores[bucket] for key in request.chunk_keys}
        if request.music:
            key = parse_music_key(request.music)
            sources["music", key] = select_music_store(key, self.music, self.output)
        return bucket, sources

    def _produce_mix(
        self,
        context: JobContext,
        request: MixRequest,
        options: Options,
        *,
        recordings: Mapping[str, Recording],
        files: Mapping[InputName, Path],
        cover: Picture | None,
        folder: Path,
        deadline_s: float | None,
    ) -> tuple[Mix, str]:
        chunks = {key: path for (role, key), path in files.items() if role == "chunk"}
        bed = self._load_bed(context, files)
        unknown = {key: path for key, path in chunks.items() if key not in recordings}
        with context.timer.stage("measuring") as tell_share:
            found = measure_files(context, unknown, tell_share)
        laid = [_build_take(key, recordings.get(key), found, options) for key in request.chunk_keys]
        kind = select_encoding(options)
        out = folder / f"mix.{kind.format}"
        about = build_tags(options)
        mix = mix_takes(
            context,
            laid,
            chunks,
            bed,
            options=options,
            out=out,
            tag_fields=about,
            cover=cover,
            deadline_s=deadline_s,
        )
        if context.processes.is_stopped:
            raise OutOfTime("The time ran out before the mix could be kept.")
        with context.timer.stage("keeping"):
            told = {**about, "cover": sha256(cover.content).hexdigest() if cover else ""}
            key = f"{PREFIX}{_mix_digest(mix, files, told, options)}.{kind.format}"
            self.output.put(
                key, out, content_type=kind.kind.content_type, metadata=_mix_metadata(mix)
            )
        return mix, key

    def _load_bed(
        self, context: JobContext, files: Mapping[InputName, Path]
    ) -> tuple[Path, SoundFile] | None:
        for (role, key), path in files.items():
            if role == "music":
                return measure_music(context, path, key)
        return None


def _parse_recordings(objects: Mapping[InputName, StoredObject]) -> dict[str, Recording]:
    """What chunks say of themselves, by key; nothing of those that do not."""
    said = {
        key: Recording.from_metadata(key, objects[role, key].metadata)
        for role, key in objects
        if role == "chunk"
    }
    return {key: recorded for key, recorded in said.items() if recorded is not None}


def _build_take(
    key: str, recording: Recording | None, measurements: Mapping[str, Measurement], options: Options
) -> Take:
    """A chunk with the silence that the request wants behind it, or that it says itself."""
    own_ms = recording.gap_ms if recording and recording.gap_ms is not None else DEFAULT_GAP_MS
    gap_ms = own_ms if options.gap_ms is None else options.gap_ms
    return Take(
        key, recording.measured if recording else measurements[key], gap_ms, is_gap_exact=True
    )


def _mix_digest(
    mix: Mix,
    files: Mapping[InputName, Path],
    tag_fields: Mapping[str, str],
    options: Options,
) -> str:
    """A name made of what shapes the mix: its timeline, its sounds, its tags, its encoder."""
    sounds = {f"{role} {key}": _hash_file(path) for (role, key), path in files.items()}
    shaping = [
        asdict(mix.timeline),
        sounds,
        dict(tag_fields),
        options.preset,
        asdict(select_encoding(options)),
    ]
    content = json.dumps(shaping, ensure_ascii=False, sort_keys=True)
    return sha256(content.encode()).hexdigest()[:KEY_HEX_DIGITS]


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _mix_metadata(mix: Mix) -> dict[str, str]:
    measures = {
        "duration_s": round(mix.timeline.duration_s, 3),
        "integrated_loudness_lufs": mix.verification.integrated_lufs,
        "true_peak_dbtp": mix.verification.true_peak_dbtp,
    }
    return {"mix": json.dumps(measures)}


def _ignore_stage_progress(_stage: str, _share: float) -> None:
    return
