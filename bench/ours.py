"""Mixer's own mix, in a process of its own: laid out, rendered, and checked where asked for.

`python -m bench.ours FILE` reads what to do from a file that `Work.written` wrote.
"""

import pickle
import sys
from pathlib import Path

from bench.work import Work
from mixer.jobs.production import chapters
from mixer.jobs.remembering import Memory
from mixer.publish.tags import Label
from mixer.sound.check import check
from mixer.sound.layout import MixStyle, lay_out
from mixer.sound.mixdown import render
from mixer.sound.presets import PRESETS
from mixer.sound.rendering import Ingredients
from mixer.sound.second_look import Look
from mixer.sound.shelf import Shelf
from mixer.store.folder import FolderStore

COLUMNS = 1_600
PRESET = PRESETS["podcast"]
"""Loud enough that the limiter has work to do."""


def mix(work: Work) -> None:
    """Make a mix with everything that belongs to it: levelling, ducking, limiter, tags."""
    timeline = lay_out(work.takes, work.music, MixStyle(PRESET, work.encoding))
    memory = Memory(Shelf(FolderStore(work.shelf)), "book") if work.shelf else None
    timeline = memory.remastered(timeline) if memory else timeline
    if timeline.mastering.limit_db is None or not any(cue.ramps for cue in timeline.cues):
        raise SystemExit("This mix would be measured without its limiter or its ducking.")
    label = Label({"title": "Bench"}, chapters(timeline), timeline.duration_s)
    mixdown = render(
        timeline,
        Ingredients(work.files, {work.music.source: (work.music_file, work.music.measured)}),
        work.out,
        encoding=work.encoding,
        head=label.head(work.encoding.format),
        about=label.about(work.encoding.format),
        shelf=memory.shelf if memory else None,
        workers=work.workers,
    )
    if memory:
        memory.note(Look(timeline, mixdown), mixdown.reels)
    if work.checked:
        check(work.out, timeline.duration_s, COLUMNS, stretches=mixdown.stretches)


if __name__ == "__main__":
    mix(pickle.loads(Path(sys.argv[1]).read_bytes()))  # noqa: S301 - written by the bench itself
