"""Projects: what callers work on, kept until they delete it."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar

from mixer.errors import (
    BadInput,
    DamagedObject,
    MixerError,
    NotFound,
    ObjectTooLarge,
    ProjectChanged,
)
from mixer.services.project_states import (
    DELETED,
    ID_PATTERN,
    Project,
    ProjectStates,
    project_folder,
    state_key,
)
from mixer.store import ObjectStore

MAX_PROJECTS = 200
"""Per caller."""

MAX_PROJECT_BYTES = 4_000_000
"""As JSON: an answer of Lambda takes 6 MB, and a refusal holds a whole project."""

PAGE_SIZE = 20
END_OF_TIME = 10**16

DELETION_AGE = timedelta(days=1)
"""How long a deletion is remembered, for requests that began before it."""


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Some of a caller's projects, newest first, without their texts."""

    projects: tuple[Project, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ProjectService:
    """Keeps the projects of all callers in a store. Safe for threads and processes."""

    store: ObjectStore
    clock: Callable[[], float] = time.time
    max_bytes: ClassVar[int] = MAX_PROJECT_BYTES
    id_pattern: ClassVar[str] = ID_PATTERN
    cursor_pattern: ClassVar[str] = r"^([0-9]{1,15}-[0-9a-z-]{8,64})?$"

    def list_page(self, caller: str, cursor: str = "") -> ProjectPage:
        """List a caller's projects; the cursor comes from the page before."""
        found = self._states.list_all(caller)
        for each in found:
            if each.is_deleted and each.newest.modified < self._now() - DELETION_AGE:
                self.store.delete(each.newest.key)
        at, _, project_id = cursor.partition("-")
        after = (-int(at or END_OF_TIME), project_id)
        living = sorted((e for e in found if not e.is_deleted), key=lambda each: each.place)
        rest = [each for each in living if each.place > after]
        shown = rest[:PAGE_SIZE]
        with ThreadPoolExecutor(PAGE_SIZE) as pool:
            read_project = partial(self._states.read_without_text, caller)
            read = tuple(filter(None, pool.map(read_project, shown)))
        last = shown[-1].cursor if len(rest) > PAGE_SIZE else None
        return ProjectPage(read, last)

    def get(self, caller: str, project_id: str) -> Project:
        """Load a caller's project; raises NotFound, or DamagedObject if no state of it is whole."""
        loaded = self._states.load(caller, project_id)
        if loaded.project is None:
            raise _build_missing_error(project_id, is_damaged=loaded.is_damaged)
        return loaded.project

    def save(
        self,
        caller: str,
        project_id: str,
        fields: Mapping[str, Any],
        if_match: Collection[str] = (),
    ) -> Project:
        """Save a project. Saving the same again changes nothing.

        Args:
            if_match: the `etag` of the state that was changed, or several; `*` for any; empty for
                a new project.

        Raises:
            ProjectChanged: it has another state by now, which is in the details.
            NotFound: it was deleted, or never existed.
            BadInput: the caller has too many projects.
            ObjectTooLarge: the project exceeds the limit.
        """
        made = Project(project_id, hash_fields(fields), self._now(), fields)
        loaded = self._states.load(caller, project_id)
        current = loaded.project
        if current is None and not loaded.is_damaged:
            if if_match:
                raise _build_missing_error(project_id)
            self._require_room(caller)
        elif current is not None and current.etag == made.etag:
            return current
        elif current is not None and not _is_named(current, if_match):
            raise _build_changed_error(current)
        if self._states.write(caller, made, loaded):
            return made
        current = self.get(caller, project_id)
        if current.etag != made.etag:
            raise _build_changed_error(current)
        return current

    def delete(self, caller: str, project_id: str, if_match: Collection[str] = ()) -> None:
        """Delete a project. What others write at the same time is refused.

        Raises:
            ProjectChanged: it has another state by now than those that are given.
            NotFound: it was deleted, or never existed.
        """
        folder = project_folder(caller, project_id)
        while True:
            loaded = self._states.load(caller, project_id)
            if loaded.project is None and not loaded.is_damaged:
                raise _build_missing_error(project_id)
            current = loaded.project
            if if_match and current and not _is_named(current, if_match):
                raise _build_changed_error(current)
            mark = state_key(folder, loaded.number + 1)
            if self.store.claim(mark, DELETED):
                break
        for each in [*self.store.list(folder)]:
            if each.key < mark or not each.key.endswith(".json"):
                self.store.delete(each.key)

    def _require_room(self, caller: str) -> None:
        living = sum(1 for each in self._states.list_all(caller) if not each.is_deleted)
        if living >= MAX_PROJECTS:
            raise BadInput(
                f"project: a caller has at most {MAX_PROJECTS} projects; delete one first.",
                limit=MAX_PROJECTS,
            )

    @property
    def _states(self) -> ProjectStates:
        return ProjectStates(self.store)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


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


def _build_missing_error(project_id: str, *, is_damaged: bool = False) -> MixerError:
    if is_damaged:
        return DamagedObject(
            f"The project “{project_id}” is damaged in the store; save it again, or delete it.",
            project_id=project_id,
        )
    return NotFound(
        f"The project “{project_id[:64]}” does not exist; it may have been deleted.",
        project_id=project_id[:64],
    )


def _is_named(current: Project, if_match: Collection[str]) -> bool:
    return not {"*", current.etag}.isdisjoint(if_match)


def _build_changed_error(current: Project) -> ProjectChanged:
    return ProjectChanged(
        f"The project “{current.project_id}” was changed elsewhere; details has its current state.",
        current,
    )
