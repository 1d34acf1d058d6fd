"""How far a story is, told from a listing and a handful of small objects. Pure."""

from dataclasses import dataclass
from datetime import datetime

from mixer.jobs.story.folder import PLAN, SCRIPT, SEGMENTS, TIMELINE
from mixer.jobs.story.names import Progress
from mixer.jobs.story.values import (
    Failure,
    Kind,
    Layout,
    PlanSummary,
    State,
    StoryRequest,
    StoryResult,
)

PLANNED, SPOKEN, MIXED = 0.02, 0.80, 0.97
"""How much of the whole is done when a stage is: speaking takes by far the longest."""

MIX_SPEED = 60.0
"""Seconds of audio that are mixed in one second, before this story's own pace is known: on the safe
side of what two cores do with music."""

JOINING_S = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of a story.

    Attributes:
        request: what was asked for.
        progress: what the listing tells.
        plan: nothing but zeros where there is none yet.
        layout: likewise.
        result: None while it runs.
    """

    request: StoryRequest
    progress: Progress
    plan: PlanSummary
    layout: Layout
    result: StoryResult | None


@dataclass(frozen=True, slots=True)
class Status:
    """What a caller is told of a story.

    Attributes:
        plan: what is known of it once it is planned.
        chunk_keys: those that were given.
        result: once it has ended.
    """

    kind: Kind
    state: State
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
    failure: Failure | None
    plan: PlanSummary
    chunk_keys: tuple[str, ...]
    result: StoryResult | None


def status_of(seen: Seen, now: datetime) -> Status:
    """What a caller is told.

    Args:
        seen: of the story.
        now: the moment.
    """
    state = _state(seen)
    done = seen.progress
    result = seen.result
    total_chunks = seen.plan.chunks or len(seen.request.chunk_keys)
    warnings = (*seen.request.warnings, *(result.warnings if result else ()))
    return Status(
        kind=seen.request.kind,
        state=state,
        progress=round(_share(seen, state), 4),
        title=(result.title if result else "") or seen.plan.title or _asked_title(seen.request),
        chunks_done=result.chunks if result and state is State.DONE else done.chunks,
        chunks_total=total_chunks,
        segments_done=done.segments,
        segments_total=seen.layout.segments,
        spent_usd=done.paid_usd,
        predicted_usd=seen.plan.predicted_usd,
        time_left_s=_left_s(seen, state, now),
        created_s=seen.request.created_s,
        warnings=warnings,
        failure=result.failure if result else None,
        plan=seen.plan,
        chunk_keys=seen.request.chunk_keys,
        result=result,
    )


def _asked_title(request: StoryRequest) -> str:
    return str(request.options.get("title") or "")


def _state(seen: Seen) -> State:
    names, progress = seen.progress.names, seen.progress
    if seen.result is not None:
        return seen.result.state
    if progress.cancelled:
        return State.CANCELLED
    if TIMELINE in names:
        is_mixed = SEGMENTS in names and seen.layout.segments <= progress.segments
        return State.JOINING if is_mixed else State.MIXING
    if PLAN in names or seen.request.kind is Kind.MIX:
        is_spoken = progress.chunks >= seen.plan.chunks
        return State.MIXING if is_spoken else State.SYNTHESIZING
    return State.PLANNING if SCRIPT in names or progress.attempt else State.QUEUED


def _share(seen: Seen, state: State) -> float:
    """How much is done, from 0 to 1; where it ended badly, as far as it came."""
    if state is State.DONE:
        return 1.0
    spoken = _part(seen.progress.chunks, seen.plan.chunks)
    if seen.request.kind is Kind.SPEECH:
        return PLANNED * (PLAN in seen.progress.names) + (MIXED - PLANNED) * spoken
    mixed = _part(seen.progress.segments, seen.layout.segments)
    if seen.request.kind is Kind.MIX:
        return PLANNED + (MIXED - PLANNED) * mixed
    reached = PLANNED * (PLAN in seen.progress.names) + (SPOKEN - PLANNED) * spoken
    return reached + (MIXED - SPOKEN) * mixed


def _part(done: int, total: int) -> float:
    return min(1.0, done / total) if total else 0.0


def _left_s(seen: Seen, state: State, now: datetime) -> float | None:
    """How long it will take, once there is anything to tell it from."""
    progress, plan, layout = seen.progress, seen.plan, seen.layout
    if seen.result is not None or progress.begun is None:
        return 0.0 if seen.result is not None else None
    rest_s = 0.0 if seen.request.kind is Kind.SPEECH else JOINING_S
    if state is State.JOINING:
        return rest_s
    if state is State.MIXING and layout.segments:
        begun = progress.rendered_since[0] if progress.rendered_since else now
        left = layout.duration_s * (1 - _part(progress.segments, layout.segments))
        measured = _pace_s(begun, now, len(progress.rendered_since) - 1)
        groups_left = len(layout.groups) - len(progress.groups)
        return round(rest_s + (measured * groups_left if measured else left / MIX_SPEED), 1)
    if state is State.SYNTHESIZING:
        pace_s = _pace_s(progress.begun, now, len(progress.spoken_since))
        if pace_s is None:
            return None
        rest_s += 0.0 if seen.request.kind is Kind.SPEECH else plan.duration_s / MIX_SPEED
        return round(rest_s + pace_s * (plan.batches - len(progress.batches)), 1)
    return None


def _pace_s(begun: datetime, now: datetime, done: int) -> float | None:
    """Seconds for each batch or group, counted from those that this attempt has done."""
    return (now - begun).total_seconds() / done if done > 0 else None
