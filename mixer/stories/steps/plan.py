"""The step that plans: checks text, voice, sounds and limits before anything is spent."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from mixer.errors import StoryPlanned
from mixer.requests import Options
from mixer.script import Chunk, Script
from mixer.script.readers import decode_upload
from mixer.script.review import estimate_script
from mixer.speech import Narrator, VoiceSettings, charge_factor
from mixer.speech.verification import price_retakes
from mixer.store import ObjectStore
from mixer.stories.batches import forget_batches, split_batches, write_batches
from mixer.stories.folder import PLAN, REQUEST, SCRIPT, StoryFolder
from mixer.stories.inputs import SoundLibrary, store_cover
from mixer.stories.keys import SYNTHESIZED, StoryProgress
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
from mixer.stories.speech_planner import SpeechPlanner
from mixer.stories.status import load_progress, load_snapshot, write_result
from mixer.stories.steps.prelude import speak_prelude
from mixer.stories.steps.purchase import Payment, Purchase
from mixer.stories.tasks import StepCall, StepResult, raise_if_cancelled, stop_when_cancelled

MAX_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Plans stories.

    Attributes:
        splits_batches: whether several processes synthesize them.
        payments: holds the payments of a run that synthesizes, too; equal runs wait for it.
    """

    planner: SpeechPlanner
    music: ObjectStore
    splits_batches: bool
    payments: ExitStack | None = None

    def plan(self, call: StepCall) -> StepResult:
        """Plan the speech and check its cost; returns the batches still to synthesize.

        If `wait_s` is not 0, nothing is planned yet: call again after so many seconds.

        If only a plan was requested, raises StoryPlanned; if the story is cancelled meanwhile,
        StoryCancelled. Errors come before anything is spent.
        """
        raise_if_cancelled(call.folder, call.attempt)
        processes = self.planner.new_processes()
        planner = replace(self.planner, new_processes=lambda: processes)
        with stop_when_cancelled(call.folder, call.attempt, processes):
            return replace(self, planner=planner)._plan_speech(call)

    def _plan_speech(self, call: StepCall) -> StepResult:
        folder = call.folder
        request = folder.read(REQUEST, StoredRequest)
        options = Options.model_validate(request.options)
        stored = self._load_script(call, request, options)
        batches = self._divide(folder, stored, options)
        progress = self._reopen_damaged(call, stored)
        left = {n: batch for n, batch in enumerate(batches) if n not in progress.batches}
        self._settle_previous(folder, progress.paid_usd)
        payment = self._pay(call, request.caller, stored, left, options)
        if payment.wait_s:
            return {"batches": [], "wait_s": payment.wait_s}
        summary = _build_summary(stored, options, len(batches), progress, payment.price_usd)
        folder.write(PLAN, replace(summary, reservation=payment.reservation))
        if options.dry_run:
            self._finish_story(call, summary)
        return {"batches": list(left), "wait_s": 0}

    def _pay(
        self,
        call: StepCall,
        caller: str,
        stored: StoredScript,
        left: Mapping[int, Batch],
        options: Options,
    ) -> Payment:
        """Write the batches, and reserve the price of what the store lacks."""

        def look_up() -> Purchase:
            missing = self._write_batches(call, stored, left)
            price = partial(_price_chunks, stored=stored, left=left, options=options)
            limit_usd = options.max_cost_usd
            return Purchase(self.planner, call.folder, caller, limit_usd, missing, price)

        purchase = look_up()
        if options.dry_run:
            return Payment(purchase.price_usd)
        if self.payments is None:
            return purchase.reserve_or_wait()
        if purchase.price_usd <= 0:
            return purchase.reserve()
        with self._open_narrator(stored.delivery, call.deadline_s) as narrator:
            held = purchase.hold(stored.chunk_keys, look_up, narrator.pause)
        return self.payments.enter_context(held)

    def _load_script(
        self, call: StepCall, request: StoredRequest, options: Options
    ) -> StoredScript:
        """Load or make the script, once all music and sounds are known to be there."""
        folder, processes = call.folder, self.planner.new_processes()
        library = SoundLibrary(self.music, self.planner.store)
        library.load(folder, request, processes)
        stored = folder.find(SCRIPT, StoredScript)
        if stored is None:
            speak_prelude(call, self.planner, request, options)
            stored = self._write_script(call, request, options)
            library.load(folder, request, processes)
        return stored

    def _write_script(
        self, call: StepCall, request: StoredRequest, options: Options
    ) -> StoredScript:
        folder, source = call.folder, call.folder.source
        if source is None:
            content = decode_upload(self.planner.store.get(request.text_key))
            source = self.planner.read_text(content, options, request.edits, call.deadline_s)
        plan = self.planner.plan_source(source, options, call.deadline_s)
        has_cover = request.kind is StoryKind.STORY
        covered = store_cover(folder, options, plan.cover, plan.cover_name) if has_cover else ()
        warnings = (*plan.warnings, *covered)
        script = replace(plan.script, title=options.title or plan.script.title)
        with self._open_narrator(plan.voice_settings, call.deadline_s) as narrator:
            keys = tuple(narrator.key(chunk) for chunk in script.chunks)
        stored = StoredScript(script, plan.voice_settings, keys, warnings)
        folder.write(SCRIPT, stored)
        return stored

    def _reopen_damaged(self, call: StepCall, stored: StoredScript) -> StoryProgress:
        """Load the progress; a repeated story first forgets what was made of lost recordings."""
        folder, progress = call.folder, load_progress(call.folder)
        if call.attempt == 1 or not progress.batches:
            return progress
        names = [name for name in progress.names if name.startswith(SYNTHESIZED)]
        results = {name: folder.find(name, SynthesizedBatch) for name in names}
        with self._open_narrator(stored.delivery, call.deadline_s) as narrator:
            found = narrator.find_recordings(list(stored.script.chunks))
        damaged = [
            name
            for name, result in results.items()
            if result is None
            or any(metadata and found.get(key) is None for key, metadata in result.chunks)
        ]
        if damaged:
            forget_batches(folder, progress, damaged)
        return load_progress(folder)

    def _divide(self, folder: StoryFolder, stored: StoredScript, options: Options) -> list[Batch]:
        chunks = tuple(stored.script.chunks)
        batches = split_batches(folder, chunks) if self.splits_batches else [chunks]
        return [
            Batch(stored.delivery, each, options.speech_marks, options.verify) for each in batches
        ]

    def _write_batches(
        self, call: StepCall, stored: StoredScript, left: Mapping[int, Batch]
    ) -> dict[str, Chunk]:
        """Write the batches with what the store has of them; returns the missing chunks by key."""
        chunks = [chunk for batch in left.values() for chunk in batch.chunks]
        with self._open_narrator(stored.delivery, call.deadline_s) as narrator:
            found = narrator.find_recordings(chunks)
            unique = narrator.unique_chunks(chunks)
            keys = {n: [narrator.key(chunk) for chunk in each.chunks] for n, each in left.items()}
        metadata = {key: each.to_metadata() if each else None for key, each in found.items()}
        batches = {
            n: replace(each, found={key: metadata[key] for key in keys[n]})
            for n, each in left.items()
        }
        write_batches(call.folder, batches)
        return {key: chunk for key, chunk in unique.items() if found[key] is None}

    @contextmanager
    def _open_narrator(
        self, settings: VoiceSettings, deadline_s: float | None
    ) -> Iterator[Narrator]:
        planner = self.planner
        with planner.open_engine(settings.engine, deadline_s) as engine:
            yield Narrator(
                engine,
                planner.store,
                settings,
                planner.new_processes(),
                stale_before=planner.now() - planner.touch_after,
                deadline_s=deadline_s,
            )

    def _settle_previous(self, folder: StoryFolder, paid_usd: float) -> None:
        before = folder.find(PLAN, PlanSummary)
        if before is not None:
            paid_since_usd = paid_usd - before.paid_before_usd
            self.planner.budget.settle(before.reservation, paid_since_usd)

    def _finish_story(self, call: StepCall, plan: PlanSummary) -> None:
        duration_s = round(plan.duration_s, 3)
        result = StoryResult(StoryState.DONE, call.attempt, 0.0, duration_s=duration_s)
        write_result(call.folder, load_snapshot(call.folder), result, self.planner.now())
        raise StoryPlanned("Only a plan was requested; nothing was spent.")


