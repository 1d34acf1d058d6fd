"""Novels with annotated speakers (the Project Dialogism Novel Corpus), read from a folder.

The corpus is not part of the project. Each novel is a folder with `novel_text.txt`,
`quotation_info.csv` and `character_info.csv`.
"""

import ast
import csv
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_FOLDER = Path("..", "shared", "pdnc")
MAX_FIELD_CHARS = 10**8
MAIN_CATEGORIES = ("major", "intermediate")
Places = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class GoldQuotation:
    """An annotated quotation; `kind` is Explicit, Anaphoric or Implicit."""

    spans: Places
    speaker: str
    kind: str
    is_main: bool


@dataclass(frozen=True, slots=True)
class Novel:
    """An annotated novel; `aliases` has the normalised names of each character."""

    name: str
    text: str
    quotations: Sequence[GoldQuotation]
    aliases: Mapping[str, frozenset[str]]


def load_novels(folder: Path) -> list[Novel]:
    """All novels of a folder, by name."""
    csv.field_size_limit(MAX_FIELD_CHARS)
    return [_load_novel(each) for each in sorted(folder.iterdir()) if each.is_dir()]


def normalise_name(name: str) -> str:
    """A name in lower case without its article."""
    return " ".join(name.lower().replace("’", "'").split()).removeprefix("the ")


def _load_novel(folder: Path) -> Novel:
    aliases, categories = dict[str, frozenset[str]](), dict[str, str]()
    for row in _read_rows(folder / "character_info.csv"):
        name = row["Main Name"].strip()
        names = [*ast.literal_eval(row["Aliases"]), name]
        aliases[name] = frozenset(map(normalise_name, names))
        categories[name] = row["Category"]
    quotations = []
    for row in _read_rows(folder / "quotation_info.csv"):
        speaker = _resolve_speaker(row["speaker"].strip(), aliases)
        aliases.setdefault(speaker, frozenset([normalise_name(speaker)]))
        is_main = categories.get(speaker) in MAIN_CATEGORIES
        spans = [(start, end) for start, end in ast.literal_eval(row["quoteByteSpans"])]
        quotations.append(GoldQuotation(spans, speaker, row["quoteType"], is_main))
    with (folder / "novel_text.txt").open(encoding="utf-8", newline="") as file:
        return Novel(folder.name, file.read(), quotations, aliases)


def _read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _resolve_speaker(speaker: str, aliases: Mapping[str, frozenset[str]]) -> str:
    """The main name of a speaker who is annotated by another of the names."""
    if speaker in aliases:
        return speaker
    named = (name for name, names in aliases.items() if normalise_name(speaker) in names)
    return next(named, speaker)


def match_names(novel: Novel, names: Iterable[tuple[str, int]]) -> str:
    """The annotated character whom counted names of one person mostly mean; empty for none."""
    owners = defaultdict[str, list[str]](list)
    for speaker, known in novel.aliases.items():
        for name in known:
            owners[name].append(speaker)
    votes = Counter[str]()
    for name, count in names:
        for speaker in owners.get(normalise_name(name), ()):
            votes[speaker] += count / len(owners[normalise_name(name)])  # type: ignore[assignment]
    return votes.most_common(1)[0][0] if votes else ""


def find_span(spans: Places, at: int) -> int:
    """The index of the span that contains a place; -1 for none."""
    index = bisect_right(spans, (at, 1 << 60)) - 1
    return index if index >= 0 and spans[index][0] <= at < spans[index][1] else -1
