"""What a store keeps of projects: numbered states, each with its text.

projects/{caller}/{project}/{number}.json     a state without its text; {}: deleted
projects/{caller}/{project}/texts/{name}.txt  the text of one state or of several

A state is written once, under the next number: of two clients that change a project at the same
time, the second is refused. States and texts are checked by their digests when they are read. The
newest states stay, so that a damaged one has another before it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any

from mixer.errors import DamagedObject, NotFound
from mixer.store import UPLOADS_PREFIX, ObjectStore, StoredObject

PROJECTS = "projects/"

KEPT_STATES = 4
MAX_READS = 5
"""While others write: what was listed may be replaced before it is read."""

ID_PATTERN = r"^[0-9a-z][0-9a-z-]{6,62}[0-9a-z]$"

DELETED = b"{}"

_UPLOAD = re.compile(rf"{UPLOADS_PREFIX}\w[\w-]{{0,99}}(?:[./][\w-]{{1,99}}){{0,4}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Project:
    """A state of a project: its fields as given, and their digest."""

    project_id: str
    etag: str
    modified: datetime
    fields: Mapping[str, Any]

    def list_uploads(self) -> tuple[str, ...]:
        """List the keys of uploads that it names outside of its text."""
        single = [self.fields.get(name) for name in ("cover", "music", "source")]
        sounds, files = self.fields.get("sounds", {}), self.fields.get("files", {})
        named = (str(each) for each in (*single, *sounds.values(), *files))
        return tuple(sorted({each for each in named if _UPLOAD.fullmatch(each)}))


@dataclass(frozen=True, slots=True)
class ListedProject:
    """The stored states of a project, the oldest first, unread."""

    project_id: str
    states: tuple[tuple[int, StoredObject], ...]

    @property
    def newest(self) -> StoredObject:
        """The newest state."""
        return self.states[-1][1]

    @property
    def is_deleted(self) -> bool:
        """Whether the newest state is a deletion."""
        return self.newest.size_bytes == len(DELETED)

    @property
    def place(self) -> tuple[int, str]:
        """Its place in the list: the newest first."""
        return -round(self.newest.modified.timestamp() * 1000), self.project_id

    @property
    def cursor(self) -> str:
        """Its place as a cursor."""
        return f"{-self.place[0]}-{self.project_id}"


@dataclass(frozen=True, slots=True)
class LoadedProject:
    """The last number of a project, and the newest state that is whole."""

    number: int
    project: Project | None = None
    text_key: str = ""
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class ProjectStates:
    """Reads and writes the states of projects in a store. Safe for threads and processes."""

    store: ObjectStore

    def load(self, caller: str, project_id: str) -> LoadedProject:
        """Load a project; the number is 0 if it never existed."""
        loaded = LoadedProject(0)
        for _ in range(MAX_READS):
            listed = self._find(caller, project_id)
            if listed is None:
                return LoadedProject(0)
            loaded = self._read(listed)
            if loaded.project is not None or listed.is_deleted:
                return loaded
        return replace(loaded, is_damaged=True)

    def _find(self, caller: str, project_id: str) -> ListedProject | None:
        if not re.fullmatch(ID_PATTERN, project_id):
            return None
        return next(iter(self.list_all(caller, f"{project_id}/")), None)

    def list_all(self, caller: str, beginning: str = "") -> list[ListedProject]:
        """List a caller's projects whose paths have this beginning."""
        prefix = project_folder(caller)
        states: dict[str, list[tuple[int, StoredObject]]] = {}
        for each in self.store.list(prefix + beginning):
            project_id, _, name = each.key.removeprefix(prefix).partition("/")
            number = name.removesuffix(".json")
            if number.isdecimal():
                states.setdefault(project_id, []).append((int(number), each))
        return [ListedProject(each, tuple(numbered)) for each, numbered in states.items()]

    def _read(self, listed: ListedProject) -> LoadedProject:
        """Read the newest state that is whole, unless the project is deleted."""
        number = listed.states[-1][0]
        for record, modified in () if listed.is_deleted else self._read_states(listed):
            with suppress(NotFound, DamagedObject):
                text = self.store.get(record["text_key"])
                if sha256(text).hexdigest() == record["digest"]:
                    fields = {**record["fields"], "text": text.decode()}
                    found = Project(listed.project_id, record["etag"], modified, fields)
                    return LoadedProject(number, found, record["text_key"])
        return LoadedProject(number)

    def read_without_text(self, caller: str, listed: ListedProject) -> Project | None:
        """Read the fields of a listed project; None if it was deleted meanwhile."""
        for record, modified in self._read_states(listed):
            return Project(listed.project_id, record["etag"], modified, record["fields"])
        loaded = self.load(caller, listed.project_id)
        if not loaded.is_damaged:
            return loaded.project
        fields = {"name": f"{listed.project_id} (damaged)"}
        return Project(listed.project_id, "", listed.newest.modified, fields)

    def write(self, caller: str, project: Project, before: LoadedProject) -> bool:
        """Write the next state, unless another was written since the one before.

        Its text is written only if it differs from that of the state before.
        """
        folder = project_folder(caller, project.project_id)
        fields = {name: value for name, value in project.fields.items() if name != "text"}
        uploads = sorted({*_UPLOAD.findall(json.dumps(dict(project.fields)))})  # for retention
        text = str(project.fields.get("text") or "")
        is_new = before.project is None or before.project.fields.get("text") != text
        text_key = f"{folder}texts/{token_hex(8)}.txt" if is_new else before.text_key
        if is_new:
            self.store.put(text_key, text.encode(), content_type="text/plain; charset=utf-8")
        record = {"etag": project.etag, "fields": fields, "uploads": uploads, "text_key": text_key}
        key = state_key(folder, before.number + 1)
        record["digest"] = sha256(text.encode()).hexdigest()
        record["seal"] = _compute_seal(key, record)
        content = json.dumps(record, ensure_ascii=False).encode()
        if self.store.claim(key, content):
            self._delete_old_states(caller, project.project_id, before.number + 1)
            return True
        if is_new:
            self.store.delete(text_key)
        return False

    def _delete_old_states(self, caller: str, project_id: str, number: int) -> None:
        """Delete all but the newest states, and texts that only those had."""
        listed = self._find(caller, project_id)
        states = [each for each in (listed.states if listed else ()) if each[0] <= number]
        kept = [self._read_record(each.key) or {} for _, each in states[-KEPT_STATES:]]
        needed = {record.get("text_key") for record in kept}
        for _, state in states[:-KEPT_STATES]:
            text_key = (self._read_record(state.key) or {}).get("text_key")
            self.store.delete(state.key)
            if text_key and text_key not in needed:
                self.store.delete(text_key)

    def _read_states(self, listed: ListedProject) -> Iterator[tuple[dict[str, Any], datetime]]:
        for _, state in reversed(listed.states):
            record = self._read_record(state.key)
            if record:
                yield record, state.modified

    def _read_record(self, key: str) -> dict[str, Any] | None:
        """Read a state; None if it is missing, damaged, or a deletion."""
        with suppress(NotFound, DamagedObject, ValueError, RecursionError):
            record = json.loads(self.store.get(key))
            if isinstance(record, dict) and record.pop("seal", "") == _compute_seal(key, record):
                return record
        return None


def _compute_seal(key: str, record: Mapping[str, Any]) -> str:
    content = json.dumps([key, record], sort_keys=True)
    return sha256(content.encode()).hexdigest()[:32]


def project_folder(caller: str, project_id: str = "") -> str:
    """Return the prefix of a project's objects, or of all of a caller's."""
    owner = sha256(f"projects\n{caller}".encode()).hexdigest()[:32]
    return f"{PROJECTS}{owner}/{project_id}/" if project_id else f"{PROJECTS}{owner}/"


def state_key(folder: str, number: int) -> str:
    """Return the object key of a state."""
    return f"{folder}{number:09}.json"
