"""The steps that synthesize batches of chunks, for stories that have a slot.

A batch synthesizes the chunks missing from the store; if it fails, it records its costs, and a
retry pays only for the rest.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass

from mixer.errors import MixerError, NothingSpoken
from mixer.requests import SpeechOptions
from mixer.speech import Charges, Narrator, NarratorResult, Recording, charge_factor
from mixer.speech.verification import ChunkCheck, RetakeBudget, TakeSelector, price_retakes
from mixer.store import ObjectStore
from mixer.stories.folder import PLAN, StoryFolder
from mixer.stories.keys import batch_name, batch_result_name, batch_result_prefix, payment_name
from mixer.stories.model import Batch, PlanSummary, SynthesizedBatch
from mixer.stories.slots import Lease, SpeechSlots
from mixer.stories.speech_planner import SpeechPlanner
from mixer.stories.steps.plan import PlanStep
from mixer.stories.tasks import (
    Step,
    StepCall,
    StepFunction,
    StepResult,
    raise_if_cancelled,
    stop_when_cancelled,
)

QuotaLimiter = Callable[[str, str], AbstractContextManager[object]]
"""Holds a story's share of an engine's quota during a block."""


Recordings = tuple[Recording | None, ...]

STORE_MARGIN_S = 1.0
"""Time before the deadline for measuring and storing."""


def ignore_quota(_story: str, _engine: str) -> AbstractContextManager[object]:
    """Do not limit a process that has the quota to itself."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class StorySpeech:
    """Plans and synthesizes stories. Safe for many threads.

    Attributes:
        quota_limiter: divides the quota among active stories; None if one process has it all.
        slots: None if one process synthesizes all stories.
        splits_batches: whether several processes synthesize the batches.
        on_recording: called as soon as a recording is there, in no order.
        payments: see `PlanStep`.
    """

    planner: SpeechPlanner
    music: ObjectStore
    quota_limiter: QuotaLimiter | None = None
    slots: SpeechSlots | None = None
    splits_batches: bool = True
    on_recording: Callable[[str, Recording | None], None] | None = None
    payments: ExitStack | None = None

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The steps of this class."""
        return {
            Step.PLAN: PlanStep(self.planner, self.music, self.splits_batches, self.payments).plan,
            Step.ACQUIRE_SLOT: self.acquire_slot,
            Step.SYNTHESIZE: self.synthesize,
            Step.RELEASE_SLOT: self.release_slot,
        }

    def acquire_slot(self, call: StepCall) -> StepResult:
        """Request a speech slot; returns whether and when to ask again."""
        raise_if_cancelled(call.folder, call.attempt)
        lease = Lease(True)
        if self.slots is not None:
            engine = call.folder.read(PLAN, PlanSummary).engine
            lease = self.slots.acquire(call.folder.story_id, engine)
        return {"ready": lease.is_ready, "wait_s": math.ceil(lease.wait_s)}

    def release_slot(self, call: StepCall) -> StepResult:
        """Release the speech slot."""
        if self.slots is not None:
            engine = call.folder.read(PLAN, PlanSummary).engine
            self.slots.release(call.folder.story_id, engine)
        return {}

    def synthesize(self, call: StepCall) -> StepResult:
        """Synthesize a batch's missing chunks, and return how many it has.

        Raises:
            SpeechFailed: names the passages that failed; the others are kept.
            OutOfTime: the deadline has passed; finished chunks are kept.
            StoryCancelled: the story was cancelled.
        """
        folder, number = call.folder, call.item
        raise_if_cancelled(folder, call.attempt)
        batch = folder.read(batch_name(number), Batch)
        result = {"chunks": len(batch.chunks)}
        if any(True for _ in folder.list_entries(batch_result_prefix(number))):
            return result
        limit_quota = self.quota_limiter or ignore_quota
        charges = Charges(charge_factor(SpeechOptions(speech_marks=batch.speech_marks)))
        with (
            limit_quota(folder.story_id, batch.delivery.engine),
            self._open_narrator(call, batch) as narrator,
            _record_payment(folder, number, charges, _price_batch(narrator, batch)),
        ):
            synthesized = self._synthesize_batch(narrator, batch, charges, call)
            name = batch_result_name(number, len(batch.chunks), charges.paid_usd)
            folder.write(name, synthesized)
        return result

    def _synthesize_batch(
        self, narrator: Narrator, batch: Batch, charges: Charges, call: StepCall
    ) -> SynthesizedBatch:
        def report_chars(done: int, total: int) -> None:
            call.progress(Step.SYNTHESIZE, done / max(total, 1))

        known = _decode_found(batch)
        try:
            narration = narrator.narrate(batch.chunks, report_chars, known=known, charges=charges)
        except NothingSpoken:  # in this batch; the layout checks the whole story
            narration = NarratorResult(tuple(None for _ in batch.chunks), 0, charges.paid_chars)
        recordings: Recordings = narration.recordings
        checks: dict[str, ChunkCheck] = {}
        if batch.verify:
            recordings, checks = self._select_takes(narrator, batch, recordings, charges)
        keys = (narrator.key(chunk) for chunk in batch.chunks)
        return SynthesizedBatch(
            chunks=tuple(
                (key, each.to_metadata() if each else None)
                for key, each in zip(keys, recordings, strict=True)
            ),
            synthesized_chunks=narration.synthesized_chunks,
            billed_chars=charges.paid_chars if batch.verify else narration.billed_chars,
            checks=checks,
        )

    def _select_takes(
        self,
        narrator: Narrator,
        batch: Batch,
        recordings: Recordings,
        charges: Charges,
    ) -> tuple[Recordings, dict[str, ChunkCheck]]:
        """Listen to what was synthesized, and keep better takes where the engine gives any."""
        with closing(self.planner.open_verifier()) as verifier, closing(charges):
            budget = RetakeBudget(price_retakes(batch.chunks, batch.delivery))
            charges.reopen()
            selector = TakeSelector(narrator, verifier, charges, budget)
            return selector.select_takes(batch.chunks, recordings)

    @contextmanager
    def _open_narrator(self, call: StepCall, batch: Batch) -> Iterator[Narrator]:
        planner, processes = self.planner, self.planner.new_processes()
        engine_deadline_s = None if call.deadline_s is None else call.deadline_s - STORE_MARGIN_S
        with (
            planner.open_engine(
                batch.delivery.engine, engine_deadline_s, speech_marks=batch.speech_marks
            ) as engine,
            stop_when_cancelled(call.folder, call.attempt, processes),
        ):
            yield Narrator(
                engine,
                planner.store,
                batch.delivery,
                processes,
                stale_before=planner.now() - planner.touch_after,
                deadline_s=call.deadline_s,
                on_recording=self.on_recording,
            )


@contextmanager
def _record_payment(
    folder: StoryFolder, batch: int, charges: Charges, most_usd: float
) -> Iterator[None]:
    """Record the payments of a block if it fails.

    Until then the most that it may pay is recorded: what is left if the process is killed, or if
    the store fails meanwhile.
    """
    pending = payment_name(batch, most_usd)
    if most_usd > 0:
        folder.write(pending, {"usd": most_usd})
    try:
        yield
    except BaseException:
        if (usd := charges.max_usd()) > 0:
            folder.write(payment_name(batch, usd), {"usd": usd})
        _forget_pending(folder, pending, most_usd)
        raise
    _forget_pending(folder, pending, most_usd)


def _forget_pending(folder: StoryFolder, pending: str, most_usd: float) -> None:
    if most_usd > 0:
        with suppress(MixerError):
            folder.delete(pending)


def _price_batch(narrator: Narrator, batch: Batch) -> float:
    """The price of the chunks that the plan did not find, and of all retakes."""
    chunks = {narrator.key(chunk): chunk for chunk in batch.chunks}
    missing = [chunk for key, chunk in chunks.items() if batch.found.get(key) is None]
    factor = charge_factor(SpeechOptions(speech_marks=batch.speech_marks))
    retakes_usd = price_retakes(batch.chunks, batch.delivery) if batch.verify else 0.0
    return batch.delivery.price_chunks_usd(missing, factor) + retakes_usd


def _decode_found(batch: Batch) -> dict[str, Recording | None]:
    """Decode what the plan found; the narrator looks again before it pays for a missing chunk."""
    return {
        key: Recording.from_metadata(key, each) if each is not None else None
        for key, each in batch.found.items()
    }
