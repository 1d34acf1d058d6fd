"""What a caller changes of a story, and what is kept of each version."""

from dataclasses import dataclass

from mixer.errors import BadOption, Conflict
from mixer.stories.model import FORMAT_VERSION

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
