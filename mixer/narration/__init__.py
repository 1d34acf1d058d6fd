"""Narrating, mixing, planning and inspecting on this machine: `import mixer` offers it.

The names are loaded when they are first used: a plan needs nothing that makes sound.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.narration.api import inspect, mix, narrate, stream
    from mixer.narration.output_files import Output, WrittenFiles, require_distinct_paths
    from mixer.narration.results import (
        Cancellation,
        MixedAudio,
        NarratedChunk,
        Narration,
        Plan,
    )
    from mixer.narration.story_files import read_lexicon_file
    from mixer.narration.story_plan import plan, select_limits

_HOMES = {
    "Cancellation": "results",
    "MixedAudio": "results",
    "NarratedChunk": "results",
    "Narration": "results",
    "Output": "output_files",
    "Plan": "results",
    "WrittenFiles": "output_files",
    "inspect": "api",
    "mix": "api",
    "narrate": "api",
    "plan": "story_plan",
    "read_lexicon_file": "story_files",
    "require_distinct_paths": "output_files",
    "select_limits": "story_plan",
    "stream": "api",
}

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


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"mixer.narration.{_HOMES[name]}"), name)
