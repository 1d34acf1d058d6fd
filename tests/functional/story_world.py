"""Stories told in this process over a folder, step by step as a test wants them."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import app
import polly_handler
import stories
from mixer.settings import Settings
from mixer.sound.ffmpeg import ProcessGroup
from mixer.store.folder import FolderStore
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import StoryFolder
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest
from mixer.stories.service import StoryService
from mixer.stories.speech_service import SpeechService
from mixer.stories.tasks import StoryTasks
from mixer.stories.workflow import Workflow
from tests.engines import ToneEngine

CALLER, SECRET = "anna", b"a secret of the tests"
TEXT = "\n\n* * *\n\n".join(f"Bell {number} rang." for number in range(12))


class Executions:
    """Names of attempts, as Step Functions keeps them: one that was used is used up.

    An execution runs until `end` is called, or at once where it is given what runs it.
    """

    def __init__(self, run_attempt=None):
        self.started, self._ended, self._run_attempt = [], set(), run_attempt
        self._lock = threading.Lock()

    def start(self, story, attempt, kind):
        with self._lock:
            if (story, attempt) in self.started:
                return (story, attempt) not in self._ended
            self.started.append((story, attempt))
        if self._run_attempt is not None:
            self._run_attempt(story, attempt, kind)
            self.end(story, attempt)
        return True

    def end(self, story, attempt):
        with self._lock:
            self._ended.add((story, attempt))


class StoryWorld:
    """A desk, the tasks of all functions, and who is told."""

    def __init__(self, folder, engine=None, store=None, notifiers=()):
        self.engine = engine or ToneEngine(suffix="mp3")
        self.store = store or FolderStore(folder)
        self.spending = DailyBudget(self.store, 1e6)
        self.process_groups = []
        self.executions = Executions(self._run)
        settings = Settings(output_bucket="b", music_bucket="b", allowed_buckets=frozenset({"b"}))
        speech = SpeechService(
            open_engine=self._open_engine,
            store=self.store,
            bucket="b",
            budget=self.spending,
            max_request_usd=1e6,
            max_text_chars=10**7,
            touch_after=timedelta(days=5),
        )
        parts = (
            polly_handler.build_speech_tasks(settings, speech, self.store),
            app.build_mix_tasks(
                settings, self.store, self.store, workers=3, new_processes=self._create_processes
            ),
            stories.build_finish_tasks(settings, self.store, list(notifiers)),
        )
        table = {name: task for part in parts for name, task in part.tasks.items()}
        self._tasks = StoryTasks(self.store, table)
        self.service = StoryService(self.store, SECRET, self.executions, self.spending)

    def create_story(self, text=TEXT, **options):
        given = {"text_type": "markdown", "pauses": "none", **options}
        return self.service.create(StoryRequest(StoryKind.STORY, CALLER, given, text=text))

    def run_task(self, name, story, attempt=1, **more):
        event = {"task": name, "story_id": story, "attempt": attempt, **more}
        return self._tasks(event, None)

    def status(self, story):
        return self.service.get_status(story, CALLER)

    def read_audio(self, story):
        return self.store.get(self.status(story).result.links["audio"])

    def list_keys(self, story, prefix=""):
        return [each.key for each in StoryFolder(self.store, story).list_entries(prefix)]

    def _run(self, story, attempt, kind):
        Workflow(lambda event: self._tasks(event, None), story, attempt).run(kind)

    def _create_processes(self):
        self.process_groups.append(ProcessGroup())
        return self.process_groups[-1]

    @contextmanager
    def _open_engine(self, *_, **__):
        yield self.engine
