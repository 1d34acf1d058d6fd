"""The text of a version as it was planned, and the same text with changes."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from mixer.errors import BadOption, Conflict, DamagedObject, NotFound, UnreadableText
from mixer.requests import Options
from mixer.script import Chunk, Document, Utterance
from mixer.script.edits import (
    UNWRITTEN,
    SentenceEdit,
    SentencePlace,
    edit_document,
    edit_source,
    locate_sentences,
)
from mixer.script.planning import PlanStyle, add_entries, build_disclosure, read_lexicon
from mixer.script.readers import TextType, decode_upload
from mixer.speech import Recording
from mixer.store import ObjectStore
from mixer.stories.batches import read_synthesized_batches
from mixer.stories.folder import REQUEST, SCRIPT, StoryFolder
from mixer.stories.model import SourceText, StoredRequest, StoredScript, StoryKind
from mixer.stories.speech_planner import PlannedText, SpeechPlanner
from mixer.stories.version_records import (
    MAX_NOTE_CHARS,
    Proposal,
    SentenceChange,
    SentenceNote,
    VersionReader,
    VersionRecord,
)

POLL_S = 0.1
PLAN_WAIT_S = 20.0
"""For the plan of a version that was kept a moment ago."""

MEMORY = 3
"""Texts that a process keeps: a change is previewed, kept, and the next one is based on it."""

Recordings = Mapping[str, Recording | None]
"""By chunk key; None for one that the voice cannot read."""


@dataclass(frozen=True)
class VersionText:
    """A planned version of a story; what its changes share is computed once.

    Attributes:
        content: the author's text or book, without the edits that are applied after reading.
        recordings: those that are known.
    """

    story_id: str
    request: StoredRequest
    content: str | bytes
    source: SourceText
    stored: StoredScript
    recordings: Recordings = field(default_factory=dict)

    @property
    def options(self) -> Options:
        """The options of the request."""
        return Options.model_validate(self.request.options)

    @cached_property
    def planned(self) -> PlannedText:
        """For the plan of another version."""
        return PlannedText(self.source.document, self.options, self.stored.script)

    @property
    def unknown_chunks(self) -> list[Chunk]:
        """The chunks of which it is not known whether they are in the store."""
        keyed = zip(self.stored.chunk_keys, self.stored.script.chunks, strict=True)
        return [chunk for key, chunk in keyed if key not in self.recordings]

    @cached_property
    def sentences(self) -> list[Utterance]:
        """All sentences in reading order."""
        return [each for chunk in self.stored.script.chunks for each in chunk.utterances]

    @cached_property
    def places(self) -> tuple[SentencePlace, ...]:
        """Where each sentence stands in the document."""
        options, script = self.options, self.stored.script
        style = PlanStyle(
            script.language,
            reads_titles=options.titles == "spoken",
            chapters=options.chapters,
            disclosure=build_disclosure(options.disclose, options.disclosure, script.language),
        )
        return locate_sentences(self.source.document, script, style)


@dataclass(frozen=True, slots=True)
class RevisedText:
    """A text with changes that is not planned yet; `content` has those that it can hold."""

    content: str | bytes
    options: dict[str, object]
    edits: tuple[SentenceEdit, ...]
    source: SourceText
    notes: tuple[SentenceNote, ...]
    is_rewritten: bool


class TextMemory:
    """The texts that were used last in this process. Safe for many threads."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, VersionText] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, story: str) -> VersionText | None:
        """Find a text by its story's id."""
        with self._lock:
            if story in self._texts:
                self._texts.move_to_end(story)
            return self._texts.get(story)

    def add(self, text: VersionText) -> None:
        """Keep a text; the one that was not used for longest goes."""
        with self._lock:
            self._texts[text.story_id] = text
            self._texts.move_to_end(text.story_id)
            while len(self._texts) > MEMORY:
                self._texts.popitem(last=False)


