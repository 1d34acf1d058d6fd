"""The folder of a story that runs in the foreground.

Its values stay in memory and its files on the local disk. Only chunks and segments are written to
the real store, under keys of their contents.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

from mixer.errors import NotFound
from mixer.files import open_scratch_folder
from mixer.store import FolderStore, ObjectStore, StoredObject, UploadForm
from mixer.stories.folder import PREFIX, Derived, StoryFolder, Value

RUN_ID = "run"
"""Id of a story in the foreground."""

COPIES = ".fetched"
"""Folder of the objects that a run has fetched: each is fetched once."""

FilesOpener = Callable[[Path], FolderStore]
"""Opens the store of a run's files in a folder."""


@dataclass(frozen=True, slots=True)
class RunStore:
    """A store that keeps the files of stories on the local disk, with what it has fetched.

    Objects come from `inputs` (local files) or `stores`, by key, and otherwise from `shared`.
    """

    shared: ObjectStore
    files: FolderStore
    inputs: Mapping[str, Path] = field(default_factory=dict)
    stores: Mapping[str, ObjectStore] = field(default_factory=dict)
    copies: Path | None = None
    _fetched: dict[str, Path] = field(default_factory=dict)

    def wrap(self, other: ObjectStore) -> "RunStore":
        """Fetch what another store holds once per run, too."""
        return RunStore(other, self.files, copies=self.copies)

    def head(self, key: str) -> StoredObject | None:
        """Look up an object; None if it does not exist."""
        if key in self.inputs:
            status = self.inputs[key].stat()
            return StoredObject(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
        return self._select(key).head(key)

    def get(self, key: str) -> bytes:
        """Read a small object."""
        return self.inputs[key].read_bytes() if key in self.inputs else self._select(key).get(key)

    def fetch(self, key: str, path: Path) -> None:
        """Download an object to a local file, once per run."""
        if key in self.inputs:
            _link_file(self.inputs[key], path, key)
        elif key in self._fetched:
            _link_file(self._fetched[key], path, key)
        else:
            self._select(key).fetch(key, path)
            self._keep_copy(key, path)

    def read_into(self, key: str, file: IO[bytes], begin: int = 0, end: int | None = None) -> None:
        """Append an object's content, or its bytes from `begin` up to `end`, to an open file."""
        self._select(key).read_into(key, file, begin, end)

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write an object."""
        self._select(key).put(key, content, content_type=content_type, metadata=metadata)

    def open_writer(
        self, key: str, max_bytes: int, content_type: str
    ) -> AbstractContextManager[IO[bytes]]:
        """Write an object as a stream."""
        return self._select(key).open_writer(key, max_bytes, content_type)

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object unless it exists."""
        return self._select(key).claim(key, content)

    def digest(self, key: str) -> str:
        """Compute the SHA-256 of an object's content."""
        return self._select(key).digest(key)

    def set_aside(self, key: str) -> None:
        """Make room where a damaged object is."""
        self._select(key).set_aside(key)

    def touch(self, key: str) -> None:
        """Renew the age of an object."""
        self._select(key).touch(key)

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List the objects with a prefix, in key order."""
        return self._select(prefix).list(prefix, after)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self._select(key).delete(key)

    def url(self, key: str, expires_s: int, *, for_head: bool = False) -> str:
        """Create a link to an object."""
        return self._select(key).url(key, expires_s, for_head=for_head)

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """Create a form with which anyone can upload one file."""
        return self.shared.upload_form(key, content_type, max_bytes, expires_s)

    def _select(self, key: str) -> ObjectStore:
        return self.files if key.startswith(PREFIX) else self.stores.get(key, self.shared)

    def _keep_copy(self, key: str, path: Path) -> None:
        """Keep a fetched file by a second link, which takes no room."""
        if self.copies is None:
            return
        copy = self.copies / token_hex(8)
        with suppress(OSError):  # no links here: it is fetched again when it is needed again
            self.copies.mkdir(exist_ok=True)
            os.link(path, copy)
            self._fetched[key] = copy


def _link_file(source: Path, path: Path, name: str) -> None:
    source = source.resolve()
    if not source.is_file():
        raise NotFound(f"The file {name} does not exist.", key=name)
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


@dataclass(frozen=True, slots=True)
class RunFolder(StoryFolder):
    """A story's folder in memory."""

    values: dict[str, Any] = field(default_factory=dict)
    derived: dict[str, Any] = field(default_factory=dict)

    def read(self, name: str, kind: type[Value]) -> Value:  # noqa: ARG002 - as it was written
        """Read a value."""
        if name not in self.values:
            raise NotFound(f"The object {self.key(name)} does not exist.", key=self.key(name))
        value: Value = self.values[name]
        return value

    def write(self, name: str, value: object) -> None:
        """Write or replace a value."""
        self.values[name] = value

    def derive(self, name: str, build: Callable[[], Derived]) -> Derived:
        """Build a value at its first use."""
        if name not in self.derived:
            self.derived[name] = build()
        value: Derived = self.derived[name]
        return value

    def claim(self, name: str, value: object) -> bool:
        """Write a value unless it exists."""
        return self.values.setdefault(name, value) is value

    def has(self, name: str) -> bool:
        """Check whether a value or a file exists."""
        return name in self.values or self.store.head(self.key(name)) is not None

    def delete(self, name: str) -> None:
        """Delete a value."""
        self.values.pop(name, None)

    def list_entries(self, prefix: str = "") -> Iterator[StoredObject]:
        """List the values by name."""
        now = datetime.now(UTC)
        for name in sorted(name for name in list(self.values) if name.startswith(prefix)):
            yield StoredObject(name, 0, now)


@contextmanager
def open_run_store(
    open_files: FilesOpener,
    shared: ObjectStore | None = None,
    *,
    inputs: Mapping[str, Path] | None = None,
    stores: Mapping[str, ObjectStore] | None = None,
) -> Iterator[RunStore]:
    """Open a store for one run, deleted after the block; chunks and segments go to `shared`."""
    with open_scratch_folder("run") as folder:
        files = open_files(folder)
        yield RunStore(shared or files, files, inputs or {}, stores or {}, folder / COPIES)
