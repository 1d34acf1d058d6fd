"""Narrating a story, unless its files are in their places already.

What makes a narration is loaded only if it is needed.
"""

from pathlib import Path

from mixer.narration.finished_runs import FinishedRuns
from mixer.narration.request import DEFAULTS, NarrationRequest, Output, as_output, as_path
from mixer.narration.results import Cancellation, Narration, warn_about
from mixer.progress import Progress, ignore_progress
from mixer.requests import Options


def narrate(
    story: str | Path,
    out: str | Path | Output | None = None,
    options: Options = DEFAULTS,
    *,
    music: str | Path | None = None,
    progress: Progress = ignore_progress,
    cancellation: Cancellation | None = None,
) -> Narration:
    """Narrate a story into a file, with captions, chapters, picture and report next to it.

    Chunks and segments are kept in the folder MIXER_STORE, or else in the user's cache, so that
    nothing is synthesized twice. If nothing has changed since the files were made, they stay as
    they are. What deserves attention before speaking is a MixerWarning.

    Args:
        story: the text itself, or the Path of a text, Markdown, HTML, SSML or EPUB file; Path("-")
            is standard input.
        out: the file to write, whose suffix selects the format; an Output sets more. By default
            the story's name in the current folder.
        music: background music, or the folder of the files that the story names.

    Raises:
        StoryCancelled: `cancellation` was used.
        MixerError: the message explains the reason and the remedy.
    """
    request = NarrationRequest(story, as_output(out), options, as_path(music))
    runs = FinishedRuns(request)
    inputs = runs.begin()
    is_cancelled = cancellation is not None and cancellation.is_cancelled
    if not is_cancelled and (found := runs.find(inputs)):
        warn_about(found.notices)
        return found.narration
    from mixer.narration.story_run import run_story

    return run_story(runs, inputs, progress, cancellation)
