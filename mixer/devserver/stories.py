"""Stories in background threads of the server, with the same tasks as in Step Functions.

Stories that a killed server left unfinished continue when the next one starts.
"""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mixer.stories import StoryKind
from mixer.stories.steps import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from mixer.compose import Services
    from mixer.sound import ProcessGroup

logger = logging.getLogger(__name__)

MAX_CONCURRENT_STORIES = 2
"""Each uses all cores; a second slot is for short stories during a book."""

RENDER_GROUPS = 8
"""Groups of segments per story, which is also the resolution of its progress."""


class BackgroundStories:
    """A launcher that runs stories in threads of this process."""

    def __init__(self, invoke: "Callable[[Mapping[str, Any]], dict[str, Any]]") -> None:
        self._invoke = invoke
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT_STORIES, thread_name_prefix="story")
        self._attempts: dict[tuple[str, int], Future[None]] = {}
        self._latest: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def start(self, story: str, attempt: int, kind: StoryKind) -> bool:
        """Run an attempt after the previous one; return whether it runs. Idempotent."""
        with self._lock:
            known = self._attempts.get((story, attempt))
            if known is not None:
                return not known.done()
            end: Future[None] = Future()
            previous = self._latest.get(story)
            self._attempts[story, attempt] = self._latest[story] = end
        if previous is None:
            self._submit(end, story, attempt, kind)
        else:
            previous.add_done_callback(lambda _: self._submit(end, story, attempt, kind))
        return True

    def close(self) -> None:
        """Start no more stories; running ones end when their resources are closed."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, end: "Future[None]", story: str, attempt: int, kind: StoryKind) -> None:
        with suppress(RuntimeError):  # the server is stopping
            self._pool.submit(self._run, end, story, attempt, kind)

    def _run(self, end: "Future[None]", story: str, attempt: int, kind: StoryKind) -> None:
        try:
            Workflow(self._invoke, story, attempt, lambda: self._is_closed).run(kind)
        except Exception:
            logger.exception("story %s could not be finished", story)
        finally:
            end.set_result(None)


class LocalStories:
    """The services of a process that runs stories itself."""

    def __init__(self, services: "Services", new_processes: "Callable[[], ProcessGroup]") -> None:
        self._launcher = BackgroundStories(lambda event: self.services.all_tasks(event, None))
        self.services = replace(
            services,
            new_processes=new_processes,
            render_groups=RENDER_GROUPS,
            launcher=self._launcher,
        )

    def resume(self) -> None:
        """Continue in the background what an earlier server left unfinished."""
        work = self.services.story_service.resume_unfinished
        threading.Thread(target=work, name="resume", daemon=True).start()

    def close(self) -> None:
        """Start no more stories."""
        self._launcher.close()
