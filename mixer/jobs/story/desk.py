"""Where stories are begun, watched, listed and cancelled.

A request becomes a story by a conditional write of `request.json`: the same request sent twice, at
once or years apart, meets the same folder. Each start is an attempt with a number that is claimed
the same way, and its execution is named by it, so starting is safe to repeat as well. A story that
failed or was cancelled starts a new attempt when it is asked for again; what is done stays done.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol

from mixer.errors import BadInput, KeyReused, NotFound, StoreFailed, StoryEnded
from mixer.jobs.covers import require_cover
from mixer.jobs.spending import Spending, utc_now
from mixer.jobs.story.folder import REQUEST, RESULT, TEXT, StoryFolder
from mixer.jobs.story.identity import caller_folder, is_story_id, story_id
from mixer.jobs.story.names import attempt_name, cancelled_name
from mixer.jobs.story.orders import Order
from mixer.jobs.story.reading import close, listed_in, seen_in
from mixer.jobs.story.state import Seen, Status, status_of
from mixer.jobs.story.values import (
    Kind,
    State,
    StoryRequest,
    StoryResult,
)
from mixer.store.objects import ObjectStore

INDEX = "story_index/"
"""Empty objects, `{caller}/{time, backwards}-{story}`: a caller's stories, the newest first."""

PAGE = 20
"""Stories that GET /stories tells of at once: each takes a listing and a few small objects."""

STARTS = 4
"""Attempts whose names turn out to be used up, before something must be wrong."""

END_OF_TIME = 10**12
"""Later than any story, in seconds; the difference to it makes the newest come first."""

MAX_KEY_CHARS = 200


