"""Creates, lists and cancels stories.

A conditional write of `request.json` makes a story, so a repeated request finds the same folder.
Each start claims a numbered attempt in the same way. A story that failed or was cancelled starts a
new attempt when it is requested again, and reuses what is finished.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice

from mixer.errors import (
    BadInput,
    DamagedObject,
    KeyReused,
    MixerError,
    NotFound,
    StoreFailed,
    StoryEnded,
)
from mixer.feeds import FeedStory
from mixer.publish.feed import StoryEpisodes
from mixer.speech import Voice
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.folder import COVER, EPISODES, REQUEST, RESULT, TEXT, StoryFolder
from mixer.stories.inputs import check_request
from mixer.stories.keys import attempt_name, cancellation_name
from mixer.stories.model import StoredRequest, StoryKind, StoryResult, StoryState
from mixer.stories.request import (
    StoryRequest,
    caller_folder,
    derive_story_id,
    derive_webhook_secret,
    is_story_id,
)
from mixer.stories.status import (
    StorySnapshot,
    StoryStatus,
    build_status,
    list_unfinished,
    load_progress,
    load_snapshot,
    write_result,
)
from mixer.stories.steps import Webhook
from mixer.stories.version_records import FIRST, VERSIONS, VersionRecord
from mixer.stories.workflow import Launcher

logger = logging.getLogger(__name__)

INDEX = "story_index/"
"""Empty objects, `{caller}/{time, backwards}-{story}`: a caller's stories, the newest first."""

PAGE_SIZE = 20
"""Stories per page of GET /stories: each takes a listing and a few small objects."""

MAX_FEED_STORIES = 1_000
"""Of a caller's stories, the newest, that a new feed looks through."""

MAX_STARTS = 4
"""Attempts to try, in case their names are used up."""

END_OF_TIME = 10**12
"""Later than any story, in seconds; the difference to it makes the newest come first."""

