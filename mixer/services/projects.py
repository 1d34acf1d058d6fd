"""Projects: what callers work on, kept until they delete it.

projects/{caller}/{project}/{number}.json     a state without its text; {}: deleted
projects/{caller}/{project}/texts/{name}.txt  the text of one state or of several

A state is written once, under the next number: of two clients that change a project at the same
time, the second is refused. The newest states stay, so that a damaged one has another before it.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any, ClassVar

from mixer.errors import BadInput, DamagedObject, NotFound, ObjectTooLarge, ProjectChanged
from mixer.store import UPLOADS_PREFIX, ObjectStore, StoredObject

PROJECTS = "projects/"

MAX_PROJECTS = 200
"""Per caller."""

MAX_PROJECT_BYTES = 4_000_000
"""As JSON: an answer of Lambda takes 6 MB, and a refusal holds a whole project."""

KEPT_STATES = 4
PAGE_SIZE = 20
END_OF_TIME = 10**16
MAX_READS = 5
"""While others write: what was listed may be replaced before it is read."""

DELETED = b"{}"
DELETION_AGE = timedelta(days=1)
"""How long a deletion is remembered, for requests that began before it."""

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
class ProjectPage:
    """Some of a caller's projects, newest first, without their texts."""

    projects: tuple[Project, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class _Listed:
    project_id: str
    states: tuple[tuple[int, StoredObject], ...]

    @property
    def newest(self) -> StoredObject:
        return self.states[-1][1]

    @property
    def is_deleted(self) -> bool:
        return self.newest.size_bytes == len(DELETED)

    @property
    def place(self) -> tuple[int, str]:
        """Its place in the list: the newest first."""
        return -round(self.newest.modified.timestamp() * 1000), self.project_id

    @property
    def cursor(self) -> str:
        return f"{-self.place[0]}-{self.project_id}"


@dataclass(frozen=True, slots=True)
class ProjectService:
    """Keeps the projects of all callers in a store. Safe for threads and processes."""

    store: ObjectStore
    clock: Callable[[], float] = time.time
    max_bytes: ClassVar[int] = MAX_PROJECT_BYTES
    id_pattern: ClassVar[str] = r"^[0-9a-z][0-9a-z-]{6,62}[0-9a-z]$"
    cursor_pattern: ClassVar[str] = r"^([0-9]{1,15}-[0-9a-z-]{8,64})?$"

    def list_page(self, caller: str, cursor: str = "") -> ProjectPage:
        """List a caller's projects; the cursor comes from the page before."""
        found = self._list_all(caller, "")
        for each in found:
            if each.is_deleted and each.newest.modified < self._now() - DELETION_AGE:
                self.store.delete(each.newest.key)
        at, _, project_id = cursor.partition("-")
        after = (-int(at or END_OF_TIME), project_id)
        living = sorted((e for e in found if not e.is_deleted), key=lambda each: each.place)
        rest = [each for each in living if each.place > after]
        shown = rest[:PAGE_SIZE]
        with ThreadPoolExecutor(PAGE_SIZE) as pool:
            read = tuple(filter(None, pool.map(self._read_without_text, shown)))
        last = shown[-1].cursor if len(rest) > PAGE_SIZE else None
        return ProjectPage(read, last)

    def get(self, caller: str, project_id: str) -> Project:
        """Load a caller's project; raises NotFound."""
        found = self._load(caller, project_id)[1]
        if found is None:
            raise _build_missing_error(project_id)
        return found

    def save(
        self, caller: str, project_id: str, fields: Mapping[str, Any], if_match: str = ""
    ) -> Project:
        """Save a project. Saving the same again changes nothing.

        Args:
            if_match: the `etag` of the state that was changed; `*` for any; empty for a new one.

        Raises:
            ProjectChanged: it has another state by now, which is in the details.
            NotFound: it was deleted, or never existed.
            BadInput: the caller has too many projects.
            ObjectTooLarge: the project exceeds the limit.
        """
        made = Project(project_id, hash_fields(fields), self._now(), fields)
        number, current = self._load(caller, project_id)
        if current is None:
            if if_match:
                raise _build_missing_error(project_id)
            self._require_room(caller)
        elif current.etag == made.etag:
            return current
        elif if_match not in ("*", current.etag):
            raise _build_changed_error(current)
        self._write(caller, made, number + 1)
        return made

    def delete(self, caller: str, project_id: str) -> None:
        """Delete a project; raises NotFound. What others write at the same time is refused."""
        folder = _folder(caller, project_id)
        while True:
            number, current = self._load(caller, project_id)
            if current is None:
                raise _build_missing_error(project_id)
            mark = _state_key(folder, number + 1)
            if self.store.claim(mark, DELETED):
                break
        for each in [*self.store.list(folder)]:
            if each.key < mark or not each.key.endswith(".json"):
                self.store.delete(each.key)

    def _write(self, caller: str, project: Project, number: int) -> None:
        folder = _folder(caller, project.project_id)
        fields = {name: value for name, value in project.fields.items() if name != "text"}
        uploads = sorted({*_UPLOAD.findall(json.dumps(dict(project.fields)))})  # for retention
        record = {"etag": project.etag, "fields": fields, "uploads": uploads}
        text = str(project.fields.get("text") or "").encode()
        digest = sha256(text).hexdigest()
        before = self._read_record(_state_key(folder, number - 1)) or {}
        is_new = before.get("digest") != digest
        key = f"{folder}texts/{token_hex(8)}.txt" if is_new else before["text_key"]
        if is_new:
            self.store.put(key, text, content_type="text/plain; charset=utf-8")
        content = json.dumps({**record, "text_key": key, "digest": digest}, ensure_ascii=False)
        if self.store.claim(_state_key(folder, number), content.encode()):
            return self._delete_old_states(caller, project.project_id, number)
        if is_new:
            self.store.delete(key)
        current = self.get(caller, project.project_id)
        if current.etag != project.etag:
            raise _build_changed_error(current)
        return None

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

    def _require_room(self, caller: str) -> None:
        living = sum(1 for each in self._list_all(caller, "") if not each.is_deleted)
        if living >= MAX_PROJECTS:
            raise BadInput(
                f"project: a caller has at most {MAX_PROJECTS} projects; delete one first.",
                limit=MAX_PROJECTS,
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def _load(self, caller: str, project_id: str) -> tuple[int, Project | None]:
        """Find the last number of a project, and its state; None if it is not there."""
        number = 0
        for _ in range(MAX_READS):
            listed = self._find(caller, project_id)
            if listed is None:
                return 0, None
            number = listed.states[-1][0]
            found = None if listed.is_deleted else self._read(listed)
            if found is not None or listed.is_deleted:
                return number, found
        return number, None

    def _find(self, caller: str, project_id: str) -> _Listed | None:
        if not re.fullmatch(self.id_pattern, project_id):
            return None
        return next(iter(self._list_all(caller, f"{project_id}/")), None)

    def _list_all(self, caller: str, beginning: str) -> list[_Listed]:
        prefix = _folder(caller)
        states: dict[str, list[tuple[int, StoredObject]]] = {}
        for each in self.store.list(prefix + beginning):
            project_id, _, name = each.key.removeprefix(prefix).partition("/")
            number = name.removesuffix(".json")
            if number.isdecimal():
                states.setdefault(project_id, []).append((int(number), each))
        return [_Listed(each, tuple(numbered)) for each, numbered in states.items()]

    def _read(self, listed: _Listed) -> Project | None:
        """Read the newest state that is whole; None if it has just been replaced."""
        for record, modified in self._read_states(listed):
            with suppress(NotFound, DamagedObject):
                fields = {**record["fields"], "text": self.store.get(record["text_key"]).decode()}
                return Project(listed.project_id, record["etag"], modified, fields)
        return None

    def _read_without_text(self, listed: _Listed) -> Project | None:
        for record, modified in self._read_states(listed):
            return Project(listed.project_id, record["etag"], modified, record["fields"])
        return None

    def _read_states(self, listed: _Listed) -> Iterator[tuple[dict[str, Any], datetime]]:
        for _, state in reversed(listed.states):
            record = self._read_record(state.key)
            if record:
                yield record, state.modified

    def _read_record(self, key: str) -> dict[str, Any] | None:
        """Read a state; None if it is missing, damaged, or a deletion."""
        with suppress(NotFound, DamagedObject, ValueError):
            record = json.loads(self.store.get(key))
            return record if {"etag", "fields", "text_key"} <= {*record} else None
        return None


def hash_fields(fields: Mapping[str, Any]) -> str:
    """Hash the fields of a project, in any order; raises ObjectTooLarge."""
    content = json.dumps(dict(fields), ensure_ascii=False, sort_keys=True).encode()
    if len(content) > MAX_PROJECT_BYTES:
        raise ObjectTooLarge(
            f"project: {len(content):,} bytes exceed the limit of {MAX_PROJECT_BYTES:,}; upload "
            "its text as a file (`source`), or split it.",
            limit_bytes=MAX_PROJECT_BYTES,
        )
    return sha256(content).hexdigest()[:32]


def _build_missing_error(project_id: str) -> NotFound:
    return NotFound(
        f"The project {project_id[:64]!r} does not exist; it may have been deleted.",
        project_id=project_id[:64],
    )


def _build_changed_error(current: Project) -> ProjectChanged:
    return ProjectChanged(
        f"The project {current.project_id!r} was changed elsewhere; details has its current state.",
        current,
    )


def _folder(caller: str, project_id: str = "") -> str:
    owner = sha256(f"projects\n{caller}".encode()).hexdigest()[:32]
    return f"{PROJECTS}{owner}/{project_id}/" if project_id else f"{PROJECTS}{owner}/"


def _state_key(folder: str, number: int) -> str:
    return f"{folder}{number:09}.json"
