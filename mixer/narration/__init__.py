"""Narrating, mixing, planning and inspecting on this machine: `import mixer` offers it."""

from mixer.narration.api import inspect, mix, narrate, plan, select_limits, stream
from mixer.narration.output_files import Output, WrittenFiles, require_distinct_paths
from mixer.narration.results import (
    Cancellation,
    MixedAudio,
    NarratedChunk,
    Narration,
    Plan,
)
from mixer.narration.story_files import read_lexicon_file

__all__ = [
    "Cancellation",
    "MixedAudio",
    "NarratedChunk",
    "Narration",
    "Output",
    "Plan",
    "WrittenFiles",
    "inspect",
    "mix",
    "narrate",
    "plan",
    "read_lexicon_file",
    "require_distinct_paths",
    "select_limits",
    "stream",
]
