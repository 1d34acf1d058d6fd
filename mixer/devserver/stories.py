"""Stories on a laptop: the same tasks as in the cloud, run in the background of the server.

A story that a killed server left unfinished is taken up again when the next one starts.
"""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mixer.compose import notify_webhook_in_background
from mixer.stories.model import StoryKind
from mixer.stories.workflow import TaskInvoker, Workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixer.compose import Services
    from mixer.sound.ffmpeg import ProcessGroup

logger = logging.getLogger(__name__)

MAX_CONCURRENT_STORIES = 2
"""Each keeps all cores busy; a second one is for short stories beside a book."""


GROUPS = 8
"""Into which a story's segments are parted here: so often its progress is seen to move."""


class BackgroundStories:
    """A launcher that runs stories in threads of this process.

    Args:
        invoke: has tasks carried out.
    """

    def __init__(self, invoke: TaskInvoker) -> None:
        self._invoke = invoke
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT_STORIES, thread_name_prefix="story")
        self._attempts: dict[tuple[str, int], Future[None]] = {}
        self._latest: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def start(self, story: str, attempt: int, kind: StoryKind) -> bool:
        """Run an attempt, after the one before it; one that runs already is left alone."""
        with self._lock:
            known = self._attempts.get((story, attempt))
            if known is not None:
                return not known.done()
            ended: Future[None] = Future()
            before = self._latest.get(story)
            self._attempts[story, attempt] = self._latest[story] = ended
        if before is None:
            self._submit(ended, story, attempt, kind)
        else:
            before.add_done_callback(lambda _: self._submit(ended, story, attempt, kind))
        return True

    def close(self) -> None:
        """Begin nothing more; what runs ends with what it works with."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, ended: "Future[None]", story: str, attempt: int, kind: StoryKind) -> None:
        with suppress(RuntimeError):  # the server is ending
            self._pool.submit(self._run, ended, story, attempt, kind)

    def _run(self, ended: "Future[None]", story: str, attempt: int, kind: StoryKind) -> None:
        try:
            Workflow(self._invoke, story, attempt, lambda: self._is_closed).run(kind)
        except Exception:
            logger.exception("story %s could not be ended", story)
        finally:
            ended.set_result(None)


class LocalStories:
    """Everything that tells stories on a laptop.

    Args:
        services: of the process, without what runs stories.
        new_processes: begins the job of a request or step.
    """

    def __init__(self, services: "Services", new_processes: "Callable[[], ProcessGroup]") -> None:
        self.launcher = BackgroundStories(lambda event: self.services.all_tasks(event, None))
        self.services = replace(
            services,
            new_processes=new_processes,
            render_groups=GROUPS,
            launcher=self.launcher,
            notifiers=[notify_webhook_in_background(services.story_secret)],
        )

    def resume_stories(self) -> None:
        """Go on, in the background, with what an earlier server left unfinished."""
        threading.Thread(target=self._resume_unfinished, name="take-up", daemon=True).start()

    def close(self) -> None:
        """Begin nothing more."""
        self.launcher.close()

    def _resume_unfinished(self) -> None:
        from mixer.errors import MixerError
        from mixer.stories.folder import REQUEST
        from mixer.stories.model import StoredRequest
        from mixer.stories.snapshot import list_unfinished

        for folder in list_unfinished(self.services.output_store):
            try:
                self.services.story_service.launch(
                    folder.story_id, folder.read(REQUEST, StoredRequest).kind
                )
            except MixerError as error:
                logger.warning("story %s: %s", folder.story_id, error)
