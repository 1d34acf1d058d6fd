"""Chunks in a store mixed into one file in the store, for a request.

First everything is looked at without fetching it (`mixer.jobs.looking`). Then the sounds are
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
from mixer.jobs.covers import fetched_cover
from mixer.jobs.fetching import Name, request_folder, stopping
from mixer.jobs.looking import Limits, check_key, looked_at, music_key
from mixer.jobs.mixing import (
    DEFAULT_GAP_MS,
    Desk,
    Mix,
    Stages,
    encoding_of,
    measured,
    mixed,
    music_found,
)
from mixer.jobs.production import tags
from mixer.jobs.speed import Speed
from mixer.publish.pictures import Picture
from mixer.requests import Options
from mixer.sound.cues import Music
from mixer.sound.ffmpeg import Children
from mixer.sound.measure import Measurement
from mixer.sound.placing import Take
from mixer.speech.recordings import Recording, from_metadata
from mixer.store.objects import ObjectStore, StoredObject
from mixer.store.uploads import music_home

PREFIX = "mixed/"
CLOSING_S = 1.0
"""Kept between the end of the mixing and the deadline, for the upload and the answer."""

MIXING = "mixing"
FIRST_SPEED = 400.0
"""Seconds of audio that are mixed in one, before this process has measured it: more than the six
cores of the largest Lambda do. What is longer than this allows cannot be done in time anywhere; for
the rest, the render itself tells after its first segments (mixer/sound/pace.py)."""

LEAST_LEARNT_S = 300.0
"""A shorter mix says little of a long one: starting takes its time."""

KEY_HEX_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Order:
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
class Assembled:
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
class Assembler:
    """Mixes chunks of stores. Safe for many threads; keep one as long as the process lives.

    Attributes:
        stores: buckets that chunks may come from, by name; the first is the service's own.
        music: where music is found.
        output: where mixes are kept.
        link: makes a link to a mix from its key.
        link_lifetime_s: how long a link is good.
        limits: of what one mix fetches.
        job: begins the job of a request; a server that ends may stop them all.
        speed: how long a second of audio takes.
    """

    stores: Mapping[str, ObjectStore]
    music: ObjectStore
    output: ObjectStore
    link: Callable[[str], str]
    link_lifetime_s: int
    limits: Limits
    job: Callable[[], Children] = Children
    speed: Speed = field(default_factory=lambda: Speed({MIXING: 1 / FIRST_SPEED}))

    def is_own(self, bucket: str | None) -> bool:
        """Whether chunks come from the service's own bucket."""
        return not bucket or bucket == next(iter(self.stores))

    def assemble(
        self,
        order: Order,
        asked: Options,
        deadline_s: float | None = None,
        *,
        only_if_it_fits: bool = False,
    ) -> Assembled:
        """Mix chunks into one file.

        Args:
            order: what shall be mixed.
            asked: how it shall sound.
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
        bucket, sources = self._chosen(order)
        until_s = None if deadline_s is None else deadline_s - CLOSING_S
        children = self.job()
        desk = Desk(Stages(_nobody_watches), children)
        with stopping(children, until_s), desk.stages.stage("looking"):
            cover = fetched_cover(self.output, asked.cover) if asked.cover else None
            known = _said(looked_at(sources, self.limits, until_s))
            if only_if_it_fits and until_s is not None:
                self._require_fit([known[key] for key in order.chunk_keys if key in known], until_s)
        with stopping(children, until_s), request_folder() as folder:
            with desk.stages.stage("fetching"):
                files = folder.fetched(sources, until_s)
            begun_s = time.monotonic()
            mix, key = self._mixed(
                desk,
                order,
                asked,
                known=known,
                files=files,
                cover=cover,
                folder=folder.path,
                until_s=until_s,
            )
        if mix.timeline.duration_s >= LEAST_LEARNT_S:
            self.speed.note(MIXING, mix.timeline.duration_s, time.monotonic() - begun_s)
        url = self.link(key)
        return Assembled(mix, key, bucket, url, dict(desk.stages.seconds))

    def _require_fit(self, known: Sequence[Recording], until_s: float) -> None:
        """Begin nothing that will not be done in time, as far as is known of the chunks.

        Raises:
            OutOfTime: it is foretold to take longer.
        """
        audio_s = sum(each.measured.duration_s for each in known)
        foreseen_s = self.speed.seconds(MIXING, audio_s)
        if foreseen_s > until_s - time.monotonic():
            raise OutOfTime(
                f"Mixing {audio_s / 60:.0f} minutes would take about {foreseen_s:.0f} s, longer "
                "than a caller is kept waiting."
            )

    def _chosen(self, order: Order) -> tuple[str, dict[Name, ObjectStore]]:
        """The bucket of an order's chunks, and where everything lies that it names."""
        bucket = order.bucket or next(iter(self.stores))
        if bucket not in self.stores:
            raise Forbidden(
                f"bucket: chunks of the bucket {bucket!r} are not mixed here.", field="bucket"
            )
        for number, key in enumerate(order.chunk_keys):
            check_key(key, f"chunk_keys.{number}")
        sources = {("chunk", key): self.stores[bucket] for key in order.chunk_keys}
        if order.music:
            key = music_key(order.music)
            sources["music", key] = music_home(key, self.music, self.output)
        return bucket, sources

    def _mixed(
        self,
        desk: Desk,
        order: Order,
        asked: Options,
        *,
        known: Mapping[str, Recording],
        files: Mapping[Name, Path],
        cover: Picture | None,
        folder: Path,
        until_s: float | None,
    ) -> tuple[Mix, str]:
        chunks = {key: path for (role, key), path in files.items() if role == "chunk"}
        bed = self._bed(desk, files)
        unknown = {key: path for key, path in chunks.items() if key not in known}
        with desk.stages.stage("measuring") as tell_share:
            found = measured(desk, unknown, tell_share)
        laid = [_take(key, known.get(key), found, asked) for key in order.chunk_keys]
        kind = encoding_of(asked)
        out = folder / f"mix.{kind.format}"
        about = tags(asked)
        mix = mixed(
            desk,
            laid,
            chunks,
            bed,
            asked=asked,
            out=out,
            about=about,
            cover=cover,
            until_s=until_s,
        )
        if desk.children.stopped:
            raise OutOfTime("The time ran out before the mix could be kept.")
        with desk.stages.stage("keeping"):
            told = {**about, "cover": sha256(cover.content).hexdigest() if cover else ""}
            key = f"{PREFIX}{_digest(mix, files, told, asked)}.{kind.format}"
            self.output.put(key, out, content_type=kind.kind.content_type, metadata=_about(mix))
        return mix, key

    def _bed(self, desk: Desk, files: Mapping[Name, Path]) -> tuple[Path, Music] | None:
        for (role, key), path in files.items():
            if role == "music":
                return music_found(desk, path, key)
        return None


