"""The overhead of a story apart from the speech model: planning, captions and picture.

The demo runs once with tones as its voice, and each stage is timed as in the report. The figures
hold for a first run: what a stage loads first is included.
"""

import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.compose import build_story_runner
from mixer.progress import StageTimer
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.stories import JobContext, StoryInput, StoryRun
from tests.engines import ToneEngine

STORY = Path("demo/story.md")
LIMIT_S = 1.0
"""Target for both stages together."""

MEASURED_STAGES = ("planning", "publishing")
ENGINE = "generative"


def time_story(folder: Path) -> tuple[StoryRun, dict[str, float]]:
    """Narrate the demo's story with tones, and return the time of each stage."""
    stages = StageTimer(lambda _stage, _share: None)
    options = Options(engine=ENGINE, text_type="markdown")
    with closing(ToneEngine()) as engine:
        runner = build_story_runner(folder / "store", engine, JobContext(stages))
        source = read_document(STORY.read_bytes(), TextType.MARKDOWN)
        story_run = runner.run_story(StoryInput(source), options, folder / "story.mp3")
    return story_run, stages.seconds


def run() -> list[dict[str, object]]:
    """Measure a row per stage, and one for all of them with the target."""
    began_s = time.monotonic()
    with TemporaryDirectory(prefix="bench-") as folder:
        story_run, seconds = time_story(Path(folder))
    whole_s = time.monotonic() - began_s
    chunks = story_run.narration.stored.script.chunks
    words = sum(len(u.text.split()) for chunk in chunks for u in chunk.utterances)
    story = f"{words:,} words, {story_run.timeline.duration_s / 60:.0f} min of audio"
    together_s = sum(seconds[stage] for stage in MEASURED_STAGES)
    parts = [
        {"what": stage, "measured": f"{seconds[stage]:.3f} s", "figure": "", "ok": True}
        for stage in MEASURED_STAGES
    ]
    return [
        *parts,
        {
            "what": f"planning, captions, picture and report together ({story})",
            "measured": f"{together_s:.3f} s of {whole_s:.1f} s in all",
            "figure": f"≤ {LIMIT_S:g} s",
            "ok": together_s <= LIMIT_S,
        },
    ]


def main() -> None:
    """Print the rows."""
    for each in run():
        mark = "ok  " if each["ok"] else "MISS"
        print(f"{mark} {each['what']}: {each['measured']} {each['figure']}".rstrip())


if __name__ == "__main__":
    main()
