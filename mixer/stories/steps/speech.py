"""The steps that speak: plan, and synthesize batches of chunks.

The plan checks text, voice, music and limits before anything is spent. A batch synthesizes the
chunks missing from the store; if it fails, it records its costs, and a retry pays only for the
rest.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from mixer.errors import NothingSpoken, OutOfTime, StoryCancelled, StoryPlanned, TooExpensive
from mixer.requests import Options, SpeechOptions
from mixer.script import Chunk
from mixer.script.planning import estimate_script
from mixer.script.readers import decode_upload
from mixer.speech import Charges, Narrator, NarratorResult, VoiceSettings, charge_factor, cost_usd
from mixer.store import ObjectStore
from mixer.stories.batches import split_batches, write_batches
from mixer.stories.cancellation import raise_if_cancelled, stop_when_cancelled
from mixer.stories.folder import PLAN, REQUEST, SCRIPT, StoryFolder
from mixer.stories.keys import batch_name, paid_name, synthesized_name, synthesized_prefix
from mixer.stories.model import (
    Batch,
    PlanSummary,
    StoredRequest,
    StoredScript,
    StoryKind,
    StoryResult,
    StoryState,
    SynthesizedBatch,
)
from mixer.stories.planner import check_cost_limit
from mixer.stories.run_folder import RunFolder
from mixer.stories.slots import Lease, SpeechSlots
from mixer.stories.snapshot import load_progress, load_snapshot, write_result
from mixer.stories.sounds import SoundLibrary, load_sounds
from mixer.stories.speech_service import SpeechService
from mixer.stories.tags import store_cover
from mixer.stories.tasks import Step, StepCall, StepFunction, StepResult

QuotaLimiter = Callable[[str, str], AbstractContextManager[object]]
"""Holds a story's share of an engine's quota during a block."""


STORE_MARGIN_S = 1.0
"""Time before the deadline for measuring and storing."""


def ignore_quota(_story: str, _engine: str) -> AbstractContextManager[object]:
    """Do not limit a process that has the quota to itself."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class StorySpeech:
    """Plans and synthesizes stories. Safe for many threads.

    Attributes:
        quota_limiter: divides the quota among active stories.
        slots: None if one process synthesizes all stories.
        splits_batches: whether several processes synthesize the batches.
    """

    speech_service: SpeechService
    music: ObjectStore
    quota_limiter: QuotaLimiter = field(default=ignore_quota)
    slots: SpeechSlots | None = None
    splits_batches: bool = True

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The steps of this class."""
        return {
            Step.PLAN: self.plan,
            Step.ACQUIRE_SLOT: self.acquire_slot,
            Step.SYNTHESIZE: self.synthesize,
            Step.RELEASE_SLOT: self.release_slot,
        }

    def plan(self, call: StepCall) -> StepResult:
        """Plan the speech and check its cost; returns the batches still to synthesize.

        If only a plan was requested, raises StoryPlanned. Errors come before anything is spent.
        """
        folder = call.folder
        raise_if_cancelled(folder, call.attempt)
        request = folder.read(REQUEST, StoredRequest)
        options = Options.model_validate(request.options)
        library = SoundLibrary(self.music, self.speech_service.store)
        load_sounds(folder, request, library, self.speech_service.new_processes())
        stored = folder.find(SCRIPT, StoredScript)
        if stored is None:
            stored = self._plan_story(folder, request, options, call.deadline_s)
            load_sounds(folder, request, library, self.speech_service.new_processes())
        chunks = tuple(stored.script.chunks)
        batches = split_batches(folder, chunks) if self.splits_batches else [chunks]
        write_batches(
            folder, [Batch(stored.delivery, each, options.speech_marks) for each in batches]
        )
        progress = load_progress(folder)
        left = [number for number in range(len(batches)) if number not in progress.batches]
        missing = self._find_missing(
            folder,
            [chunk for number in left for chunk in batches[number]],
            stored.delivery,
            call.deadline_s,
        )
        price_usd = _price_usd(missing, stored.delivery, options)
        self._settle_previous(folder, progress.paid_usd)
        summary = replace(
            _build_summary(stored, options, len(batches)),
            reservation=""
            if options.dry_run
            else self._reserve_budget(price_usd, options, request.caller),
            predicted_usd=progress.paid_usd + price_usd,
            paid_before_usd=progress.paid_usd,
        )
        folder.write(PLAN, summary)
        if options.dry_run:
            self._finish_story(folder, call.attempt, summary)
        return {"batches": left}

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
        if any(True for _ in folder.list_entries(synthesized_prefix(number))):
            return result
        charges = Charges(
            batch.delivery.pricing_engine,
            charge_factor(SpeechOptions(speech_marks=batch.speech_marks)),
        )
        with (
            self.quota_limiter(folder.story_id, batch.delivery.engine),
            _record_payment(folder, number, charges),
            self._open_narrator(call, batch) as narrator,
        ):
            synthesized = _synthesize_batch(narrator, batch.chunks, charges, call)
            name = synthesized_name(number, len(batch.chunks), charges.paid_usd)
            folder.write(name, synthesized)
        return result

    def _finish_story(self, folder: StoryFolder, attempt: int, plan: PlanSummary) -> None:
        result = StoryResult(StoryState.DONE, attempt, 0.0, duration_s=round(plan.duration_s, 3))
        write_result(folder, load_snapshot(folder), result, self.speech_service.now())
        raise StoryPlanned("Only a plan was requested; nothing was spent.")

    def _settle_previous(self, folder: StoryFolder, paid_usd: float) -> None:
        before = folder.find(PLAN, PlanSummary)
        if before is not None:
            paid_since_usd = paid_usd - before.paid_before_usd
            self.speech_service.budget.settle(before.reservation, paid_since_usd)

    def _plan_story(
        self,
        folder: StoryFolder,
        request: StoredRequest,
        options: Options,
        deadline_s: float | None,
    ) -> StoredScript:
        source = folder.source if isinstance(folder, RunFolder) else None
        if source is None:
            content = self.speech_service.store.get(request.text_key)
            source = self.speech_service.read_text(decode_upload(content), options)
        plan = self.speech_service.plan_source(source, options, deadline_s)
        has_cover = request.kind is StoryKind.STORY
        warnings = store_cover(folder, options, plan.cover, plan.cover_name) if has_cover else ()
        script = replace(plan.script, title=options.title or plan.script.title)
        with self.speech_service.open_engine(plan.voice_settings.engine, deadline_s) as engine:
            narrator = Narrator(
                engine,
                self.speech_service.store,
                plan.voice_settings,
                self.speech_service.new_processes(),
            )
            keys = tuple(narrator.key(chunk) for chunk in script.chunks)
        stored = StoredScript(script, plan.voice_settings, keys, warnings)
        folder.write(SCRIPT, stored)
        return stored

    def _find_missing(
        self,
        folder: StoryFolder,
        chunks: Sequence[Chunk],
        voice_settings: VoiceSettings,
        deadline_s: float | None,
    ) -> list[Chunk]:
        work = self.speech_service
        with work.open_engine(voice_settings.engine, deadline_s) as engine:
            narrator = Narrator(
                engine,
                work.store,
                voice_settings,
                work.new_processes(),
                stale_before=work.now() - work.touch_after,
                deadline_s=deadline_s,
            )
            found = narrator.find_recordings(chunks)
            if isinstance(folder, RunFolder):
                folder.recordings.update(found)
            unique = narrator.unique_chunks(chunks)
        return [chunk for key, chunk in unique.items() if found[key] is None]

    def _reserve_budget(self, usd: float, options: Options, caller: str) -> str:
        most_usd = self.speech_service.max_request_usd
        check_cost_limit(usd, options)
        if usd > most_usd:
            raise TooExpensive(
                f"This would cost about ${usd:.2f}, more than the ${most_usd:.2f} that one story "
                "may cost here; nothing was spent.",
                cost_usd=usd,
                limit_usd=most_usd,
            )
        return self.speech_service.budget.reserve(caller, usd)

    @contextmanager
    def _open_narrator(self, call: StepCall, batch: Batch) -> Iterator[Narrator]:
        work, processes = self.speech_service, self.speech_service.new_processes()
        engine_deadline_s = None if call.deadline_s is None else call.deadline_s - STORE_MARGIN_S
        with (
            work.open_engine(
                batch.delivery.engine, engine_deadline_s, speech_marks=batch.speech_marks
            ) as engine,
            stop_when_cancelled(call.folder, call.attempt, processes) as cancelled,
        ):
            narrator = Narrator(
                engine,
                work.store,
                batch.delivery,
                processes,
                stale_before=work.now() - work.touch_after,
                deadline_s=call.deadline_s,
            )
            try:
                yield narrator
            except OutOfTime as error:
                if cancelled.is_set():
                    raise StoryCancelled("The story was cancelled.") from error
                raise


@contextmanager
def _record_payment(folder: StoryFolder, batch: int, charges: Charges) -> Iterator[None]:
    """Record the payments of a block if it fails."""
    try:
        yield
    except BaseException:
        if (usd := charges.max_usd()) > 0:
            folder.write(paid_name(batch, usd), {"usd": usd})
        raise


def _synthesize_batch(
    narrator: Narrator, chunks: Sequence[Chunk], charges: Charges, call: StepCall
) -> SynthesizedBatch:
    def report_chars(done: int, total: int) -> None:
        call.progress(Step.SYNTHESIZE, done / max(total, 1))

    known = call.folder.recordings if isinstance(call.folder, RunFolder) else None
    try:
        narration = narrator.narrate(chunks, report_chars, known=known, charges=charges)
    except NothingSpoken:  # in this batch; the layout checks the whole story
        narration = NarratorResult(tuple(None for _ in chunks), 0, charges.paid_chars)
    keys = (narrator.key(chunk) for chunk in chunks)
    return SynthesizedBatch(
        chunks=tuple(
            (key, each.to_metadata() if each else None)
            for key, each in zip(keys, narration.recordings, strict=True)
        ),
        synthesized_chunks=narration.synthesized_chunks,
        billed_chars=narration.billed_chars,
    )


def _build_summary(stored: StoredScript, options: Options, batches: int) -> PlanSummary:
    foreseen = estimate_script(stored.script, options.rate)
    return PlanSummary(
        title=stored.script.title,
        language=stored.script.language,
        voice=stored.delivery.voice,
        engine=stored.delivery.engine,
        characters=foreseen.characters,
        chunks=foreseen.chunks,
        batches=batches,
        duration_s=foreseen.duration_s,
    )


def _price_usd(missing: Sequence[Chunk], voice_settings: VoiceSettings, options: Options) -> float:
    chars = sum(chunk.billed_chars for chunk in missing) * charge_factor(options)
    return cost_usd(chars, voice_settings.pricing_engine)
