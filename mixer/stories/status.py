"""The status of a story: read from its folder, and built from what was read."""

from dataclasses import dataclass, replace
from datetime import datetime

from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import (
    PLAN,
    PREFIX,
    REQUEST,
    RESULT,
    SCRIPT,
    SEGMENTS,
    TIMELINE,
    StoryFolder,
)
from mixer.stories.keys import ATTEMPTS, StoryProgress, parse_progress
from mixer.stories.model import (
    PlanSummary,
    StoredLayout,
    StoredRequest,
    StoryFailure,
    StoryKind,
    StoryResult,
    StoryState,
)
from mixer.stories.request import is_story_id

PLANNED_SHARE, SYNTHESIZED_SHARE, MIXED_SHARE = 0.02, 0.80, 0.97
"""Total share done after each stage; speech takes by far the longest."""

MIX_SPEED = 60.0
"""Seconds of audio mixed per second, before the story's own speed is known: a safe value for two
cores with music."""

JOINING_S = 5.0

DAMAGED = StoryFailure(
    "The records of this story are damaged, or another version of Mixer wrote them; repeat the "
    "request to start it again.",
    "damaged_story",
)


@dataclass(frozen=True, slots=True)
class StorySnapshot:
    """What was read of a story; `plan` and `layout` are zeros before they exist.

    A story that is damaged cannot end unless it is started again.
    """

    request: StoredRequest
    progress: StoryProgress
    plan: PlanSummary
    layout: StoredLayout
    result: StoryResult | None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class StoryStatus:
    """The status of a story as its caller sees it, of a version by its number."""

    kind: StoryKind
    state: StoryState
    progress: float
    title: str
    chunks_done: int
    chunks_total: int
    segments_done: int
    segments_total: int
    spent_usd: float
    predicted_usd: float
    time_left_s: float | None
    created_s: float
    warnings: tuple[str, ...]
    failure: StoryFailure | None
    plan: PlanSummary
    chunk_keys: tuple[str, ...]
    result: StoryResult | None
    version: int = 1
    newest_version: int = 1


def build_status(snapshot: StorySnapshot, now: datetime) -> StoryStatus:
    """Build the status of a story."""
    state = _state(snapshot)
    request, done, result = snapshot.request, snapshot.progress, snapshot.result
    return StoryStatus(
        kind=request.kind,
        state=state,
        progress=round(_progress_share(snapshot, state), 4),
        title=_find_title(snapshot, result),
        chunks_done=result.chunks if result and state is StoryState.DONE else done.chunks,
        chunks_total=snapshot.plan.chunks or len(request.chunk_keys),
        segments_done=done.segments,
        segments_total=snapshot.layout.segments,
        spent_usd=done.paid_usd,
        predicted_usd=snapshot.plan.predicted_usd,
        time_left_s=_time_left_s(snapshot, state, now),
        created_s=request.created_s,
        warnings=(*request.warnings, *(result.warnings if result else ())),
        failure=result.failure if result else DAMAGED if snapshot.is_damaged else None,
        plan=snapshot.plan,
        chunk_keys=request.chunk_keys,
        result=result,
    )


def _find_title(snapshot: StorySnapshot, result: StoryResult | None) -> str:
    given = str(snapshot.request.options.get("title") or "")
    return (result.title if result else "") or snapshot.plan.title or given


def _state(snapshot: StorySnapshot) -> StoryState:
    names, progress = snapshot.progress.names, snapshot.progress
    if snapshot.result is not None:
        return snapshot.result.state
    if snapshot.is_damaged:
        return StoryState.FAILED
    if progress.is_cancelled:
        return StoryState.CANCELLED
    if TIMELINE in names:
        is_mixed = SEGMENTS in names and snapshot.layout.segments <= progress.segments
        return StoryState.JOINING if is_mixed else StoryState.MIXING
    if PLAN in names or snapshot.request.kind is StoryKind.MIX:
        is_synthesized = progress.chunks >= snapshot.plan.chunks
        return StoryState.MIXING if is_synthesized else StoryState.SYNTHESIZING
    return StoryState.PLANNING if SCRIPT in names or progress.attempt else StoryState.QUEUED


def _progress_share(snapshot: StorySnapshot, state: StoryState) -> float:
    """The finished share from 0 to 1; after a failure, the share reached."""
    if state is StoryState.DONE:
        return 1.0
    synthesized = _share_of(snapshot.progress.chunks, snapshot.plan.chunks)
    if snapshot.request.kind is StoryKind.SPEECH:
        return (
            PLANNED_SHARE * (PLAN in snapshot.progress.names)
            + (MIXED_SHARE - PLANNED_SHARE) * synthesized
        )
    mixed = _share_of(snapshot.progress.segments, snapshot.layout.segments)
    if snapshot.request.kind is StoryKind.MIX:
        return PLANNED_SHARE + (MIXED_SHARE - PLANNED_SHARE) * mixed
    reached = (
        PLANNED_SHARE * (PLAN in snapshot.progress.names)
        + (SYNTHESIZED_SHARE - PLANNED_SHARE) * synthesized
    )
    return reached + (MIXED_SHARE - SYNTHESIZED_SHARE) * mixed


