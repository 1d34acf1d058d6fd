"""Runs the steps of a story in the foreground of one process.

Chunks and segments are stored under keys of their contents, so a later run, here or in the cloud,
reuses them.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from mixer.progress import StageTimer, ignore_progress
from mixer.sound import ProcessGroup
from mixer.stories.folder import REQUEST
from mixer.stories.foreground.run_folder import RunFolder
from mixer.stories.model import StoredRequest, StoryKind
from mixer.stories.tasks import (
    ITEMS,
    Event,
    Step,
    StepCall,
    StepFunction,
    StepResult,
    stop_at_deadline,
)
from mixer.stories.workflow import StageReporter, Workflow

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
    kind: StoryKind | None = None,
) -> None:
    """Run the steps of a story up to its audio, or with `publishes` up to its files.

    `kind` leaves steps out that those of the request have.

    At the deadline, raises OutOfTime; finished chunks and segments are kept.
    """
    kind = kind or folder.read(REQUEST, StoredRequest).kind
    with closing(StageReporter(context.timer)) as reporter:
        workflow = Workflow(
            lambda event: _run_step(folder, steps, context, reporter, event),
            folder.story_id,
            ATTEMPT,
            reporter=reporter,
        )
        try:
            with stop_at_deadline(context.processes, context.deadline_s):
                (workflow.run_steps if publishes else workflow.make_audio)(kind)
        except BaseException:
            context.processes.stop()
            raise


def _run_step(
    folder: RunFolder,
    steps: Mapping[Step, StepFunction],
    context: JobContext,
    reporter: StageReporter,
    event: Event,
) -> StepResult:
    step = Step(event["task"])
    item = int(event.get(ITEMS.get(step, ""), 0))
    if step not in steps:  # slots: not used in the foreground
        return {"ready": True}
    progress = reporter.report_item(item)
    return steps[step](
        StepCall(folder, ATTEMPT, item, deadline_s=context.deadline_s, progress=progress)
    )