def _price_chunks(
    missing: Collection[Chunk], stored: StoredScript, left: Mapping[int, Batch], options: Options
) -> float:
    price_usd = stored.delivery.price_chunks_usd(missing, charge_factor(options))
    if options.verify:
        price_usd += sum(price_retakes(each.chunks, each.delivery) for each in left.values())
    return price_usd


def _find_title(script: Script, options: Options) -> str:
    """The title for lists: of a text without one its first heading or words."""
    stated = script.title or next((each.title for each in script.chapters), "")
    if stated:
        return stated
    utterances = (each.text for chunk in script.chunks for each in chunk.utterances)
    words = " ".join(islice(utterances, options.disclose == "start", MAX_TITLE_CHARS))
    if len(words) <= MAX_TITLE_CHARS:
        return words
    cut = words[: MAX_TITLE_CHARS - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"


def _build_summary(
    stored: StoredScript,
    options: Options,
    batches: int,
    progress: StoryProgress,
    price_usd: float,
) -> PlanSummary:
    estimate = estimate_script(stored.script, options.rate)
    return PlanSummary(
        title=_find_title(stored.script, options),
        language=stored.script.language,
        voice=stored.delivery.voice,
        engine=stored.delivery.engine,
        characters=estimate.characters,
        chunks=estimate.chunks,
        batches=batches,
        duration_s=estimate.duration_s,
        predicted_usd=progress.paid_usd + price_usd,
        paid_before_usd=progress.paid_usd,
    )