@dataclass(frozen=True, slots=True)
class TextLoader:
    """Loads the texts of versions."""

    store: ObjectStore
    planner: SpeechPlanner
    reader: VersionReader
    memory: TextMemory = field(default_factory=TextMemory)

    def revise(
        self, story: str, caller: str, proposal: Proposal, deadline_s: float | None, *, writes: bool
    ) -> "tuple[VersionRecord, VersionText, RevisedText]":
        """Load the version that is changed, and its text without and with the changes.

        `writes` is for a version that is kept: it takes reading the author's text once more.

        Raises:
            OutOfTime: the deadline, on the monotonic clock, has passed.
            NotFound: no such story of the caller, or no such version.
            VersionConflict: a later version exists.
            BadInput: a change is impossible.
        """
        proposal.check()
        base = self.reader.load(story, caller).require_newest(proposal.base)
        text = self.load(base.story_id, deadline_s)
        return base, text, revise_text(text, proposal, writes=writes)

    def load(self, story: str, deadline_s: float | None = None) -> VersionText:
        """Load a planned version by the id of its story; the deadline is on the monotonic clock.

        Raises:
            Conflict: it is not planned, or is not narrated from a text.
            OutOfTime: the deadline has passed.
        """
        known = self.memory.find(story)
        if known is not None:
            return known
        folder = StoryFolder(self.store, story)
        request = folder.read(REQUEST, StoredRequest)
        if request.kind is not StoryKind.STORY:
            raise Conflict("Only a story that was made from a text can be edited.", story_id=story)
        left_s = math.inf if deadline_s is None else deadline_s - time.monotonic()
        stored = _wait_for_script(folder, min(PLAN_WAIT_S, left_s) if request.version_of else 0.0)
        options = Options.model_validate(request.options)
        content = decode_upload(self.store.get(request.text_key))
        source = self.planner.read_text(content, options, request.edits, deadline_s)
        recordings = _read_recordings(folder, stored)
        text = VersionText(story, request, content, source, stored, recordings)
        self.memory.add(text)
        return text


def _wait_for_script(folder: StoryFolder, wait_s: float) -> StoredScript:
    deadline_s = time.monotonic() + wait_s
    while (stored := folder.find(SCRIPT, StoredScript)) is None:
        if time.monotonic() > deadline_s:
            raise Conflict(
                f"The story {folder.story_id} is not planned yet; try again in a moment.",
                story_id=folder.story_id,
            )
        time.sleep(POLL_S)
    return stored


def _read_recordings(folder: StoryFolder, stored: StoredScript) -> Recordings:
    """Read what is known of the recordings; the batches that are finished begin the story."""
    try:
        batches = read_synthesized_batches(folder)
    except (NotFound, DamagedObject):
        return {}
    known = {key: about for batch in batches for key, about in batch.chunks}
    return {
        key: Recording.from_metadata(key, about) if (about := known[key]) else None
        for key in stored.chunk_keys
        if key in known
    }


def revise_text(text: VersionText, proposal: Proposal, *, writes: bool) -> RevisedText:
    """Apply changes to a document, and to the author's own words where that is possible.

    Raises BadOption for an impossible change, UnreadableText for a malformed tag of new words.
    """
    edits = [_place_edit(change, text.places) for change in proposal.changes]
    content, document, kept = _apply_edits(text, edits, writes=writes)
    options = dict(text.request.options)
    if proposal.lexicon:
        options["lexicon"] = _add_words(options, proposal.lexicon)
    return RevisedText(
        content,
        options,
        tuple(kept),
        replace(text.source, document=document),
        tuple(_note_changes(text.sentences, proposal.changes)),
        is_rewritten=content is not text.content,
    )


def _apply_edits(
    text: VersionText, edits: Sequence[SentenceEdit], *, writes: bool
) -> tuple[str | bytes, Document, list[SentenceEdit]]:
    """Apply edits, the last first; returns those, too, that the author's text cannot hold."""
    source, content, kept = text.source, text.content, list(text.request.edits)
    document = source.document
    for edit in sorted(edits, key=lambda each: (each.block, each.start), reverse=True):
        after = edit_document(document, edit, is_markdown=source.text_type is TextType.MARKDOWN)
        written = None
        if writes and isinstance(content, str) and not kept:
            written = edit_source(content, source.text_type, document, edit, after)
        if written is None:
            kept.append(edit)
        else:
            content = written
        document = after
    return content, document, kept


def _place_edit(change: SentenceChange, places: Sequence[SentencePlace]) -> SentenceEdit:
    if not 0 <= change.sentence < len(places):
        raise BadOption(
            f"sentence: {change.sentence} does not exist; this version has 0 to {len(places) - 1}.",
            field="sentence",
        )
    place = places[change.sentence]
    if place.block == UNWRITTEN:
        raise BadOption(
            f"sentence: {change.sentence} is the spoken disclosure, which is not in the text; "
            "change its words with the option disclosure.",
            field="sentence",
        )
    return SentenceEdit(
        place.block,
        place.start,
        place.end,
        change.text,
        change.speaker,
        change.pause_ms,
        change.take,
    )


def _note_changes(
    sentences: Sequence[Utterance], changes: Sequence[SentenceChange]
) -> list[SentenceNote]:
    notes = []
    for each in changes:
        before = sentences[each.sentence].text
        after = before if each.text is None else each.text
        notes.append(SentenceNote(each.sentence, before[:MAX_NOTE_CHARS], after[:MAX_NOTE_CHARS]))
    return notes


def _add_words(options: Mapping[str, object], lines: Sequence[str]) -> str:
    try:
        lexicon = add_entries(Options.model_validate(options).lexicon, lines)
        read_lexicon(lexicon)
    except UnreadableText as error:
        raise UnreadableText(f"lexicon: {error}", field="lexicon") from error
    return lexicon
