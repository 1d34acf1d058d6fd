"""The steps that speak: plan, and synthesize a batch of chunks.

What is refused costs nothing: text, voice, music, caps come first. The plan is written down in
batches of neighbouring chunks; each batch looks up what is there already, says the rest, and leaves
one object that tells of all its chunks. A batch that fails leaves a note of what it has paid; the
chunks that it did say are in the store, so trying again pays for the others only.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from mixer.errors import NothingSpoken, OutOfTime, StoryCancelled, StoryPlanned, TooExpensive
from mixer.requests import Options, SpeechOptions
from mixer.script.planning.estimate import estimate_script
from mixer.script.readers.registry import decode_upload
from mixer.script.script import Chunk
from mixer.speech.charges import Charges, cost_usd
from mixer.speech.engine import VoiceSettings
from mixer.speech.narrator import Narration, Narrator
from mixer.speech.voice_selection import billing_factor
from mixer.store.objects import ObjectStore
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
from mixer.stories.slots import Lease, SpeechSlots
from mixer.stories.snapshot import load_progress, load_snapshot, write_result
from mixer.stories.sounds import SoundLibrary, load_sounds
from mixer.stories.speech_service import SpeechPlan, SpeechService
from mixer.stories.tags import store_cover
from mixer.stories.tasks import Answer, Task

QuotaLimiter = Callable[[str, str], AbstractContextManager[object]]
"""Holds a story's share of an engine's quota for the length of a block."""


BatchProgress = Callable[[int, float], None]
"""Told of a batch, by its number, which share of it is spoken; from the thread that speaks it."""


def ignore_quota(_story: str, _engine: str) -> AbstractContextManager[object]:
    """The limiter of a process that has the quota to itself."""
    return nullcontext()


def _ignore_batch_progress(_batch: int, _share: float) -> None:
    return


@dataclass(frozen=True, slots=True)
class StorySpeech:
    """Plans and speaks stories. Safe for many threads.

    Attributes:
        speech_service: the work itself, with the limits of a story.
        music: where music is found.
        quota_limiter: shares the quota among the stories that are being spoken.
        slots: whose turn it is to speak; None where one process speaks all stories.
        batch_progress: told how far the batches are.
    """

    speech_service: SpeechService
    music: ObjectStore
    quota_limiter: QuotaLimiter = field(default=ignore_quota)
    slots: SpeechSlots | None = None
    batch_progress: BatchProgress = _ignore_batch_progress

    def plan(self, story: str, attempt: int, deadline_s: float | None = None) -> list[int]:
        """Decide what is said and check what it may cost.

        Returns:
            The batches that are still to be said.

        Raises:
            StoryPlanned: no more was asked for; the story is done.
            MixerError: the story cannot be told like this; nothing was spent.
        """
        folder = StoryFolder(self.speech_service.store, story)
        raise_if_cancelled(folder, attempt)
        request = folder.read(REQUEST, StoredRequest)
        asked = Options.model_validate(request.options)
        library = SoundLibrary(self.music, self.speech_service.store)
        load_sounds(folder, request, library, self.speech_service.new_processes())
        stored = folder.find(SCRIPT, StoredScript)
        if stored is None:
            stored = self._plan_story(folder, request, asked, deadline_s)
            load_sounds(folder, request, library, self.speech_service.new_processes())
        batches = split_batches(folder, tuple(stored.script.chunks))
        kept = [Batch(stored.delivery, chunks, asked.speech_marks) for chunks in batches]
        write_batches(folder, kept)
        seen = load_progress(folder)
        left = [number for number in range(len(batches)) if number not in seen.batches]
        missing = self._find_missing(
            [batches[number] for number in left], stored.delivery, deadline_s
        )
        price_usd = _price_usd(missing, stored.delivery, asked)
        self._settle_previous(folder, seen.paid_usd)
        priced = replace(
            _build_summary(stored, asked, len(batches)),
            reservation=""
            if asked.dry_run
            else self._reserve_budget(price_usd, asked, request.caller),
            predicted_usd=seen.paid_usd + price_usd,
            paid_before_usd=seen.paid_usd,
        )
        folder.write(PLAN, priced)
        if asked.dry_run:
            self._finish_story(folder, attempt, priced)
        return left

    @property
    def tasks(self) -> dict[str, Task]:
        """What events may ask for."""
        return {
            "plan": lambda story, attempt, _, until_s: {
                "batches": self.plan(story, attempt, until_s)
            },
            "take_turn": lambda story, attempt, *_: self.acquire_slot(story, attempt),
            "leave_turn": lambda story, *_: self.release_slot(story),
            "synthesize": lambda story, attempt, event, until_s: {
                "chunks": self.synthesize(story, attempt, int(event["batch"]), until_s)
            },
        }

    def acquire_slot(self, story: str, attempt: int) -> Answer:
        """Ask whether the story may speak now, and when to ask again."""
        folder = StoryFolder(self.speech_service.store, story)
        raise_if_cancelled(folder, attempt)
        turn = Lease(True)
        if self.slots is not None:
            turn = self.slots.acquire(story, folder.read(PLAN, PlanSummary).engine)
        return {"ready": turn.is_ready, "wait_s": math.ceil(turn.wait_s)}

    def release_slot(self, story: str) -> Answer:
        """Make room for the others."""
        if self.slots is not None:
            folder = StoryFolder(self.speech_service.store, story)
            self.slots.release(story, folder.read(PLAN, PlanSummary).engine)
        return {}

    def synthesize(
        self, story: str, attempt: int, batch: int, deadline_s: float | None = None
    ) -> int:
        """Have every chunk of a batch in the store.

        Returns:
            How many chunks it has.

        Raises:
            SpeechFailed: passages that cannot be said; it names them, the others are kept.
            OutOfTime: the deadline came; what was said is kept.
            StoryCancelled: somebody has cancelled the story.
        """
        folder = StoryFolder(self.speech_service.store, story)
        raise_if_cancelled(folder, attempt)
        wanted = folder.read(batch_name(batch), Batch)
        if any(True for _ in folder.list_entries(synthesized_prefix(batch))):
            return len(wanted.chunks)
        engine_name = wanted.delivery.engine
        charges = Charges(
            wanted.delivery.pricing_engine,
            billing_factor(SpeechOptions(speech_marks=wanted.speech_marks)),
        )
        with (
            self.quota_limiter(story, engine_name),
            _record_payment(folder, batch, charges),
            self._open_narrator(folder, attempt, wanted, deadline_s) as narrator,
        ):
            tell_share = partial(self.batch_progress, batch)
            spoken = _synthesize_batch(narrator, wanted.chunks, charges, tell_share)
            name = synthesized_name(batch, len(wanted.chunks), charges.paid_usd)
            folder.write(name, spoken)
        return len(wanted.chunks)

    def _finish_story(self, folder: StoryFolder, attempt: int, plan: PlanSummary) -> None:
        """Close a story of which the plan is all that was asked for."""
        result = StoryResult(StoryState.DONE, attempt, 0.0, duration_s=round(plan.duration_s, 3))
        write_result(folder, load_snapshot(folder), result, self.speech_service.now())
        raise StoryPlanned("Only the plan was asked for; nothing was spent.")

    def _settle_previous(self, folder: StoryFolder, paid_usd: float) -> None:
        """Close the entry of an attempt that has planned, and died."""
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
        text = decode_upload(self.speech_service.store.get(request.text_key))
        plan: SpeechPlan = self.speech_service.plan_text(text, options, deadline_s)
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
        batches: Sequence[tuple[Chunk, ...]],
        voice_settings: VoiceSettings,
        deadline_s: float | None,
    ) -> list[Chunk]:
        """The chunks that have to be paid for."""
        chunks = [chunk for batch in batches for chunk in batch]
        work = self.speech_service
        with work.open_engine(voice_settings.engine, deadline_s) as engine:
            narrator = Narrator(
                engine, work.store, voice_settings, work.new_processes(), deadline_s=deadline_s
            )
            there = narrator.find_recordings(chunks)
            return [c for key, c in narrator.unique_chunks(chunks).items() if there[key] is None]

    def _reserve_budget(self, usd: float, options: Options, caller: str) -> str:
        """The entry that reserves what the story will cost, once it is known to be allowed."""
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
    def _open_narrator(
        self, folder: StoryFolder, attempt: int, batch: Batch, deadline_s: float | None
    ) -> Iterator[Narrator]:
        """Who says a batch, until the deadline or until the story is cancelled.

        Raises:
            StoryCancelled: that is why it ended.
        """
        work, job = self.speech_service, self.speech_service.new_processes()
        young_since = work.now() - work.touch_after
        with (
            work.open_engine(
                batch.delivery.engine, deadline_s, speech_marks=batch.speech_marks
            ) as engine,
            stop_when_cancelled(folder, attempt, job) as watched,
        ):
            narrator = Narrator(
                engine,
                work.store,
                batch.delivery,
                job,
                stale_before=young_since,
                deadline_s=deadline_s,
            )
            try:
                yield narrator
            except OutOfTime as error:
                if watched.is_set():
                    raise StoryCancelled("The story was cancelled.") from error
                raise


@contextmanager
def _record_payment(folder: StoryFolder, batch: int, charges: Charges) -> Iterator[None]:
    """A block that pays; where it does not end well, what it paid is noted nonetheless."""
    try:
        yield
    except BaseException:
        if (usd := charges.max_usd()) > 0:
            folder.write(paid_name(batch, usd), {"usd": usd})
        raise


def _synthesize_batch(
    narrator: Narrator,
    chunks: Sequence[Chunk],
    charges: Charges,
    report_progress: Callable[[float], None],
) -> SynthesizedBatch:
    def progress(done: int, total: int) -> None:
        report_progress(done / max(total, 1))

    try:
        narration = narrator.narrate(chunks, progress, charges=charges)
    except NothingSpoken:  # in this batch; whether in the whole story, the layout will know
        narration = Narration(tuple(None for _ in chunks), 0, charges.paid_chars)
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
    chars = sum(chunk.billed_chars for chunk in missing) * billing_factor(options)
    return cost_usd(chars, voice_settings.pricing_engine)
