"""What a story's folder tells, read in one go, and its end, written once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from mixer.jobs.spending import Spending
from mixer.jobs.story.folder import PLAN, PREFIX, REQUEST, RESULT, SEGMENTS, StoryFolder
from mixer.jobs.story.identity import is_story_id
from mixer.jobs.story.names import Progress, progress
from mixer.jobs.story.state import Seen
from mixer.jobs.story.values import (
    Layout,
    PlanSummary,
    StoryRequest,
    StoryResult,
)
from mixer.store.objects import ObjectStore


def seen_in(folder: StoryFolder, request: StoryRequest | None = None) -> Seen:
    """What a status is told from: one listing and at most four small objects."""
    listed = listed_in(folder)
    plan = folder.find(PLAN, PlanSummary) if PLAN in listed.names else None
    layout = folder.find(SEGMENTS, Layout) if SEGMENTS in listed.names else None
    return Seen(
        request=request or folder.read(REQUEST, StoryRequest),
        progress=listed,
        plan=plan or PlanSummary(),
        layout=layout or Layout(0, (), 0.0),
        result=folder.find(RESULT, StoryResult) if RESULT in listed.names else None,
    )


def close(folder: StoryFolder, seen: Seen, result: StoryResult, now: datetime) -> bool:
    """Write down how a story ended, once.

    Args:
        folder: of the story.
        seen: what it holds.
        result: how it ended; what the folder tells is filled in.
        now: the moment.

    Returns:
        False when it had ended before.
    """
    told = replace(
        result,
        ended_s=now.timestamp(),
        cost_usd=seen.progress.paid_usd,
        title=result.title or seen.plan.title or str(seen.request.options.get("title") or ""),
        chunks=result.chunks or seen.progress.chunks,
        segments=seen.progress.segments,
    )
    return folder.claim(RESULT, told)


def settle(seen: Seen, spending: Spending) -> None:
    """Put what was paid in the place of what was reserved, once nobody pays any more."""
    spending.settle(seen.plan.reservation, seen.progress.paid_usd - seen.plan.paid_before_usd)


def listed_in(folder: StoryFolder) -> Progress:
    """What a listing of a story's folder tells; it fits on one page of S3 (`batches`)."""
    return progress(folder.names())


def unfinished(store: ObjectStore) -> Iterator[StoryFolder]:
    """Stories of a store that have no result; walks through all of them, so for a laptop only.

    What `telling` is at work on has no id of a story, and is left alone.
    """
    stories: dict[str, set[str]] = {}
    for each in store.list(PREFIX):
        story, _, name = each.key.removeprefix(PREFIX).partition("/")
        stories.setdefault(story, set()).add(name)
    for story, names in stories.items():
        if REQUEST in names and RESULT not in names and is_story_id(story):
            yield StoryFolder(store, story)
