"""The files that a run writes: their names, and what they may not overwrite."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import regex

from mixer.errors import BadOption, StoreFailed
from mixer.feeds import FeedFolder, build_slug
from mixer.files import require_writable, resolve_path, translate_disk_errors, write_atomic
from mixer.formats import DEFAULT_FORMAT, FormatName
from mixer.narration.request import Output, as_output
from mixer.narration.story_files import apply_head
from mixer.narration.story_source import Source
from mixer.publish import build_tags, require_cuttable
from mixer.requests import Options
from mixer.script import Document

FORMATS: tuple[FormatName, ...] = get_args(FormatName)

LIBRARY_FORMAT: FormatName = "m4b"
MAX_NAME_BYTES = 120
"""Of a part of a path: file systems allow 255, of which suffixes take some."""

_FORBIDDEN = regex.compile(r"""[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]+""")

_ADDRESS = regex.compile(r"https?://[^\s/?#@<>\"]+(/[^?#<>\"]*)?")
"""Without a user name or password, which everyone would read in the feed."""

EDGE_BYTES = 1 << 20
"""From each end of a file, for its fingerprint."""


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """An output with its store and its feed."""

    path: Path
    store: Path
    report: Path | None
    force: bool
    feed: FeedFolder | None = None


def settle_output(
    source: Source, options: Options, out: str | Path | Output | None
) -> tuple[Options, StoredOutput]:
    """Settle what the story's head states, the file to write and its format.

    Raises:
        BadOption: the file's suffix is not a format, or chapters of it cannot be cut out.
    """
    options = apply_head(options, source)
    default = Path(f"{source.stem}.{options.format or DEFAULT_FORMAT}")
    if isinstance(out, Output) and out.library is not None:
        default = place_in_library(out.library, source.document, options, source.stem)
    output = resolve_store(out, default)
    name = options.feed or source.document.metadata.feed
    feed, options = resolve_feed(out, name, output.path, options)
    options = resolve_format(options, output.path)
    if options.needs_cuts:
        require_cuttable(options.format or DEFAULT_FORMAT)
    return options, replace(output, feed=feed)


def resolve_store(out: str | Path | Output | None, default: Path) -> StoredOutput:
    """Settle the file to write, and the folder that keeps chunks."""
    output = as_output(out)
    return StoredOutput(output.path or default, output.store_folder, output.report, output.force)


def place_in_library(library: Path, document: Document, options: Options, stem: str) -> Path:
    """Place a file where Audiobookshelf and Jellyfin look for it.

    `Author/Series/Vol 2 - Title/Title.m4b`, as Audiobookshelf's directory structure has it; what is
    not known is left out, and an author who is not is `Unknown`.
    """
    title = clean_name(options.title or document.title) or clean_name(stem) or "story"
    author = clean_name(options.author or document.author) or "Unknown"
    stated = options.model_copy(update={"series": options.series or document.metadata.series})
    tags = build_tags(stated)
    series, volume = clean_name(tags["series"]), tags["series-part"]
    folder = f"Vol {volume} - {title}" if series and volume else title
    parts = (author, series, folder)
    place = library.joinpath(*(part for part in parts if part))
    return place / f"{title}.{options.format or LIBRARY_FORMAT}"


def clean_name(text: str) -> str:
    """Make a name that every file system accepts; may be empty."""
    name = " ".join(_FORBIDDEN.sub(" ", text).split())
    return name.encode(errors="ignore")[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .")


def resolve_feed(
    out: "str | Path | Output | None", name: str, path: Path, options: Options
) -> tuple[FeedFolder | None, Options]:
    """Settle the folder of a feed, and whether chapters become episodes, which it remembers.

    A feed that the story itself names is a folder next to the finished file.

    Raises:
        BadOption: the address is not one.
        BadInput: the folder's records are damaged.
    """
    output = out if isinstance(out, Output) else Output()
    if output.feed_url and not _ADDRESS.fullmatch(output.feed_url):
        raise BadOption(
            f"feed_url: “{output.feed_url[:80]}” must be the address of a folder, such as "
            "https://example.org/podcast.",
            field="feed_url",
        )
    folder = output.feed or (path.parent / (build_slug(name) or "feed") if name else None)
    if folder is None:
        return None, options
    feed = FeedFolder(folder, output.feed_url)
    mode = options.feed_episodes or feed.mode
    return feed, options.model_copy(update={"feed_episodes": mode}) if mode != "story" else options


class WrittenFiles:
    """Remembers in the store which files Mixer wrote, so that it overwrites no others."""

    def __init__(self, store: Path) -> None:
        self._folder = store / "written"

    def require_own(self, paths: Iterable[Path], *, force: bool) -> None:
        """Check that what would be overwritten is as Mixer wrote it.

        Raises:
            BadOption: a file was not written by Mixer, or was changed since.
        """
        for path in () if force else paths:
            if _is_taken(path) and _read_fingerprint(path) != self._recall(path):
                raise BadOption(
                    f"out: {path} exists and was not written by Mixer, or was changed since; "
                    "choose another --out, or add --force to overwrite it.",
                    field="out",
                )

    def add(self, paths: Iterable[Path]) -> None:
        """Remember files that were just written, as far as the store can be written to."""
        for path in paths:
            with suppress(StoreFailed, OSError):
                write_atomic(self._place(path), _read_fingerprint(path).encode())

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, and remember it."""
        write_atomic(path, content)
        self.add([path])

    def _recall(self, path: Path) -> str:
        with suppress(OSError):
            return self._place(path).read_text(encoding="ascii", errors="replace")
        return ""

    def _place(self, path: Path) -> Path:
        name = hashlib.sha256(os.fsencode(resolve_path(path))).hexdigest()
        return self._folder / name[:32]


