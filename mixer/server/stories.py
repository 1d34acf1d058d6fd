"""Stories on a laptop: the same tasks as in the cloud, run in the background of the server.

A story that a killed server left unfinished is taken up again when the next one starts.
"""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from mixer.jobs.story.running import Invoke, Run
from mixer.jobs.story.values import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixer.http.stories import StoryCounter
    from mixer.jobs.assembly import Assembler
    from mixer.jobs.synthesis import Synthesizer
    from mixer.settings import Settings
    from mixer.sound.ffmpeg import Children

logger = logging.getLogger(__name__)

STORIES_AT_ONCE = 2
"""Each keeps all cores busy; a second one is for short stories beside a book."""


GROUPS = 8
"""Into which a story's segments are parted here: so often its progress is seen to move."""


class BackgroundStories:
    """A launcher that runs stories in threads of this process.

    Args:
        invoke: has tasks carried out.
    """

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke
        self._pool = ThreadPoolExecutor(STORIES_AT_ONCE, thread_name_prefix="story")
        self._attempts: dict[tuple[str, int], Future[None]] = {}
        self._latest: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._is_over = False

    def start(self, story: str, attempt: int, kind: Kind) -> bool:
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
        self._is_over = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, ended: "Future[None]", story: str, attempt: int, kind: Kind) -> None:
        with suppress(RuntimeError):  # the server is ending
            self._pool.submit(self._run, ended, story, attempt, kind)

    def _run(self, ended: "Future[None]", story: str, attempt: int, kind: Kind) -> None:
        try:
            Run(self._invoke, story, attempt, lambda: self._is_over).whole(kind)
        except Exception:
            logger.exception("story %s could not be ended", story)
        finally:
            ended.set_result(None)


class LocalStories:
    """Everything that tells stories on a laptop.

    Args:
        chosen: the settings.
        speech: speaks, into the store where stories are kept too.
        mix: knows where music is found, and makes links.
        secret: that ids are made with.
        job: begins the job of a step.
    """

    def __init__(
        self,
        chosen: "Settings",
        speech: "Synthesizer",
        mix: "Assembler",
        secret: bytes,
        job: "Callable[[], Children]",
    ) -> None:
        import app
        import polly_handler
        import stories
        from mixer.jobs.story.desk import StoryDesk
        from mixer.jobs.story.tasks import StoryTasks
        from mixer.jobs.story.webhook import Webhook, in_background

        parts = (
            polly_handler.speech_tasks(chosen, speech, mix.music),
            app.mix_tasks(chosen, speech.store, mix.music, workers=GROUPS, job=job),
            stories.ending_tasks(chosen, speech.store, [in_background(Webhook(secret).tell)]),
        )
        table = {name: task for part in parts for name, task in part.tasks.items()}
        tasks = StoryTasks(speech.store, table)
        self._chosen, self._store, self._link = chosen, speech.store, mix.link
        self.launcher = BackgroundStories(lambda event: tasks(event, None))
        self.desk = StoryDesk(speech.store, secret, self.launcher, speech.spending)

    def counter(self) -> "StoryCounter":
        """Where stories are taken in."""
        from mixer.http.stories import StoryCounter

        chosen = self._chosen
        return StoryCounter(
            desk=self.desk,
            link=self._link,
            link_lifetime_s=chosen.url_lifetime_s,
            bucket=chosen.output_bucket,
            max_text_chars=chosen.stories.max_text_chars,
        )

    def take_up(self) -> None:
        """Go on, in the background, with what an earlier server left unfinished."""
        threading.Thread(target=self._take_up, name="take-up", daemon=True).start()

    def close(self) -> None:
        """Begin nothing more."""
        self.launcher.close()

    def _take_up(self) -> None:
        from mixer.errors import MixerError
        from mixer.jobs.story.folder import REQUEST
        from mixer.jobs.story.reading import unfinished
        from mixer.jobs.story.values import StoryRequest

        for folder in unfinished(self._store):
            try:
                self.desk.launch(folder.story_id, folder.read(REQUEST, StoryRequest).kind)
            except MixerError as error:
                logger.warning("story %s: %s", folder.story_id, error)
