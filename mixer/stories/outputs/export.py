"""Exports the files of a story that ran in the foreground."""

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
"""Suffixes of the exported files, by the name of their link; the report comes last."""

CHAPTERS_SUFFIX = "-chapters"
"""Suffix of the folder with a file per chapter."""


def export_files(
    store: FolderStore,
    result: StoryResult,
    stages_s: Mapping[str, float],
    *,
    out: Path,
    report: Path | None,
) -> tuple[Path, ...]:
    """Copy the finished files to the user's folder: the audio first, the report last.

    The files take the name of `out` with their own suffixes, the report only by default.
    """
    *places, report = list_exports(out, report)
    wanted = dict(zip(OUTPUTS, places, strict=True))
    made = {name: path for name, path in wanted.items() if name in result.links}
    for name, path in made.items():
        store.fetch(result.links[name], path)
    parts = chapters_folder(out)
    if "chapter_files" in result.links:
        unpack_zip(store.path(result.links["chapter_files"]), parts)
        made["chapter_files"] = parts
    outputs = (*made.values(), report)
    fields: dict[str, Any] = json.loads(store.get(result.links["report"]))
    seconds = {name: round(s, 3) for name, s in stages_s.items()}
    fields |= {"stages_s": seconds, "outputs": [path.name for path in outputs]}
    write_atomic(report, f"{json.dumps(fields, ensure_ascii=False, indent=2)}\n".encode())
    return outputs


def chapters_folder(out: Path) -> Path:
    """Return the folder of the chapter files, next to the finished file."""
    return out.with_name(f"{out.stem}{CHAPTERS_SUFFIX}")


def list_exports(out: Path, report: Path | None = None) -> tuple[Path, ...]:
    """List all files that a story may produce: the audio first, the report last."""
    paths = (out.with_suffix(ending) if ending else out for ending in OUTPUTS.values())
    return (*paths, report or out.with_suffix(".json"))
