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
from mixer.jobs.planning import refuse_if_too_dear
from mixer.jobs.story.batches import batched, keep_batches
from mixer.jobs.story.folder import PLAN, REQUEST, SCRIPT, StoryFolder
from mixer.jobs.story.labels import keep_cover
from mixer.jobs.story.music import Library, sounds_of
from mixer.jobs.story.names import (
    batch_name,
    paid_name,
    spoken_name,
    spoken_prefix,
)
from mixer.jobs.story.reading import close, listed_in, seen_in
from mixer.jobs.story.tasks import Answer, Task
from mixer.jobs.story.turns import Turn, Turns
from mixer.jobs.story.values import (
    Batch,
    Kind,
    PlanSummary,
    SpokenBatch,
    State,
    StoredScript,
    StoryRequest,
    StoryResult,
)
from mixer.jobs.story.watching import refuse_if_cancelled, stopped_when_cancelled
from mixer.jobs.synthesis import Plan, Synthesizer
from mixer.requests import Options, SpeechOptions
from mixer.script.estimate import estimate
from mixer.script.script import Chunk
from mixer.script.sources import text_of_upload
from mixer.speech.charges import Charges
from mixer.speech.choosing import times_paid
from mixer.speech.engine import Delivery
from mixer.speech.narrate import Narration, Narrator
from mixer.speech.prices import cost_usd
from mixer.speech.recordings import to_metadata
from mixer.store.objects import ObjectStore

Pace = Callable[[str, str], AbstractContextManager[object]]
"""Holds a story's share of an engine's quota for the length of a block."""


TellBatch = Callable[[int, float], None]
"""Told of a batch, by its number, which share of it is spoken; from the thread that speaks it."""


def _unpaced(_story: str, _engine: str) -> AbstractContextManager[object]:
    return nullcontext()


def _unheard(_batch: int, _share: float) -> None:
    return


