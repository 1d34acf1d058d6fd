"""Stories told in this process over a folder, step by step as a test wants them."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import app
import polly_handler
import stories
from mixer.jobs.spending import Spending
from mixer.jobs.story.desk import StoryDesk
from mixer.jobs.story.folder import StoryFolder
from mixer.jobs.story.orders import Order
from mixer.jobs.story.running import Run
from mixer.jobs.story.tasks import StoryTasks
from mixer.jobs.story.values import Kind
from mixer.jobs.synthesis import Synthesizer
from mixer.settings import Settings
from mixer.sound.ffmpeg import Children
from mixer.store.folder import FolderStore
from tests.engines import ToneEngine

CALLER, SECRET = "anna", b"a secret of the tests"
TEXT = "\n\n* * *\n\n".join(f"Bell {number} rang." for number in range(12))


class Executions:
    """Names of attempts, as Step Functions keeps them: one that was used is used up.

    An execution runs until `end` is called, or at once where it is given what runs it.
    """

    def __init__(self, runs=None):
        self.begun, self._ended, self._runs = [], set(), runs
        self._lock = threading.Lock()

    def start(self, story, attempt, kind):
        with self._lock:
            if (story, attempt) in self.begun:
                return (story, attempt) not in self._ended
            self.begun.append((story, attempt))
        if self._runs is not None:
            self._runs(story, attempt, kind)
            self.end(story, attempt)
        return True

    def end(self, story, attempt):
        with self._lock:
            self._ended.add((story, attempt))


class StoryWorld:
    """A desk, the tasks of all functions, and who is told."""

    def __init__(self, folder, engine=None, store=None, tell=()):
        self.engine = engine or ToneEngine(suffix="mp3")
        self.store = store or FolderStore(folder)
        self.spending = Spending(self.store, 1e6)
        self.jobs = []
        self.executions = Executions(self._run)
        settings = Settings(output_bucket="b", music_bucket="b", allowed_buckets=frozenset({"b"}))
        speech = Synthesizer(
            open_engine=self._opened,
            store=self.store,
            bucket="b",
            spending=self.spending,
            max_request_usd=1e6,
            max_text_chars=10**7,
            refresh_after=timedelta(days=5),
        )
        parts = (
            polly_handler.speech_tasks(settings, speech, self.store),
            app.mix_tasks(settings, self.store, self.store, workers=3, job=self._job),
            stories.ending_tasks(settings, self.store, list(tell)),
        )
        table = {name: task for part in parts for name, task in part.tasks.items()}
        self._tasks = StoryTasks(self.store, table)
        self.desk = StoryDesk(self.store, SECRET, self.executions, self.spending)

    def begun(self, text=TEXT, **options):
        given = {"text_type": "markdown", "pauses": "none", **options}
        return self.desk.begin(Order(Kind.STORY, CALLER, given, text=text))

    def task(self, name, story, attempt=1, **more):
        event = {"task": name, "story_id": story, "attempt": attempt, **more}
        return self._tasks(event, None)

    def status(self, story):
        return self.desk.status(story, CALLER)

    def audio(self, story):
        return self.store.get(self.status(story).result.links["audio"])

    def names(self, story, prefix=""):
        return [each.key for each in StoryFolder(self.store, story).names(prefix)]

    def _run(self, story, attempt, kind):
        Run(lambda event: self._tasks(event, None), story, attempt).whole(kind)

    def _job(self):
        self.jobs.append(Children())
        return self.jobs[-1]

    @contextmanager
    def _opened(self, *_, **__):
        yield self.engine