def _share_of(done: int, total: int) -> float:
    return min(1.0, done / total) if total else 0.0


def _time_left_s(snapshot: StorySnapshot, state: StoryState, now: datetime) -> float | None:
    progress, plan, layout = snapshot.progress, snapshot.plan, snapshot.layout
    is_over = snapshot.result is not None or snapshot.is_damaged
    if is_over or progress.started_at is None:
        return 0.0 if is_over else None
    rest_s = 0.0 if snapshot.request.kind is StoryKind.SPEECH else JOINING_S
    if state is StoryState.JOINING:
        return rest_s
    if state is StoryState.MIXING and layout.segments:
        begun = progress.rendered_at[0] if progress.rendered_at else now
        left = layout.duration_s * (1 - _share_of(progress.segments, layout.segments))
        measured = _seconds_per_item(begun, now, len(progress.rendered_at) - 1)
        groups_left = len(layout.groups) - len(progress.groups)
        return round(rest_s + (measured * groups_left if measured else left / MIX_SPEED), 1)
    if state is StoryState.SYNTHESIZING:
        pace_s = _seconds_per_item(progress.started_at, now, len(progress.synthesized_at))
        if pace_s is None:
            return None
        rest_s += 0.0 if snapshot.request.kind is StoryKind.SPEECH else plan.duration_s / MIX_SPEED
        return round(rest_s + pace_s * (plan.batches - len(progress.batches)), 1)
    return None


def _seconds_per_item(started_at: datetime, now: datetime, done: int) -> float | None:
    return (now - started_at).total_seconds() / done if done > 0 else None


def load_snapshot(folder: StoryFolder, request: StoredRequest | None = None) -> StorySnapshot:
    """Load what a status needs: one listing and at most four small objects.

    The result of an attempt does not count once the next one has begun. Raises NotFound, or
    DamagedObject if the request cannot be read.
    """
    listed = load_progress(folder)
    plan = folder.find(PLAN, PlanSummary) if PLAN in listed.names else None
    layout = folder.find(SEGMENTS, StoredLayout) if SEGMENTS in listed.names else None
    result = folder.find(RESULT, StoryResult) if RESULT in listed.names else None
    parts = {PLAN: plan, SEGMENTS: layout, RESULT: result}
    is_current = result is not None and result.attempt >= listed.attempt
    return StorySnapshot(
        request=request or folder.read(REQUEST, StoredRequest),
        progress=listed,
        plan=plan or PlanSummary(),
        layout=layout or StoredLayout(0, (), 0.0),
        result=result if is_current else None,
        is_damaged=any(name in listed.names and parts[name] is None for name in parts),
    )


def write_result(
    folder: StoryFolder, snapshot: StorySnapshot, result: StoryResult, now: datetime
) -> bool:
    """Write how a story ended, completed from its snapshot; False if it had ended before.

    It replaces the result of an earlier attempt, which may end after the next one has begun.
    """
    completed = replace(
        result,
        ended_s=now.timestamp(),
        cost_usd=snapshot.progress.paid_usd,
        title=_find_title(snapshot, result),
        chunks=result.chunks or snapshot.progress.chunks,
        segments=snapshot.progress.segments,
    )
    if folder.claim(RESULT, completed):
        return True
    present = folder.find(RESULT, StoryResult)
    if present is None or present.attempt >= result.attempt:
        return False
    folder.write(RESULT, completed)
    return True


def settle_budget(snapshot: StorySnapshot, budget: DailyBudget) -> None:
    """Settle the reserved budget, after the last payment."""
    budget.settle(
        snapshot.plan.reservation, snapshot.progress.paid_usd - snapshot.plan.paid_before_usd
    )


def load_progress(folder: StoryFolder) -> StoryProgress:
    """Load the progress of a story; its listing fits on one page of S3 (`batches`)."""
    return parse_progress(folder.list_entries())


def list_unfinished(store: ObjectStore) -> list[StoryFolder]:
    """List the stories without a result, by reading all: for laptops only.

    Those that were started first come first: later ones may wait for what they pay for.
    """
    stories: dict[str, dict[str, datetime]] = {}
    for each in store.list(PREFIX):
        story, _, name = each.key.removeprefix(PREFIX).partition("/")
        stories.setdefault(story, {})[name] = each.modified
    unfinished = {
        story: max(modified[name] for name in modified if _starts_story(name))
        for story, modified in stories.items()
        if REQUEST in modified and RESULT not in modified and is_story_id(story)
    }
    return [StoryFolder(store, story) for story in sorted(unfinished, key=lambda s: unfinished[s])]


def _starts_story(name: str) -> bool:
    return name == REQUEST or name.startswith(ATTEMPTS)
