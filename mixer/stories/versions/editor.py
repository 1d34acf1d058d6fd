"""Changes stories: a change is proposed, played, kept as a new version, and undone by going back.

Each version is a story of its own, whose folder has its request, its plan and its files; chunks and
segments are shared, as they are named by their contents. The folder of the first version lists the
later ones. A record is written only if its number is free, so of two changes of the same version
one is refused, with what the other changed.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from mixer.errors import BadOption
from mixer.script.readers import TextType
from mixer.stories.folder import COVER, REQUEST, SOUNDS, TEXT, StoryFolder
from mixer.stories.model import KnownSounds, StoredRequest, StoryKind
from mixer.stories.request import derive_story_id, hash_request
from mixer.stories.service import StoryService
from mixer.stories.status import StoryStatus
from mixer.stories.version_records import (
    MAX_VERSIONS,
    PARALLEL_READS,
    VERSION_MARK,
    Proposal,
    StoryVersions,
    VersionRecord,
    version_name,
)
from mixer.stories.versions.preview import PreviewMaker
from mixer.stories.versions.texts import RevisedText, TextLoader, VersionText

MAX_LISTED = 100
LIMIT = frozenset({"max_cost_usd"})


@dataclass(frozen=True, slots=True)
class StoryEditor:
    """Changes stories, and lists and restores their versions. Safe for many threads.

    Attributes:
        previews: None in a process without an engine.
    """

    service: StoryService
    texts: TextLoader
    previews: PreviewMaker | None = None

    def prepare(self, story: str, sentence: int) -> None:
        """Get ready for a change of a sentence, which is looked at."""
        if self.previews:
            self.previews.prepare(self.texts.load(story), sentence)

    def list_statuses(
        self, versions: StoryVersions, caller: str
    ) -> list[tuple[VersionRecord, StoryStatus]]:
        """Load the statuses of the newest versions, the newest first."""
        records = versions.records[: -MAX_LISTED - 1 : -1]

        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            found = pool.map(lambda record: self.load_status(record, caller), records)
            return list(zip(records, found, strict=True))

    def load_status(self, record: VersionRecord, caller: str) -> StoryStatus:
        """Load the status of a version."""
        return self.service.get_version_status(record.story_id, caller)

    def keep(
        self, story: str, caller: str, proposal: Proposal, deadline_s: float | None = None
    ) -> VersionRecord:
        """Keep changes as a new version, which is brought up to date in the background.

        Raises as `propose` does.
        """
        base, text, revised = self.texts.revise(story, caller, proposal, deadline_s, writes=True)
        changed = self.previews and self.previews.plan(text, revised, deadline_s)
        first = self.texts.reader.load(story, caller).first
        revised = self._limit_cost(revised, first, proposal.max_cost_usd)
        request = self._build_request(text, revised, first)
        child = derive_story_id(self.service.secret, caller, request.fingerprint)
        request = self._store_version(child, text, revised, request)
        record = VersionRecord(
            base.number + 1,
            child,
            base.number,
            self.service.now().timestamp(),
            revised.notes,
            words=proposal.lexicon,
        )
        self._claim(story, caller, first, record)
        if changed:
            self.texts.memory.add(replace(changed, story_id=child, request=request))
        self.service.launch(child, StoryKind.STORY)
        return record

    def restore(self, story: str, caller: str, number: int, base: int) -> VersionRecord:
        """Make an older version the newest again; its files are there already.

        Raises:
            NotFound: no such version.
            VersionConflict: `base` is not the newest.
        """
        versions = self.texts.reader.load(story, caller)
        newest, old = versions.require_newest(base), versions.find(number)
        if old.story_id == newest.story_id:
            raise BadOption(f"version: version {number} is the newest already.", field="version")
        record = VersionRecord(
            newest.number + 1,
            old.story_id,
            newest.number,
            self.service.now().timestamp(),
            restored=old.number,
        )
        self._claim(story, caller, versions.first, record)
        return record

    def _limit_cost(
        self, revised: RevisedText, first: str, max_cost_usd: float | None
    ) -> RevisedText:
        """Apply the limit of this change, or else the story's own, not that of another change."""
        if max_cost_usd is None:
            request = StoryFolder(self.service.store, first).read(REQUEST, StoredRequest)
            limits = {name: request.options[name] for name in LIMIT & request.options.keys()}
        else:
            limits = dict.fromkeys(LIMIT, max_cost_usd)
        others = {name: each for name, each in revised.options.items() if name not in LIMIT}
        return replace(revised, options={**others, **limits})

    def _build_request(self, text: VersionText, revised: RevisedText, first: str) -> StoredRequest:
        edits = [asdict(edit) for edit in revised.edits]
        words = revised.content if revised.is_rewritten else text.story_id
        fields = {"version_of": first, "options": revised.options, "edits": edits, "text": words}
        return replace(
            text.request,
            fingerprint=hash_request(fields),
            created_s=self.service.now().timestamp(),
            options=revised.options,
            webhook="",
            version_of=first,
            edits=revised.edits,
        )

    def _store_version(
        self, child: str, text: VersionText, revised: RevisedText, request: StoredRequest
    ) -> StoredRequest:
        """Store what a version is made of; the request last, as with it the version exists."""
        store = self.service.store
        folder, before = StoryFolder(store, child), StoryFolder(store, text.story_id)
        store.put(folder.key(f"{VERSION_MARK}{request.version_of}"), b"")
        if not TextType(text.source.text_type).is_book and isinstance(revised.content, str):
            request = replace(request, text_key=folder.key(TEXT), characters=len(revised.content))
            content = revised.content.encode()
            store.put(request.text_key, content, content_type="text/plain; charset=utf-8")
        if before.has(COVER) and not folder.has(COVER):
            store.put(folder.key(COVER), store.get(before.key(COVER)), content_type="image/jpeg")
        sounds = before.find(SOUNDS, KnownSounds)
        if sounds is not None and not folder.has(SOUNDS):
            folder.write(SOUNDS, sounds)
        self.service.claim_request(folder, request)
        return request

    def _claim(self, story: str, caller: str, first: str, record: VersionRecord) -> None:
        """Write a version's record, or raise VersionConflict if its number is taken."""
        if record.number > MAX_VERSIONS:
            raise BadOption(f"A story may have at most {MAX_VERSIONS} versions.", field="version")
        folder = StoryFolder(self.service.store, first)
        if folder.claim(version_name(record.number), record):
            return
        there = folder.read(version_name(record.number), VersionRecord)
        if there.story_id != record.story_id or there.restored != record.restored:
            self.texts.reader.load(story, caller).require_newest(record.base)
