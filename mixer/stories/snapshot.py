"""Reads the state of a story's folder, and writes its end once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mixer.store import ObjectStore
from mixer.stories.folder import PLAN, PREFIX, REQUEST, RESULT, SEGMENTS, StoryFolder
from mixer.stories.ids import is_story_id
from mixer.stories.keys import StoryProgress, parse_progress
from mixer.stories.model import PlanSummary, StoredLayout, StoredRequest, StoryResult
from mixer.stories.status import StorySnapshot

if TYPE_CHECKING:
    from mixer.stories.budget import DailyBudget


def load_snapshot(folder: StoryFolder, request: StoredRequest | None = None) -> StorySnapshot:
    """Load what a status needs: one listing and at most four small objects."""
    listed = load_progress(folder)
    plan = folder.find(PLAN, PlanSummary) if PLAN in listed.names else None
    layout = folder.find(SEGMENTS, StoredLayout) if SEGMENTS in listed.names else None
    return StorySnapshot(
        request=request or folder.read(REQUEST, StoredRequest),
        progress=listed,
        plan=plan or PlanSummary(),
        layout=layout or StoredLayout(0, (), 0.0),
        result=folder.find(RESULT, StoryResult) if RESULT in listed.names else None,
    )


def write_result(
    folder: StoryFolder, snapshot: StorySnapshot, result: StoryResult, now: datetime
) -> bool:
    """Write how a story ended, completed from its snapshot; False if it had ended before."""
    completed = replace(
        result,
        ended_s=now.timestamp(),
        cost_usd=snapshot.progress.paid_usd,
        title=result.title
        or snapshot.plan.title
        or str(snapshot.request.options.get("title") or ""),
        chunks=result.chunks or snapshot.progress.chunks,
        segments=snapshot.progress.segments,
    )
    return folder.claim(RESULT, completed)


def settle_budget(snapshot: StorySnapshot, budget: "DailyBudget") -> None:
    """Settle the reserved budget, after the last payment."""
    budget.settle(
        snapshot.plan.reservation, snapshot.progress.paid_usd - snapshot.plan.paid_before_usd
    )


def load_progress(folder: StoryFolder) -> StoryProgress:
    """Load the progress of a story; its listing fits on one page of S3 (`batches`)."""
    return parse_progress(folder.list_entries())


def list_unfinished(store: ObjectStore) -> Iterator[StoryFolder]:
    """List the stories without a result, by reading all: for laptops only."""
    stories: dict[str, set[str]] = {}
    for each in store.list(PREFIX):
        story, _, name = each.key.removeprefix(PREFIX).partition("/")
        stories.setdefault(story, set()).add(name)
    for story, names in stories.items():
        if REQUEST in names and RESULT not in names and is_story_id(story):
            yield StoryFolder(store, story)