MAX_KEY_CHARS = 200


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A page of a caller's stories, newest first, and the cursor of the next page."""

    stories: tuple[tuple[str, StoryStatus], ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class StoryService:
    """Creates, lists and cancels stories. Safe for many threads.

    Attributes:
        music: the library; None for the store itself.
        allows_localhost_webhooks: whether http URLs of this machine are accepted, too.
        list_voices: None in a process without an engine.
    """

    store: ObjectStore
    secret: bytes
    launcher: Launcher
    budget: DailyBudget
    now: Callable[[], datetime] = field(default=utc_now)
    music: ObjectStore | None = None
    allows_localhost_webhooks: bool = False
    list_voices: Callable[[], tuple[Voice, ...]] | None = None

    def create(self, story_request: StoryRequest) -> str:
        """Create a story and return its id; an equal request returns the same id.

        Raises:
            BadInput: the webhook or the Idempotency-Key is malformed.
            KeyReused: the key belongs to another request.
            MixerError: an input is missing or unusable, as `check_request` has it.
        """
        if len(story_request.idempotency_key) > MAX_KEY_CHARS:
            raise BadInput(
                f"Idempotency-Key: at most {MAX_KEY_CHARS} characters.", field="Idempotency-Key"
            )
        if story_request.webhook:
            allows_localhost = self.allows_localhost_webhooks
            Webhook.validate_url(story_request.webhook, allows_localhost=allows_localhost)
        library = self.music or self.store
        music = check_request(story_request, self.store, library, self.list_voices)
        story_request = replace(story_request, music=music)
        story = derive_story_id(
            self.secret,
            story_request.caller,
            story_request.fingerprint,
            story_request.idempotency_key,
        )
        folder = StoryFolder(self.store, story)
        request = self._store_request(folder, story_request)
        self.store.put(self._index_key(request, story), b"")
        self.launch(story, request.kind)
        return story

    def launch(self, story: str, kind: StoryKind) -> None:
        """Start a story that is neither done nor running; raises StoreFailed if it cannot."""
        folder = StoryFolder(self.store, story)
        seen = load_progress(folder)
        has_ended = seen.is_cancelled
        if RESULT in seen.names:
            ended = folder.find(RESULT, StoryResult)  # missing if a new attempt starts now
            if ended is not None and ended.state is StoryState.DONE:
                return
            folder.delete(RESULT)
            has_ended |= ended is None or ended.attempt >= seen.attempt
        attempt = max(1, seen.attempt) + has_ended
        for number in range(attempt, attempt + MAX_STARTS):
            folder.claim(attempt_name(number), {"begun_s": self.now().timestamp()})
            if self.launcher.start(story, number, kind):
                return
        raise StoreFailed(f"The story {story} could not be started; try again.", story_id=story)

    def resume_unfinished(self) -> None:
        """Start the stories that a killed process left unfinished, by reading all: for laptops."""
        for folder in list_unfinished(self.store):
            try:
                self.launch(folder.story_id, folder.read(REQUEST, StoredRequest).kind)
            except MixerError as error:
                logger.warning("story %s: %s", folder.story_id, error)

    def webhook_secret(self, story: str) -> str:
        """Derive the key that signs a story's webhook."""
        return derive_webhook_secret(self.secret, story)

    def get_status(self, story: str, caller: str) -> StoryStatus:
        """Load the status of a caller's story, or raise NotFound.

        Of a story with later versions, it is that of the newest that is finished.
        """
        seen = self._load_snapshot(story, caller)
        status = build_status(seen, self.now())
        names = sorted(name for name in seen.progress.names if name.startswith(VERSIONS))
        return self._find_newest_status(status, story, caller, names) if names else status

    def get_version_status(self, story: str, caller: str) -> StoryStatus:
        """Load the status of one version, or raise NotFound."""
        return build_status(self._load_snapshot(story, caller), self.now())

    def claim_request(self, folder: StoryFolder, request: StoredRequest) -> None:
        """Store the request of a version, which may have been stored before."""
        if not folder.claim(REQUEST, request) and folder.find(REQUEST, StoredRequest) is None:
            folder.write(REQUEST, request)  # damaged

    def list(self, caller: str, cursor: str = "") -> StoryPage:
        """List a caller's stories, newest first; the cursor comes from the page before."""
        folder = self._index_folder(caller)
        listed = self.store.list(folder, after=folder + cursor if cursor else "")
        entries = [each.key.removeprefix(folder) for each in islice(listed, PAGE_SIZE + 1)]
        shown = entries[:PAGE_SIZE]
        with ThreadPoolExecutor(PAGE_SIZE) as pool:
            found = list(pool.map(lambda entry: self._find_story(entry, caller), shown))
        stories = tuple(each for each in found if each is not None)
        return StoryPage(stories, shown[-1] if len(entries) > PAGE_SIZE else None)

    def list_feed_stories(self, caller: str) -> Iterator[FeedStory]:
        """List a caller's finished stories as feeds take them, newest first."""
        for each in islice(self.store.list(self._index_folder(caller)), MAX_FEED_STORIES):
            folder = StoryFolder(self.store, each.key.rpartition("-")[2])
            content = folder.find(EPISODES, StoryEpisodes)
            result = folder.find(RESULT, StoryResult)
            if content and result and result.state is StoryState.DONE:
                load_cover = partial(self.store.get, folder.key(COVER))
                yield FeedStory(folder.story_id, content, result.ended_s, load_cover)

    def cancel(self, story: str, caller: str) -> StoryStatus:
        """Cancel a story; finished parts are kept for a later attempt.

        The current or next step sees the mark and ends; notification and settlement run as always.
        Raises NotFound, or StoryEnded if it has ended before.
        """
        seen = self._load_snapshot(story, caller)
        status = build_status(seen, self.now())
        if seen.result is not None or seen.is_damaged:
            raise StoryEnded(
                f"The story {story} is already {status.state}.", story_id=story, state=status.state
            )
        folder, attempt = StoryFolder(self.store, story), max(1, seen.progress.attempt)
        folder.claim(cancellation_name(attempt), {"cancelled_s": self.now().timestamp()})
        write_result(folder, seen, StoryResult(StoryState.CANCELLED, attempt, 0.0), self.now())
        return self.get_status(story, caller)

    def _find_newest_status(
        self, first: StoryStatus, story: str, caller: str, names: Sequence[str]
    ) -> StoryStatus:
        """Find the status of the newest finished version, by the names of all records."""
        folder = StoryFolder(self.store, story)
        for name in reversed(names):
            record = folder.find(name, VersionRecord)
            result = record and StoryFolder(self.store, record.story_id).find(RESULT, StoryResult)
            if record and result and result.state is StoryState.DONE:
                status = self.get_version_status(record.story_id, caller)
                return replace(
                    status,
                    created_s=first.created_s,
                    version=record.number,
                    newest_version=FIRST + len(names),
                )
        return replace(first, newest_version=FIRST + len(names))

    def _store_request(self, folder: StoryFolder, story_request: StoryRequest) -> StoredRequest:
        text_key = story_request.source_key or (folder.key(TEXT) if story_request.text else "")
        request = story_request.to_stored(self.now().timestamp(), text_key)
        if not folder.claim(REQUEST, request):
            there = folder.find(REQUEST, StoredRequest)
            if there is None:  # damaged
                known = self._find_damaged(folder.story_id, request.caller)
                request = replace(request, created_s=(known or request).created_s)
                folder.write(REQUEST, request)
            elif there.fingerprint != request.fingerprint:
                raise KeyReused(
                    "Idempotency-Key: already used for another request; use a new one.",
                    field="Idempotency-Key",
                )
            request = there or request
        if story_request.text:
            self._store_text(folder.key(TEXT), story_request.text.encode())
        return request

    def _store_text(self, key: str, text: bytes) -> None:
        stored = self.store.head(key)
        if stored is None or stored.size_bytes != len(text):
            self.store.put(key, text, content_type="text/plain; charset=utf-8")

    def _load_snapshot(self, story: str, caller: str) -> StorySnapshot:
        folder = StoryFolder(self.store, story)
        try:
            request = folder.read(REQUEST, StoredRequest) if is_story_id(story) else None
        except NotFound:
            request = None
        except DamagedObject:
            request = self._find_damaged(story, caller)
            if request is not None:
                return replace(load_snapshot(folder, request), result=None, is_damaged=True)
        if request is None or request.caller != caller:
            raise NotFound(
                f"The story “{story[:64]}” does not exist. Stories are kept for some days; repeat "
                "the request to make it again.",
                story_id=story[:64],
            )
        return load_snapshot(folder, request)

    def _find_damaged(self, story: str, caller: str) -> StoredRequest | None:
        """Find a caller's story whose request cannot be read, by its entry in the list."""
        folder = self._index_folder(caller)
        for each in self.store.list(folder):
            if each.key.endswith(f"-{story}"):
                created_s = float(END_OF_TIME - int(each.key.removeprefix(folder).split("-")[0]))
                return StoredRequest(StoryKind.STORY, caller, "", created_s, {})
        return None

    def _find_story(self, entry: str, caller: str) -> tuple[str, StoryStatus] | None:
        story = entry.rpartition("-")[2]
        with suppress(NotFound):
            return story, self.get_status(story, caller)
        return None

    def _index_folder(self, caller: str) -> str:
        return f"{INDEX}{caller_folder(self.secret, caller)}/"

    def _index_key(self, request: StoredRequest, story: str) -> str:
        backwards = END_OF_TIME - round(1000 * request.created_s) // 1000
        return f"{self._index_folder(request.caller)}{backwards:013}-{story}"
