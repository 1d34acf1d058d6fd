"""What a caller changes of a story, what is kept of each version, and who may change it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from mixer.errors import BadOption, Conflict, DamagedObject, NotFound
from mixer.store import ObjectStore
from mixer.stories.folder import REQUEST, StoryFolder
from mixer.stories.model import FORMAT_VERSION, StoredRequest
from mixer.stories.request import is_story_id

VERSIONS = "versions/"
"""Records in the folder of the story that the first version is, by number; the first has none."""

VERSION_MARK = "version_of/"
"""In the folder of each later version, an empty object named after that story, so that a listing
shows which stories belong together."""

FIRST = 1
MAX_VERSIONS = 500
MAX_CHANGES = 100
MAX_SENTENCE_CHARS = 5_000
MAX_NOTE_CHARS = 200


PARALLEL_READS = 16
NEWEST = 0
"""As a version's number: the newest."""


class VersionConflict(Conflict):
    """The story was changed meanwhile; the details name what."""

    code = "version_conflict"


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """A change of a sentence, by its number in the version that is changed; None leaves as it is.

    Attributes:
        text: its words, with inline tags as in a text.
        speaker: a name of the cast.
        pause_ms: behind it; 0 for the natural one.
        take: another recording of the same words, by number; 0 for the first.
    """

    sentence: int
    text: str | None = None
    speaker: str | None = None
    pause_ms: int | None = None
    take: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes of a version of a story.

    Attributes:
        base: the number of the version.
        lexicon: lines for words that are to be pronounced otherwise from now on.
        max_cost_usd: what they may cost; None for no limit of the caller.
    """

    base: int
    changes: tuple[SentenceChange, ...] = ()
    lexicon: tuple[str, ...] = ()
    max_cost_usd: float | None = None

    def check(self) -> None:
        """Raise BadOption for what can be refused without the story."""
        if not self.changes and not self.lexicon:
            raise BadOption("changes: nothing is changed; name a sentence.", field="changes")
        numbers = [each.sentence for each in self.changes]
        if len(set(numbers)) < len(numbers):
            raise BadOption("changes: a sentence is changed twice.", field="changes")
        for each in self.changes:
            chars = len(each.text or "")
            if chars > MAX_SENTENCE_CHARS:
                raise BadOption(
                    f"text: {chars:,} characters; a sentence may have at most "
                    f"{MAX_SENTENCE_CHARS:,}. Split it.",
                    field="text",
                )


@dataclass(frozen=True, slots=True)
class SentenceNote:
    """How a sentence was changed, with the beginnings of its words; for lists and conflicts."""

    sentence: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A kept version of a story: `versions/{number}.json`.

    Attributes:
        story_id: whose folder has its files; a restored version has the one of the old number.
        base: the version that was changed.
        created_s: seconds since 1970.
        restored: the version that it repeats; 0 for none.
        words: lines that were added to the lexicon.
    """

    number: int
    story_id: str
    base: int
    created_s: float
    notes: tuple[SentenceNote, ...] = ()
    restored: int = 0
    words: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION


def version_name(number: int) -> str:
    """Name the record of a version."""
    return f"{VERSIONS}{number:05}.json"


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
                f"The story “{story[:64]}” does not exist. Stories are kept for some days.",
                story_id=story[:64],
            )
        return request
