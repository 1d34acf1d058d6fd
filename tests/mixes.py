"""Mixes made in tests: sounds into files, measured, laid out and rendered for real."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from mixer.formats import FormatName
from mixer.parallel import usable_cores
from mixer.sound.analysis.measurement import (
    MUSIC_CHANNELS,
    VOICE_CHANNELS,
    Measurement,
    measure,
)
from mixer.sound.analysis.verification import verify
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.placement import SoundAnnotation, Take
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import Encoding
from mixer.sound.presets import PRESETS
from mixer.sound.render.mixdown import Mixdown, Progress, RenderJob, render, render_to_target
from mixer.sound.render.segment_renderer import RenderPool, RenderSources
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples
from tests.sounds import MIX_HZ, VOICE_HZ, Sound, write_sound

COLUMNS = 400
"""Of the waveform."""

WHOLE_SECTIONS = 10_000
"""Grid steps of a segment: as many as any section in tests has."""


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """A chunk to be mixed: how it sounds, and what the layout knows of it."""

    sound: Sound
    rate_hz: int = VOICE_HZ
    gap_ms: int = 700
    ends_paragraph: bool = False
    opens: str | None = None
    marks: tuple[SoundAnnotation, ...] = ()
    name: str = "{}.wav"
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LocalAudio:
    """A finished file on this machine."""

    path: Path

    def open(self) -> IO[bytes]:
        """Open it to read and seek."""
        return self.path.open("rb")

    def local_path(self) -> Path:
        """Where it is."""
        return self.path


@dataclass(frozen=True, slots=True)
class PreparedMix:
    """A mix and what it was made of."""

    timeline: Timeline
    ingredients: RenderSources
    path: Path
    encoding: Encoding
    lay_out: Callable[[float], Timeline]
    chunks: Sequence[ChunkSpec] = field(default=())

    def render(
        self,
        *,
        workers: int | None = None,
        deadline_s: float | None = None,
        processes: ProcessGroup | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> tuple[str, ...]:
        """The keys of its segments, rendered; options are fields of RenderJob."""
        job = RenderJob(
            self.timeline,
            self.ingredients,
            self.encoding,
            pool=RenderPool(processes or ProcessGroup(), workers or usable_cores(), deadline_s),
            **options,
        )
        return render(job, self.path, progress)

    def render_to_target(self, **options: Any) -> "PreparedMix":
        """Render it as every way of asking does, again where it misses its target; what it is."""

        def render_checked(timeline: Timeline) -> Mixdown:
            replace(self, timeline=timeline).render(**options)
            return Mixdown(verify(self.path, timeline.duration_s, COLUMNS))

        look = render_to_target(self.lay_out, render_checked)
        return replace(self, timeline=look.timeline)

    def mix_samples(self, samples: int) -> int:
        """A place on the timeline in samples of the mix."""
        return rescale_samples(samples, self.timeline.rate_hz, MIX_RATE_HZ)


def prepare_mix(
    folder: Path,
    chunks: Sequence[ChunkSpec],
    music: Sound | None = None,
    *,
    sounds: Mapping[str, Sound] = MappingProxyType({}),
    preset: str = "story",
    bitrate_kbps: int | None = None,
    kind: FormatName = "mp3",
    **style: Any,
) -> PreparedMix:
    """A mix that is decided, its recordings in files, and not yet rendered.

    Args:
        folder: where all files go.
        chunks: the voice.
        music: at MIX_HZ, from the beginning on.
        sounds: at MIX_HZ, those that the chunks' marks name.
        preset: by name.
        bitrate_kbps: the preset's own where None.
        kind: of file.
        style: further fields of MixStyle.
    """
    clips = {str(number): _write_chunk(folder, number, each) for number, each in enumerate(chunks)}
    takes = [
        Take(
            source=source,
            measured=_measure_once(path),
            gap_ms=each.gap_ms,
            ends_paragraph=each.ends_paragraph,
            chapter_title=each.opens,
            annotations=each.marks,
        )
        for (source, path), each in zip(clips.items(), chunks, strict=True)
    ]
    chosen = PRESETS[preset]
    encoding = Encoding(kind, bitrate_kbps or chosen.bitrate_kbps)
    by_name = {**sounds, **({} if music is None else {"music": music})}
    files = {
        name: write_sound(folder / f"{name}.wav", each, MIX_HZ) for name, each in by_name.items()
    }
    known = {
        name: SoundFile(name, _measure_once(path, MUSIC_CHANNELS)) for name, path in files.items()
    }
    style = {"section_grid": encoding.stream.section_grid, **style}
    asked = MixStyle(chosen, encoding.level_offset_db, **style)

    def decide_timeline(error_lu: float) -> Timeline:
        return build_timeline(
            takes, known.get("music"), replace(asked, prediction_error_lu=error_lu), known
        )

    recordings = {name: (files[name], each.measured) for name, each in known.items()}
    return PreparedMix(
        decide_timeline(0.0),
        RenderSources(clips, recordings),
        folder / f"mix.{kind}",
        encoding,
        decide_timeline,
        tuple(chunks),
    )


_measured: dict[tuple[bytes, str], Measurement] = {}
"""By content and channels: many tests mix the same sounds."""


def _measure_once(path: Path, channels: str = VOICE_CHANNELS) -> Measurement:
    key = sha256(path.read_bytes()).digest(), channels
    if key not in _measured:
        _measured[key] = measure(path, channels=channels)
    return _measured[key]


def _write_chunk(folder: Path, number: int, chunk: ChunkSpec) -> Path:
    path = folder / chunk.name.format(number)
    return write_sound(path, chunk.sound, chunk.rate_hz, chunk.options)