class Launcher(Protocol):
    """Runs the steps of stories somewhere else, or later."""

    def start(self, story: str, attempt: int, kind: Kind) -> bool:
        """Run an attempt; one that runs already is left alone.

        Returns:
            False when the attempt has ended before: its name is used up.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoryPage:
    """Some of a caller's stories, the newest first, and where the next page begins."""

    stories: tuple[tuple[str, Status], ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class StoryDesk:
    """Begins, watches and cancels stories. Safe for many threads.

    Attributes:
        store: where stories are kept.
        secret: of the deployment; ids come from it.
        launcher: runs their steps.
        spending: counts what callers spend.
        now: the moment, in UTC.
    """

    store: ObjectStore
    secret: bytes
    launcher: Launcher
    spending: Spending
    now: Callable[[], datetime] = field(default=utc_now)

    def begin(self, order: Order) -> str:
        """Have a story told; the same order again means the same story.

        Returns:
            The story's id.

        Raises:
            BadInput: the Idempotency-Key is none.
            KeyReused: it stands for another request already.
            NotFound: an upload that it names is not there.
            UnusablePicture: the cover is too large.
        """
        if len(order.idempotency_key) > MAX_KEY_CHARS:
            raise BadInput(
                f"Idempotency-Key: at most {MAX_KEY_CHARS} characters.", field="Idempotency-Key"
            )
        if order.source_key and self.store.head(order.source_key) is None:
            raise NotFound(
                f"source: there is no uploaded text {order.source_key}.",
                field="source",
                key=order.source_key,
            )
        if cover := str(order.options.get("cover") or ""):
            require_cover(self.store, cover)
        story = story_id(self.secret, order.caller, order.fingerprint, order.idempotency_key)
        folder = StoryFolder(self.store, story)
        request = self._kept(folder, order)
        self.store.put(self._index_key(request, story), b"")
        self.launch(story, request.kind)
        return story

    def launch(self, story: str, kind: Kind) -> None:
        """Have somebody work on a story that is not done; nothing is done twice.

        Raises:
            StoreFailed: no attempt could be started.
        """
        folder = StoryFolder(self.store, story)
        seen = listed_in(folder)
        attempt = max(1, seen.attempt)
        if RESULT in seen.names:
            ended = folder.find(RESULT, StoryResult)  # gone where somebody begins anew just now
            if ended is not None and ended.state is State.DONE:
                return
            folder.delete(RESULT)
            attempt += 1
        attempt += seen.cancelled and RESULT not in seen.names
        for number in range(attempt, attempt + STARTS):
            folder.claim(attempt_name(number), {"begun_s": self.now().timestamp()})
            if self.launcher.start(story, number, kind):
                return
        raise StoreFailed(f"The story {story} could not be started; try again.", story_id=story)

    def status(self, story: str, caller: str) -> Status:
        """How far a story is.

        Raises:
            NotFound: the caller has no such story, or none any more.
        """
        return status_of(self._seen(story, caller), self.now())

    def page(self, caller: str, cursor: str = "") -> StoryPage:
        """A caller's stories, the newest first.

        Args:
            caller: who asks.
            cursor: of the page before; empty for the first page.
        """
        folder = self._index_folder(caller)
        listed = self.store.list(folder, after=folder + cursor if cursor else "")
        entries = [each.key.removeprefix(folder) for each in islice(listed, PAGE + 1)]
        shown = entries[:PAGE]
        with ThreadPoolExecutor(PAGE) as pool:
            found = list(pool.map(lambda entry: self._found(entry, caller), shown))
        stories = tuple(each for each in found if each is not None)
        return StoryPage(stories, shown[-1] if len(entries) > PAGE else None)

    def cancel(self, story: str, caller: str) -> Status:
        """End a story; what is finished is kept, and asking for it again goes on from there.

        Nobody is stopped: whatever step comes next, or works just now, sees the mark and ends, and
        so the news of the end go the usual way, and what calls under way have paid is settled then.

        Raises:
            NotFound: the caller has no such story.
            StoryEnded: it has ended before.
        """
        seen = self._seen(story, caller)
        status = status_of(seen, self.now())
        if seen.result is not None:
            raise StoryEnded(
                f"The story {story} is {status.state} already.", story_id=story, state=status.state
            )
        folder, attempt = StoryFolder(self.store, story), max(1, seen.progress.attempt)
        folder.claim(cancelled_name(attempt), {"cancelled_s": self.now().timestamp()})
        close(folder, seen, StoryResult(State.CANCELLED, attempt, 0.0), self.now())
        return self.status(story, caller)

    def _kept(self, folder: StoryFolder, order: Order) -> StoryRequest:
        """The request as it stands in the folder, once it is certain that it is this one."""
        text_key = order.source_key or (folder.key(TEXT) if order.text else "")
        request = StoryRequest(
            kind=order.kind,
            caller=order.caller,
            fingerprint=order.fingerprint,
            created_s=self.now().timestamp(),
            options=dict(order.options),
            characters=len(order.text),
            text_key=text_key,
            chunk_keys=order.chunk_keys,
            music=order.music,
            webhook=order.webhook,
            warnings=order.warnings,
        )
        if not folder.claim(REQUEST, request):
            there = folder.read(REQUEST, StoryRequest)
            if there.fingerprint != request.fingerprint:
                raise KeyReused(
                    "Idempotency-Key: it was sent with another request before; use a new one.",
                    field="Idempotency-Key",
                )
            request = there
        if order.text and not folder.has(TEXT):
            text = order.text.encode()
            self.store.put(folder.key(TEXT), text, content_type="text/plain; charset=utf-8")
        return request

    def _seen(self, story: str, caller: str) -> Seen:
        folder = StoryFolder(self.store, story)
        request = folder.find(REQUEST, StoryRequest) if is_story_id(story) else None
        if request is None or request.caller != caller:
            raise NotFound(
                f"There is no story {story[:64]!r}. Stories are kept for some days only; the same "
                "request makes it anew.",
                story_id=story[:64],
            )
        return seen_in(folder, request)

    def _found(self, entry: str, caller: str) -> tuple[str, Status] | None:
        """A story of the index; None for one that is gone."""
        story = entry.rpartition("-")[2]
        with suppress(NotFound):
            return story, self.status(story, caller)
        return None

    def _index_folder(self, caller: str) -> str:
        return f"{INDEX}{caller_folder(self.secret, caller)}/"

    def _index_key(self, request: StoryRequest, story: str) -> str:
        backwards = END_OF_TIME - round(1000 * request.created_s) // 1000
        return f"{self._index_folder(request.caller)}{backwards:013}-{story}"