def _said(heads: Mapping[Name, StoredObject]) -> dict[str, Recording]:
    """What chunks say of themselves, by key; nothing of those that do not."""
    said = {
        key: from_metadata(key, heads[role, key].metadata) for role, key in heads if role == "chunk"
    }
    return {key: recorded for key, recorded in said.items() if recorded is not None}


def _take(
    key: str, known: Recording | None, found: Mapping[str, Measurement], asked: Options
) -> Take:
    """A chunk with the silence that the request wants behind it, or that it says itself."""
    own_ms = known.gap_ms if known and known.gap_ms is not None else DEFAULT_GAP_MS
    gap_ms = own_ms if asked.gap_ms is None else asked.gap_ms
    return Take(key, known.measured if known else found[key], gap_ms, is_gap_exact=True)


def _digest(
    mix: Mix,
    files: Mapping[Name, Path],
    about: Mapping[str, str],
    asked: Options,
) -> str:
    """A name made of what shapes the mix: its timeline, its sounds, its tags, its encoder."""
    sounds = {f"{role} {key}": _content_digest(path) for (role, key), path in files.items()}
    shaping = [asdict(mix.timeline), sounds, dict(about), asked.preset, asdict(encoding_of(asked))]
    content = json.dumps(shaping, ensure_ascii=False, sort_keys=True)
    return sha256(content.encode()).hexdigest()[:KEY_HEX_DIGITS]


def _content_digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _about(mix: Mix) -> dict[str, str]:
    measures = {
        "duration_s": round(mix.timeline.duration_s, 3),
        "integrated_loudness_lufs": mix.checked.integrated_lufs,
        "true_peak_dbtp": mix.checked.true_peak_dbtp,
    }
    return {"mix": json.dumps(measures)}


def _nobody_watches(_stage: str, _share: float) -> None:
    return
