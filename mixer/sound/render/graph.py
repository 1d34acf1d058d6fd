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


class FilterGraph:
    """A filter graph under construction, with its inputs."""

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.files: list[Path] = []
        self._chains: list[str] = []
        self._input_count = 0

    @property
    def text(self) -> str:
        """The graph in FFmpeg's syntax."""
        return ";".join(self._chains)

    def add_recording(self, path: Path) -> str:
        """Add an untrusted file as an input; its decoder needs no threads of its own."""
        self.inputs += ["-threads", "1", *ffmpeg.confine_input(len(self.files))]
        self.files.append(path)
        return self._next_input()

    def add_bed(self, bed: Bed, begin: int, end: int) -> str:
        """Add a range of a bed's frames as an input."""
        url = f"subfile,,start,{begin * FRAME_BYTES},end,{end * FRAME_BYTES},,:{bed.path}"
        raw = ["-f", "s16le", "-ar", str(MIX_RATE_HZ), "-ac", str(BED_CHANNELS)]
        self.inputs += [*raw, "-i", url]
        return self._next_input()

    def chain(self, label: str, filters: Sequence[str]) -> str:
        """Add filters after a label; returns the label of their end."""
        return self._add(f"[{label}]{','.join(filters)}")

    def add_sink(self, label: str, filters: Sequence[str]) -> None:
        """Add filters that end inside the graph; an output would cost a thread."""
        self._chains.append(f"[{label}]{','.join(filters)},anullsink")

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

    def _next_input(self) -> str:
        self._input_count += 1
        return f"{self._input_count - 1}:a:0"


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
    return ["pan=stereo|c0=c0|c1=c0"] if timeline.channels > 1 else []


def mix_samples(timeline: Timeline, samples: int) -> int:
    """Convert a place on the timeline to samples of the mix."""
    return rescale_samples(samples, timeline.rate_hz, MIX_RATE_HZ)
