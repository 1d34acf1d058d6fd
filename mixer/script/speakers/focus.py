"""Whom "he" and "she" mean: a pronoun goes on with the subject that had its gender before.

The centre of attention of each gender is who was the last subject; one who is only an object takes
the place when the other has not been mentioned for some time.
"""

from bisect import bisect_left
from collections.abc import Iterator

from mixer.script.speakers.context import BookContext
from mixer.script.speakers.mentions import Mention, MentionKind
from mixer.script.speakers.model import Gender

FADE_CHARS = 1_200
"""Without a mention for so long, a person is no longer the centre."""

RECENT = 8
"""Mentions, pronouns among them, of which the share of each person is counted."""

NONE = -1


class FocusReader:
    """Who is at the centre of attention at each place of a book."""

    def __init__(self, book: BookContext) -> None:
        """Follow the narration from its beginning."""
        self._book = book
        tagged = {tag.mention.start for turn in book.turns for tag in turn.tags}
        subjects = {
            each.mention.start
            for group in book.narrated.values()
            for each in group
            if each.is_subject
        }
        self._subjects = tagged | subjects
        steps = [*self._follow()]
        self._starts = [start for start, _, _ in steps]
        self._meant = [meant for _, meant, _ in steps]
        self._centres = [centres for _, _, centres in steps]

    def find(self, at: int, gender: Gender) -> int:
        """The person of a gender at the centre before a place; -1 for none."""
        index = bisect_left(self._starts, at) - 1
        return self._centres[index].get(gender, NONE) if index >= 0 else NONE

    def count(self, at: int, person: int) -> int:
        """How many of the last mentions before a place mean a person."""
        index = bisect_left(self._starts, at)
        return self._meant[max(0, index - RECENT) : index].count(person)

    def _follow(self) -> Iterator[tuple[int, int, dict[Gender, int]]]:
        """Each mention: its start, whom it means, and who is at the centre after it."""
        centres, seen = dict[Gender, int](), dict[Gender, int]()
        for mention in self._book.mentions:
            if mention.in_quote:
                continue
            person, gender = self._resolve(mention, centres)
            if person == NONE or gender is Gender.UNKNOWN:
                continue
            is_faded = mention.start - seen.get(gender, -FADE_CHARS) >= FADE_CHARS
            if mention.start in self._subjects or is_faded:
                centres = {**centres, gender: person}
            if centres.get(gender) == person:
                seen[gender] = mention.start
            yield mention.start, person, centres

    def _resolve(self, mention: Mention, centres: dict[Gender, int]) -> tuple[int, Gender]:
        if mention.kind is MentionKind.PRONOUN:
            return centres.get(mention.gender, NONE), mention.gender
        found = self._book.find_person(mention)
        return (NONE, Gender.UNKNOWN) if found is None else (found.identity, found.gender)
