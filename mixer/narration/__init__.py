"""Narrating, mixing, planning and inspecting on this machine: `import mixer` offers it.

The names are loaded when they are first used: a plan needs nothing that makes sound.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.narration.api import inspect, mix, stream
    from mixer.narration.book_cast import cast
    from mixer.narration.output_files import claim_file, clean_name
    from mixer.narration.request import Output
    from mixer.narration.results import (
        Cancellation,
        MixedAudio,
        Narration,
        Plan,
    )
    from mixer.narration.story_entry import narrate
    from mixer.narration.story_files import read_lexicon_file
    from mixer.narration.story_plan import plan, select_limits

__getattr__ = export_lazily(__name__)
