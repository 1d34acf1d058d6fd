"""How far a story is, told from a listing and a handful of small objects. Pure."""

from dataclasses import dataclass
from datetime import datetime

from mixer.stories.folder import PLAN, SCRIPT, SEGMENTS, TIMELINE
from mixer.stories.keys import StoryProgress
from mixer.stories.model import (
    PlanSummary,
    StoredLayout,
    StoredRequest,
    StoryFailure,
    StoryKind,
    StoryResult,
    StoryState,
)

PLANNED_SHARE, SYNTHESIZED_SHARE, MIXED_SHARE = 0.02, 0.80, 0.97
"""How much of the whole is done when a stage is: speaking takes by far the longest."""

MIX_SPEED = 60.0
"""Seconds of audio that are mixed in one second, before this story's own pace is known: on the safe
side of what two cores do with music."""

JOINING_S = 5.0


@dataclass(frozen=True, slots=True)
class StorySnapshot:
    """What was read of a story.

    Attributes:
        request: what was asked for.
        progress: what the listing tells.
        plan: nothing but zeros where there is none yet.
        layout: likewise.
        result: None while it runs.
    """

    request: StoredRequest
    progress: StoryProgress
    plan: PlanSummary
    layout: StoredLayout
    result: StoryResult | None


@dataclass(frozen=True, slots=True)
class StoryStatus:
    """What a caller is told of a story.

    Attributes:
        plan: what is known of it once it is planned.
        chunk_keys: those that were given.
        result: once it has ended.
    """

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


def build_status(snapshot: StorySnapshot, now: datetime) -> StoryStatus:
    """What a caller is told.

    Args:
        snapshot: of the story.
        now: the moment.
    """
    state = _state(snapshot)
    done = snapshot.progress
    result = snapshot.result
    total_chunks = snapshot.plan.chunks or len(snapshot.request.chunk_keys)
    warnings = (*snapshot.request.warnings, *(result.warnings if result else ()))
    return StoryStatus(
        kind=snapshot.request.kind,
        state=state,
        progress=round(_progress_share(snapshot, state), 4),
        title=(result.title if result else "")
        or snapshot.plan.title
        or _requested_title(snapshot.request),
        chunks_done=result.chunks if result and state is StoryState.DONE else done.chunks,
        chunks_total=total_chunks,
        segments_done=done.segments,
        segments_total=snapshot.layout.segments,
        spent_usd=done.paid_usd,
        predicted_usd=snapshot.plan.predicted_usd,
        time_left_s=_time_left_s(snapshot, state, now),
        created_s=snapshot.request.created_s,
        warnings=warnings,
        failure=result.failure if result else None,
        plan=snapshot.plan,
        chunk_keys=snapshot.request.chunk_keys,
        result=result,
    )


def _requested_title(request: StoredRequest) -> str:
    return str(request.options.get("title") or "")


def _state(snapshot: StorySnapshot) -> StoryState:
    names, progress = snapshot.progress.names, snapshot.progress
    if snapshot.result is not None:
        return snapshot.result.state
    if progress.is_cancelled:
        return StoryState.CANCELLED
    if TIMELINE in names:
        is_mixed = SEGMENTS in names and snapshot.layout.segments <= progress.segments
        return StoryState.JOINING if is_mixed else StoryState.MIXING
    if PLAN in names or snapshot.request.kind is StoryKind.MIX:
        is_spoken = progress.chunks >= snapshot.plan.chunks
        return StoryState.MIXING if is_spoken else StoryState.SYNTHESIZING
    return StoryState.PLANNING if SCRIPT in names or progress.attempt else StoryState.QUEUED


def _progress_share(snapshot: StorySnapshot, state: StoryState) -> float:
    """How much is done, from 0 to 1; where it ended badly, as far as it came."""
    if state is StoryState.DONE:
        return 1.0
    spoken = _done_share(snapshot.progress.chunks, snapshot.plan.chunks)
    if snapshot.request.kind is StoryKind.SPEECH:
        return (
            PLANNED_SHARE * (PLAN in snapshot.progress.names)
            + (MIXED_SHARE - PLANNED_SHARE) * spoken
        )
    mixed = _done_share(snapshot.progress.segments, snapshot.layout.segments)
    if snapshot.request.kind is StoryKind.MIX:
        return PLANNED_SHARE + (MIXED_SHARE - PLANNED_SHARE) * mixed
    reached = (
        PLANNED_SHARE * (PLAN in snapshot.progress.names)
        + (SYNTHESIZED_SHARE - PLANNED_SHARE) * spoken
    )
    return reached + (MIXED_SHARE - SYNTHESIZED_SHARE) * mixed


def _done_share(done: int, total: int) -> float:
    return min(1.0, done / total) if total else 0.0


def _time_left_s(snapshot: StorySnapshot, state: StoryState, now: datetime) -> float | None:
    """How long it will take, once there is anything to tell it from."""
    progress, plan, layout = snapshot.progress, snapshot.plan, snapshot.layout
    if snapshot.result is not None or progress.started_at is None:
        return 0.0 if snapshot.result is not None else None
    rest_s = 0.0 if snapshot.request.kind is StoryKind.SPEECH else JOINING_S
    if state is StoryState.JOINING:
        return rest_s
    if state is StoryState.MIXING and layout.segments:
        begun = progress.rendered_at[0] if progress.rendered_at else now
        left = layout.duration_s * (1 - _done_share(progress.segments, layout.segments))
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
    """Seconds for each batch or group, counted from those that this attempt has done."""
    return (now - started_at).total_seconds() / done if done > 0 else None
