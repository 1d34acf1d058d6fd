"""Reads which versions a story has, and who may change it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from mixer.errors import DamagedObject, NotFound
from mixer.store import ObjectStore
from mixer.stories.folder import REQUEST, StoryFolder
from mixer.stories.model import StoredRequest
from mixer.stories.request import is_story_id
from mixer.stories.version_records import FIRST, VERSIONS, VersionConflict, VersionRecord

PARALLEL_READS = 16
NEWEST = 0
"""As a version's number: the newest."""


@dataclass(frozen=True, slots=True)
class StoryVersions:
    """All versions of a story, from the first, whose story's id is given, to the newest."""

    first: str
    records: tuple[VersionRecord, ...]

    @property
    def newest(self) -> VersionRecord:
        """The version that can be changed."""
        return self.records[-1]

    def find(self, number: int) -> VersionRecord:
        """Find a version by its number; raises NotFound."""
        if number == NEWEST:
            return self.newest
        for each in self.records:
            if each.number == number:
                return each
        raise NotFound(
            f"Version {number} does not exist; this story has versions 1 to {self.newest.number}.",
            version=number,
        )

    def require_newest(self, base: int) -> VersionRecord:
        """Return the newest version if it is the given one, or raise VersionConflict."""
        record = self.find(base)
        if record.number == self.newest.number:
            return record
        later = [each for each in self.records if each.number > record.number]
        raise VersionConflict(
            f"The story was changed meanwhile: version {self.newest.number} is the newest, and "
            f"this change is to version {base}. Look at what changed, and change that version.",
            version=self.newest.number,
            changes=[
                {"version": each.number, **asdict(note)} for each in later for note in each.notes
            ],
        )


@dataclass(frozen=True, slots=True)
class VersionReader:
    """Reads the versions of callers' stories. Safe for many threads."""

    store: ObjectStore

    def load(self, story: str, caller: str) -> StoryVersions:
        """Load the versions of a caller's story, by the id of any; raises NotFound."""
        request = self._load_request(story, caller)
        first = request.version_of or story
        if first != story:
            request = self._load_request(first, caller)
        folder = StoryFolder(self.store, first)
        names = [each.key for each in folder.list_entries(VERSIONS)]
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            later = list(pool.map(lambda name: folder.read(name, VersionRecord), names))
        return StoryVersions(first, (VersionRecord(FIRST, first, 0, request.created_s), *later))

    def _load_request(self, story: str, caller: str) -> StoredRequest:
        folder, request = StoryFolder(self.store, story), None
        if is_story_id(story):
            try:
                request = folder.read(REQUEST, StoredRequest)
            except (NotFound, DamagedObject):
                request = None
        if request is None or request.caller != caller:
            raise NotFound(
                f"The story {story[:64]!r} does not exist. Stories are kept for some days.",
                story_id=story[:64],
            )
        return request
