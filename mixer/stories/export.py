"""The files of a story told in the foreground: which they are, and where they go."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mixer.files import write_atomic
from mixer.publish import unpack_zip
from mixer.store import FolderStore
from mixer.stories.model import StoryResult

OUTPUTS = {
    "audio": "",
    "captions_vtt": ".vtt",
    "captions_srt": ".srt",
    "picture": ".png",
    "chapters_json": ".chapters.json",
    "chapters_vtt": ".chapters.vtt",
    "read_aloud": ".read-aloud.epub",
}
"""Files that are handed out, by the name of their link, and their endings; the report goes last."""

CHAPTERS_SUFFIX = "-chapters"
"""Behind the name of the folder with a file for each chapter."""


def export_files(
    store: FolderStore,
    result: StoryResult,
    stages_s: Mapping[str, float],
    *,
    out: Path,
    report: Path | None,
) -> tuple[Path, ...]:
    """The finished files, where the user wants them: the audio first, the report last.

    Args:
        store: holds them.
        result: what came of the story.
        stages_s: how long each stage took, for the report.
        out: the finished file; the others take its name with their own endings.
        report: where the report goes; beside it when None.
    """
    *places, report = output_paths(out, report)
    wanted = dict(zip(OUTPUTS, places, strict=True))
    made = {name: path for name, path in wanted.items() if name in result.links}
    for name, path in made.items():
        store.fetch(result.links[name], path)
    parts = chapters_folder(out)
    if "chapter_files" in result.links:
        unpack_zip(store.path(result.links["chapter_files"]), parts)
        made["chapter_files"] = parts
    outputs = (*made.values(), report)
    said: dict[str, Any] = json.loads(store.get(result.links["report"]))
    seconds = {name: round(s, 3) for name, s in stages_s.items()}
    said |= {"stages_s": seconds, "outputs": [path.name for path in outputs]}
    write_atomic(report, f"{json.dumps(said, ensure_ascii=False, indent=2)}\n".encode())
    return outputs


def chapters_folder(out: Path) -> Path:
    """Where a file for each chapter goes, beside the finished file."""
    return out.with_name(f"{out.stem}{CHAPTERS_SUFFIX}")


def output_paths(out: Path, report: Path | None = None) -> tuple[Path, ...]:
    """What a told story may leave: audio, captions, picture, chapters, a book, the report last.

    Args:
        out: the finished file.
        report: where the report goes; beside it when None.
    """
    beside = (out.with_suffix(ending) if ending else out for ending in OUTPUTS.values())
    return (*beside, report or out.with_suffix(".json"))