@dataclass(frozen=True, slots=True)
class StorySpeech:
    """Plans and speaks stories. Safe for many threads.

    Attributes:
        synthesizer: the work itself, with the limits of a story.
        music: where music is found.
        pace: shares the quota among the stories that are being spoken.
        turns: whose turn it is to speak; None where one process speaks all stories.
        tell_batch: told how far the batches are.
    """

    synthesizer: Synthesizer
    music: ObjectStore
    pace: Pace = field(default=_unpaced)
    turns: Turns | None = None
    tell_batch: TellBatch = _unheard

    def plan(self, story: str, attempt: int, deadline_s: float | None = None) -> list[int]:
        """Decide what is said and check what it may cost.

        Returns:
            The batches that are still to be said.

        Raises:
            StoryPlanned: no more was asked for; the story is done.
            MixerError: the story cannot be told like this; nothing was spent.
        """
        folder = StoryFolder(self.synthesizer.store, story)
        refuse_if_cancelled(folder, attempt)
        request = folder.read(REQUEST, StoryRequest)
        asked = Options.model_validate(request.options)
        library = Library(self.music, self.synthesizer.store)
        sounds_of(folder, request, library, self.synthesizer.job())
        stored = folder.find(SCRIPT, StoredScript)
        if stored is None:
            stored = self._planned(folder, request, asked, deadline_s)
            sounds_of(folder, request, library, self.synthesizer.job())
        batches = batched(folder, tuple(stored.script.chunks))
        kept = [Batch(stored.delivery, chunks, asked.speech_marks) for chunks in batches]
        keep_batches(folder, kept)
        seen = listed_in(folder)
        left = [number for number in range(len(batches)) if number not in seen.batches]
        missing = self._missing([batches[number] for number in left], stored.delivery, deadline_s)
        price_usd = _price_usd(missing, stored.delivery, asked)
        self._settled(folder, seen.paid_usd)
        priced = replace(
            _summary(stored, asked, len(batches)),
            reservation="" if asked.dry_run else self._reserved(price_usd, asked, request.caller),
            predicted_usd=seen.paid_usd + price_usd,
            paid_before_usd=seen.paid_usd,
        )
        folder.write(PLAN, priced)
        if asked.dry_run:
            self._end(folder, attempt, priced)
        return left

    @property
    def tasks(self) -> dict[str, Task]:
        """What events may ask for."""
        return {
            "plan": lambda story, attempt, _, until_s: {
                "batches": self.plan(story, attempt, until_s)
            },
            "take_turn": lambda story, attempt, *_: self.take_turn(story, attempt),
            "leave_turn": lambda story, *_: self.leave_turn(story),
            "synthesize": lambda story, attempt, event, until_s: {
                "chunks": self.synthesize(story, attempt, int(event["batch"]), until_s)
            },
        }

    def take_turn(self, story: str, attempt: int) -> Answer:
        """Ask whether the story may speak now, and when to ask again."""
        folder = StoryFolder(self.synthesizer.store, story)
        refuse_if_cancelled(folder, attempt)
        turn = Turn(True)
        if self.turns is not None:
            turn = self.turns.take(story, folder.read(PLAN, PlanSummary).engine)
        return {"ready": turn.is_ready, "wait_s": math.ceil(turn.wait_s)}

    def leave_turn(self, story: str) -> Answer:
        """Make room for the others."""
        if self.turns is not None:
            folder = StoryFolder(self.synthesizer.store, story)
            self.turns.leave(story, folder.read(PLAN, PlanSummary).engine)
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
        folder = StoryFolder(self.synthesizer.store, story)
        refuse_if_cancelled(folder, attempt)
        wanted = folder.read(batch_name(batch), Batch)
        if any(True for _ in folder.names(spoken_prefix(batch))):
            return len(wanted.chunks)
        engine_name = wanted.delivery.engine
        charges = Charges(
            wanted.delivery.priced_as, times_paid(SpeechOptions(speech_marks=wanted.speech_marks))
        )
        with (
            self.pace(story, engine_name),
            _noted(folder, batch, charges),
            self._narrator(folder, attempt, wanted, deadline_s) as narrator,
        ):
            tell_share = partial(self.tell_batch, batch)
            spoken = _spoken(narrator, wanted.chunks, charges, tell_share)
            name = spoken_name(batch, len(wanted.chunks), charges.paid_usd)
            folder.write(name, spoken)
        return len(wanted.chunks)

    def _end(self, folder: StoryFolder, attempt: int, plan: PlanSummary) -> None:
        """Close a story of which the plan is all that was asked for."""
        result = StoryResult(State.DONE, attempt, 0.0, duration_s=round(plan.duration_s, 3))
        close(folder, seen_in(folder), result, self.synthesizer.now())
        raise StoryPlanned("Only the plan was asked for; nothing was spent.")

    def _settled(self, folder: StoryFolder, paid_usd: float) -> None:
        """Close the entry of an attempt that has planned, and died."""
        before = folder.find(PLAN, PlanSummary)
        if before is not None:
            paid_since_usd = paid_usd - before.paid_before_usd
            self.synthesizer.spending.settle(before.reservation, paid_since_usd)

    def _planned(
        self, folder: StoryFolder, request: StoryRequest, asked: Options, deadline_s: float | None
    ) -> StoredScript:
        text = text_of_upload(self.synthesizer.store.get(request.text_key))
        plan: Plan = self.synthesizer.plan(text, asked, deadline_s)
        has_cover = request.kind is Kind.STORY
        warnings = keep_cover(folder, asked, plan.cover, plan.cover_name) if has_cover else ()
        script = replace(plan.script, title=asked.title or plan.script.title)
        with self.synthesizer.open_engine(plan.delivery.engine, deadline_s) as engine:
            narrator = Narrator(
                engine, self.synthesizer.store, plan.delivery, self.synthesizer.job()
            )
            keys = tuple(narrator.key(chunk) for chunk in script.chunks)
        stored = StoredScript(script, plan.delivery, keys, warnings)
        folder.write(SCRIPT, stored)
        return stored

    def _missing(
        self, batches: Sequence[tuple[Chunk, ...]], delivery: Delivery, deadline_s: float | None
    ) -> list[Chunk]:
        """The chunks that have to be paid for."""
        chunks = [chunk for batch in batches for chunk in batch]
        work = self.synthesizer
        with work.open_engine(delivery.engine, deadline_s) as engine:
            narrator = Narrator(engine, work.store, delivery, work.job(), until_s=deadline_s)
            there = narrator.found(chunks)
            return [c for key, c in narrator.distinct(chunks).items() if key not in there]

    def _reserved(self, usd: float, asked: Options, caller: str) -> str:
        """The entry that reserves what the story will cost, once it is known to be allowed."""
        most_usd = self.synthesizer.max_request_usd
        refuse_if_too_dear(usd, asked)
        if usd > most_usd:
            raise TooExpensive(
                f"This would cost about ${usd:.2f}, more than the ${most_usd:.2f} that one story "
                "may cost here; nothing was spent.",
                cost_usd=usd,
                limit_usd=most_usd,
            )
        return self.synthesizer.spending.reserve(caller, usd)

    @contextmanager
    def _narrator(
        self, folder: StoryFolder, attempt: int, batch: Batch, deadline_s: float | None
    ) -> Iterator[Narrator]:
        """Who says a batch, until the deadline or until the story is cancelled.

        Raises:
            StoryCancelled: that is why it ended.
        """
        work, job = self.synthesizer, self.synthesizer.job()
        young_since = work.now() - work.refresh_after
        with (
            work.open_engine(
                batch.delivery.engine, deadline_s, speech_marks=batch.speech_marks
            ) as engine,
            stopped_when_cancelled(folder, attempt, job) as watched,
        ):
            narrator = Narrator(
                engine, work.store, batch.delivery, job, young_since=young_since, until_s=deadline_s
            )
            try:
                yield narrator
            except OutOfTime as error:
                if watched.is_set():
                    raise StoryCancelled("The story was cancelled.") from error
                raise


@contextmanager
def _noted(folder: StoryFolder, batch: int, charges: Charges) -> Iterator[None]:
    """A block that pays; where it does not end well, what it paid is noted nonetheless."""
    try:
        yield
    except BaseException:
        if (usd := charges.most_usd()) > 0:
            folder.write(paid_name(batch, usd), {"usd": usd})
        raise


def _spoken(
    narrator: Narrator,
    chunks: Sequence[Chunk],
    charges: Charges,
    tell_share: Callable[[float], None],
) -> SpokenBatch:
    def progress(done: int, total: int) -> None:
        tell_share(done / max(total, 1))

    try:
        narration = narrator.narrate(chunks, progress, charges=charges)
    except NothingSpoken:  # in this batch; whether in the whole story, the layout will know
        narration = Narration(tuple(None for _ in chunks), 0, charges.paid_chars)
    keys = (narrator.key(chunk) for chunk in chunks)
    return SpokenBatch(
        chunks=tuple(
            (key, to_metadata(each) if each else None)
            for key, each in zip(keys, narration.recordings, strict=True)
        ),
        said=narration.said,
        billed_chars=narration.billed_chars,
    )


def _summary(stored: StoredScript, asked: Options, batches: int) -> PlanSummary:
    foreseen = estimate(stored.script, asked.rate)
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


def _price_usd(missing: Sequence[Chunk], delivery: Delivery, asked: Options) -> float:
    chars = sum(chunk.billed_chars for chunk in missing) * times_paid(asked)
    return cost_usd(chars, delivery.priced_as)
