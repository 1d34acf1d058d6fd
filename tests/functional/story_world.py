"""Stories told in this process over a folder, step by step as a test wants them."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mixer.compose import LaptopServices
from mixer.settings import Settings, StorySettings
from mixer.sound.ffmpeg import ProcessGroup
from mixer.store.folder import FolderStore
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import StoryFolder
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest
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


SETTINGS = Settings(
    output_bucket="b",
    music_bucket="b",
    allowed_buckets=frozenset({"b"}),
    max_daily_usd=1e6,
    stories=StorySettings(max_usd=1e6, max_text_chars=10**7),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class WorldServices(LaptopServices):
    """The parts of a laptop, with an engine that a test may exchange."""

    open_current_engine: object

    @property
    def open_engine(self):
        return self.open_current_engine


class StoryWorld:
    """A desk, the tasks of all functions, and who is told."""

    def __init__(
        self, folder, engine=None, store=None, notifiers=(), *, is_idle=False, max_daily_usd=1e6
    ):
        self.engine = engine or ToneEngine(suffix="mp3")
        self.store = store or FolderStore(folder)
        self.spending = DailyBudget(self.store, max_daily_usd)
        self.process_groups = []
        self.executions = Executions(None if is_idle else self.run_story)
        services = WorldServices(
            settings=replace(SETTINGS, max_daily_usd=max_daily_usd),
            store=self.store,
            engine=self.engine,
            secret=SECRET,
            new_processes=self._create_processes,
            render_groups=3,
            launcher=self.executions,
            notifiers=list(notifiers),
            open_current_engine=self._open_engine,
        )
        self._tasks, self.service = services.all_tasks, services.story_service
        self.planner = services.story_speech_service.planner
        self.editor, self.previews = services.story_editor, services.story_previews

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

    def run_story(self, story, attempt=1, kind=StoryKind.STORY):
        Workflow(lambda event: self._tasks(event, None), story, attempt).run(kind)

    def _create_processes(self):
        self.process_groups.append(ProcessGroup())
        return self.process_groups[-1]

    @contextmanager
    def _open_engine(self, *_, **__):
        yield self.engine
