"""Builds filter graphs, and filters that several parts need."""

from collections.abc import Sequence
from pathlib import Path

from mixer.sound import ffmpeg
from mixer.sound.loudness import amplitude
from mixer.sound.render.bed import CHANNELS as BED_CHANNELS
from mixer.sound.render.bed import FRAME_BYTES, Bed
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples

LIMITER = "alimiter=level=0:attack=5:release=50:latency=1:limit="
"""Without automatic level, which would lift everything to the limit; its delay is compensated."""

RESTART = "asetpts=round(N/SR/TB)"
"""Restarts time, in samples: a damaged recording's own timestamps may jump."""


LARGE_FRAMES = "asetnsamples=8192:p=0"
"""An MP3 is decoded into frames of 576 samples, which would be passed on by twenty filters each."""


class FilterGraph:
    """A filter graph under construction, with its inputs."""

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.files: list[Path] = []
        self._chains: list[str] = []
        self._sources: list[tuple[Path, tuple[int, int] | None]] = []

    @property
    def text(self) -> str:
        """The graph in FFmpeg's syntax."""
        return ";".join(self._chains)

    def decode_inside(self) -> tuple[str, list[Path]]:
        """The graph with a source in the place of each input, and the files that they open.

        All is decoded in the filters' thread. Handing over frames from the threads of inputs takes
        a tenth of LAME's time.
        """
        sources = [
            f"{ffmpeg.confine_source(number, ffmpeg.select_probe_bytes(path))},{LARGE_FRAMES}"
            if span is None
            else ffmpeg.raw_source(number, *span, MIX_RATE_HZ)
            for number, (path, span) in enumerate(self._sources)
        ]
        chains = [f"{source}[{_input_label(number)}]" for number, source in enumerate(sources)]
        return ";".join([*chains, *self._chains]), [path for path, _ in self._sources]

    def add_recording(self, path: Path) -> str:
        """Add an untrusted file as an input; its decoder needs no threads of its own."""
        self.inputs += ["-threads", "1", *ffmpeg.confine_input(len(self.files))]
        self.files.append(path)
        return self._add_input(path)

    def add_bed(self, bed: Bed, begin: int, end: int) -> str:
        """Add a range of a bed's frames as an input."""
        span = begin * FRAME_BYTES, end * FRAME_BYTES
        url = f"subfile,,start,{span[0]},end,{span[1]},,:{bed.path}"
        raw = ["-f", "s16le", "-ar", str(MIX_RATE_HZ), "-ac", str(BED_CHANNELS)]
        self.inputs += [*raw, "-i", url]
        return self._add_input(bed.path, span)

    def chain(self, label: str, filters: Sequence[str]) -> str:
        """Add filters after a label; returns the label of their end."""
        return self._add(f"[{label}]{','.join(filters)}")

    def add_source(self, filters: Sequence[str]) -> str:
        """Add filters that begin with a generator."""
        return self._add(",".join(filters))

    def join(self, labels: Sequence[str], filter_spec: str) -> str:
        """Join several streams by one filter; a single one stays unchanged."""
        if len(labels) == 1:
            return labels[0]
        return self._add("".join(f"[{label}]" for label in labels) + filter_spec)

    def split(self, label: str, filter_spec: str, count: int) -> list[str]:
        """Split a stream by a filter with several outputs."""
        labels = [f"s{len(self._chains)}_{index}" for index in range(count)]
        self._chains.append(f"[{label}]{filter_spec}" + "".join(f"[{each}]" for each in labels))
        return labels

    def _add(self, chain: str) -> str:
        label = f"n{len(self._chains)}"
        self._chains.append(f"{chain}[{label}]")
        return label

    def _add_input(self, path: Path, span: tuple[int, int] | None = None) -> str:
        self._sources.append((path, span))
        return _input_label(len(self._sources) - 1)


def _input_label(number: int) -> str:
    return f"{number}:a:0"


def concatenate(graph: FilterGraph, labels: Sequence[str]) -> str:
    """Concatenate streams."""
    return graph.join(labels, f"concat=n={len(labels)}:v=0:a=1")


def skip_filters(samples: int) -> list[str]:
    """Drop the first samples of a stream."""
    return [f"atrim=start_sample={samples}", RESTART] if samples else ["anull"]


def length_filters(length: int) -> list[str]:
    """Pad or cut a stream to a length in samples."""
    return [f"apad=whole_len={length}", f"atrim=end_sample={length}"]


def fade_filters(direction: str, start: int, length: int, curve: str) -> list[str]:
    """Fade `in` or `out` by FFmpeg's `curve`; none if `length` (in samples) is 0."""
    if length <= 0:
        return []
    return [f"afade=t={direction}:ss={start}:ns={length}:curve={curve}"]


def limiter_filters(limit_db: float | None) -> list[str]:
    """The limiter, if there is a limit, in dBFS."""
    return [] if limit_db is None else [f"{LIMITER}{amplitude(limit_db):.6f}"]


def upmix_filters(timeline: Timeline) -> list[str]:
    """Copy a mono stream to all channels of the mix at the same level."""
    return ["channelmap=0|0:stereo"] if timeline.channels > 1 else []


def mix_samples(timeline: Timeline, samples: int) -> int:
    """Convert a place on the timeline to samples of the mix."""
    return rescale_samples(samples, timeline.rate_hz, MIX_RATE_HZ)