def claim_file(
    out: Path | None, inputs: Mapping[Path, str], store: Path, *, force: bool
) -> WrittenFiles:
    """Check that a file, if any, can be written and overwrites no input and nothing of others.

    Raises:
        BadOption: it is one of the inputs, or was not written by Mixer.
        StoreFailed: it cannot be written.
    """
    written = WrittenFiles(store)
    if out is not None:
        require_distinct_paths([out], inputs)
        require_writable(out)
        written.require_own([out], force=force)
    return written


def _is_taken(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _read_fingerprint(path: Path) -> str:
    """A digest of a file's size and ends; for a folder a word, since it holds many files."""
    if path.is_dir():
        return "folder"
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digest = hashlib.sha256(b"%d:" % size + file.read(EDGE_BYTES))
        file.seek(max(0, size - EDGE_BYTES))
        digest.update(file.read(EDGE_BYTES))
    return digest.hexdigest()


def resolve_format(options: Options, out: Path) -> Options:
    """Set the format by the suffix of the file to write.

    Raises:
        BadOption: the suffix is not a format, or not that of the options.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in FORMATS or options.format not in (None, suffix):
        allowed = [options.format] if options.format else FORMATS
        suffixes = ", ".join(f".{each}" for each in allowed)
        any_of = "one of " if len(allowed) > 1 else ""
        raise BadOption(f"out: {out} must end in {any_of}{suffixes}.", field="out")
    return options.model_copy(update={"format": suffix})


def require_distinct_paths(outputs: Sequence[Path], inputs: Mapping[Path, str]) -> None:
    """Check that no result overwrites an input or another result.

    Args:
        outputs: files to be written.
        inputs: files to be read, with their names in messages, such as `the story`.

    Raises:
        BadOption: two of them are the same file.
    """
    for number, output in enumerate(outputs):
        for path, name in inputs.items():
            if _is_same_file(output, path):
                raise BadOption(
                    f"out: {output} would overwrite {name}; choose another --out.", field="out"
                )
        if any(_is_same_file(output, other) for other in outputs[:number]):
            raise BadOption(f"report: {output} is also the name of another output.")


def _is_same_file(one: Path, other: Path) -> bool:
    if resolve_path(one) == resolve_path(other):
        return True
    with translate_disk_errors(one):
        return one.exists() and other.exists() and one.samefile(other)
