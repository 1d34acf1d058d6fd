"""Runs the steps of a story in the foreground of one process.

The command line, the Python API, POST /synthesize and POST /mixstory use it. Chunks and segments
are stored under keys of their contents, so a later run, here or in the cloud, reuses them.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mixer.errors import BadInput
from mixer.publish import Picture
from mixer.publish.report import describe_adjustments
from mixer.requests import Options
from mixer.sound import ProcessGroup, Timeline
from mixer.store import ObjectStore
from mixer.stories.folder import FLAWS, MIX, REQUEST
from mixer.stories.input_checks import InputLimits
from mixer.stories.model import GivenFlaws, JoinedMix, StoredRequest, StoryKind
from mixer.stories.progress import StageReporter, StageTimer, ignore_progress
from mixer.stories.run_folder import RUN_ID, RunFolder, RunStore, open_run_store
from mixer.stories.sounds import read_sounds
from mixer.stories.steps.mix import StoryMix
from mixer.stories.tags import put_cover
from mixer.stories.takes import load_timeline
from mixer.stories.tasks import ITEMS, Event, Step, StepCall, StepFunction, StepResult
from mixer.stories.workflow import Workflow
from mixer.stories.workspace import stop_at_deadline

GROUPS = 1
"""One process renders; a long story has more groups (`mix.MAX_GROUP_SIZE`)."""

ATTEMPT = 1


@dataclass(frozen=True, slots=True)
class JobContext:
    """Progress, cancellation and deadline of a run.

    Attributes:
        processes: stopping them ends the work at once.
        deadline_s: on the monotonic clock; None for none.
    """

    timer: StageTimer = field(default_factory=lambda: StageTimer(ignore_progress))
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    deadline_s: float | None = None


def run_steps(
    folder: RunFolder,
    steps: Mapping[Step, StepFunction],
    context: JobContext,
    *,
    publishes: bool = False,
) -> None:
    """Run the steps of a story up to its audio, or with `publishes` up to its files.

    At the deadline, raises OutOfTime; finished chunks and segments are kept.
    """

    def invoke(event: Event) -> StepResult:
        step = Step(event["task"])
        item = int(event.get(ITEMS.get(step, ""), 0))
        if step not in steps:  # slots: not used in the foreground
            return {"ready": True}
        progress = reporter.report_item(item)
        call = StepCall(folder, ATTEMPT, item, deadline_s=context.deadline_s, progress=progress)
        return steps[step](call)

    request = folder.read(REQUEST, StoredRequest)
    with closing(StageReporter(context.timer)) as reporter:
        workflow = Workflow(invoke, folder.story_id, ATTEMPT, reporter=reporter)
        try:
            with stop_at_deadline(context.processes, context.deadline_s):
                (workflow.run_steps if publishes else workflow.make_audio)(request.kind)
        except BaseException:
            context.processes.stop()
            raise


@dataclass(frozen=True, slots=True)
class ForegroundMix:
    """A finished mix that is not stored, and the flaws of its chunks by key."""

    path: Path
    timeline: Timeline
    joined: JoinedMix
    folder: RunFolder
    flaws: Mapping[str, tuple[str, ...]]


@contextmanager
def mix_in_foreground(
    store: RunStore,
    request: StoredRequest,
    music: ObjectStore,
    context: JobContext,
    *,
    limits: InputLimits | None = None,
    cover: Picture | None = None,
) -> Iterator[ForegroundMix]:
    """Mix the chunks of a request into a file that is deleted after the block.

    At the deadline, raises OutOfTime; finished segments are kept.
    """
    folder = RunFolder(store, RUN_ID)
    folder.write(REQUEST, request)
    if cover is not None:
        put_cover(folder, cover)
    mix = StoryMix(store, music, GROUPS, lambda: context.processes, limits=limits)
    run_steps(folder, mix.steps, context)
    joined = folder.read(MIX, JoinedMix)
    yield ForegroundMix(
        path=store.files.path(folder.key(joined.name)),
        timeline=load_timeline(folder),
        joined=joined,
        folder=folder,
        flaws=folder.read(FLAWS, GivenFlaws).flaws,
    )


@dataclass(frozen=True, slots=True)
class LocalMix:
    """Local sound files in playing order, with music and cover."""

    chunks: tuple[Path, ...]
    music: Path | None = None
    cover: Picture | None = None


@dataclass(frozen=True, slots=True)
class MixedFile:
    """A finished mix on this machine, with a sentence for each correction of a faulty recording."""

    path: Path
    timeline: Timeline
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    adjustments: tuple[str, ...]


def mix_local_files(files: LocalMix, options: Options, out: Path, context: JobContext) -> MixedFile:
    """Mix sound files of any format; raises BadInput if none is given, or only silence."""
    if not files.chunks:
        raise BadInput("There are no chunks to mix.")
    keys = tuple(str(path) for path in files.chunks)
    inputs = {key: Path(key) for key in keys}
    music = str(files.music) if files.music else ""
    if files.music:
        inputs[music] = files.music
    request = build_run_request(
        StoryKind.MIX, options.model_copy(update={"cover": ""}), chunk_keys=keys, music=music
    )
    with (
        open_run_store(inputs=inputs) as store,
        mix_in_foreground(store, request, store, context, cover=files.cover) as mix,
    ):
        store.files.fetch(mix.folder.key(mix.joined.name), out)
        sounds = read_sounds(mix.folder)
    return MixedFile(
        path=out,
        timeline=mix.timeline,
        integrated_loudness_lufs=mix.joined.integrated_loudness_lufs,
        true_peak_dbtp=mix.joined.true_peak_dbtp,
        adjustments=tuple(describe_adjustments(mix.timeline, sounds, mix.flaws)),
    )


def build_run_request(
    kind: StoryKind,
    options: Options,
    *,
    caller: str = "",
    chunk_keys: tuple[str, ...] = (),
    music: str = "",
) -> StoredRequest:
    """Build the request of a run in the foreground."""
    return StoredRequest(
        kind=kind,
        caller=caller,
        fingerprint="",
        created_s=time.time(),
        options=options.model_dump(exclude_unset=True),
        chunk_keys=chunk_keys,
        music=music,
    )
