"""A text spoken into the store for a request: planned, priced, allowed, said.

The order matters: what is refused costs nothing. Length, voice and plan come first, then what is
there already is looked up, then the caps look at what the rest will cost, and only then anything is
said. What was said stays, whatever happens after.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mixer.errors import OutOfTime, TextTooLong, TooExpensive, UnreadableText
from mixer.publish.timing import find_unspoken
from mixer.requests import Options
from mixer.script.document import Cover
from mixer.script.planning.estimate import Estimate, estimate_script
from mixer.script.readers.registry import TextType, detect_text_type, read_document
from mixer.script.script import Chunk, Script
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.charges import Charges, cost_usd
from mixer.speech.engine import SpeechEngine, Voice, VoiceSettings
from mixer.speech.narrator import Narration, Narrator
from mixer.speech.voice_selection import apply_narrator, billing_factor, select_voice
from mixer.store.objects import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.planner import check_cost_limit, plan_script
from mixer.stories.throughput import Throughput


class EngineOpener(Protocol):
    """Opens an engine."""

    def __call__(
        self, name: str, deadline_s: float | None, *, speech_marks: bool = False
    ) -> AbstractContextManager[SpeechEngine]:
        """Open an engine for one request.

        Args:
            name: one of its names; empty for any.
            deadline_s: when it must have ended, on the monotonic clock.
            speech_marks: whether the times of sentences are to be bought.
        """
        ...


def reuse_engine(engine: SpeechEngine) -> EngineOpener:
    """One engine for all requests; it stays open between them."""

    @contextmanager
    def opened(
        name: str,  # noqa: ARG001 - it is the only one
        deadline_s: float | None,  # noqa: ARG001 - it is as fast as it can be
        *,
        speech_marks: bool = False,  # noqa: ARG001 - whoever opened it has decided
    ) -> Iterator[SpeechEngine]:
        yield engine

    return opened


def infinite_rate(_engine: str) -> float:
    """There is no quota."""
    return math.inf


STORE_MARGIN_S = 1.0
"""Kept between the last word of the engine and the deadline, for measuring and storing."""


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """What a request would say, and how.

    Attributes:
        script: what is said.
        voice: as the engine lists it.
        voice_settings: who says it, and how.
        estimate: what it will take.
        billing_factor: how often each of its characters is charged for.
        cover: the text's own picture.
        cover_name: of a file with its picture, as the text names it.
    """

    script: Script
    voice: Voice
    voice_settings: VoiceSettings
    estimate: Estimate
    billing_factor: int = 1
    cover: Cover | None = None
    cover_name: str = ""

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """In reading order."""
        return tuple(self.script.chunks)

    @property
    def cost_usd(self) -> float:
        """Of the whole, were nothing of it in the store."""
        return self.costs_usd(self.estimate.characters)

    def costs_usd(self, chars: int) -> float:
        """Of so many of its characters."""
        return cost_usd(chars * self.billing_factor, self.voice_settings.pricing_engine)


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A text that was spoken.

    Attributes:
        plan: what was to be said.
        narration: how it was said.
        keys: the chunks' object keys, in reading order.
        cache_hits: chunks that were there already.
        cost_usd: what was paid just now.
        audio: the chunk itself, where there is only one.
        unspoken: passages that the voice could not read.
    """

    plan: SpeechPlan
    narration: Narration
    keys: tuple[str, ...]
    cache_hits: int
    cost_usd: float
    audio: bytes | None
    unspoken: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Of all chunks, without the silences between them."""
        return sum(each.measured.duration_s for each in self.narration.recordings if each)


@dataclass(frozen=True, slots=True)
class SpeechService:
    """Speaks texts into a store. Safe for many threads; keep one as long as the process lives.

    Attributes:
        open_engine: who speaks.
        store: where chunks are kept.
        bucket: what answers call the store.
        budget: counts what callers spend.
        max_request_usd: what one request may cost, whatever it says itself.
        max_text_chars: of one request.
        touch_after: chunks older than this are made young when they are used again.
        now: the moment, in UTC.
        new_processes: begins the job of a request; a server that ends may stop them all.
        calls_per_s: what an engine's quota allows this process.
        throughput: how long a round of calls takes, all that the engine takes at a time.
    """

    open_engine: EngineOpener
    store: ObjectStore
    bucket: str
    budget: DailyBudget
    max_request_usd: float
    max_text_chars: int
    touch_after: timedelta
    now: Callable[[], datetime] = field(default=utc_now)
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    calls_per_s: Callable[[str], float] = infinite_rate
    throughput: Throughput = field(default_factory=Throughput)

    def list_voices(self, deadline_s: float | None = None) -> tuple[Voice, ...]:
        """Who can speak, the default first."""
        with self.open_engine("", deadline_s) as engine:
            return engine.voices()

    def plan_text(
        self, text: str | bytes, options: Options, deadline_s: float | None = None
    ) -> SpeechPlan:
        """Decide what is said; spends nothing.

        Raises:
            TextTooLong: longer than a request may be.
            UnreadableText: there is not a word in it.
            UnknownVoice: no such voice, or not with that engine.
            BadOption: an option makes no sense.
        """
        try:
            text_type = TextType(options.text_type or detect_text_type(text))
            if text_type is not TextType.EPUB:  # of a book its words count, not its file
                self._check_length(len(text))
            document = read_document(text, text_type, front_matter=not options.skip_front_matter)
            told_as = apply_narrator(options, document.cast)
            with self.open_engine("", deadline_s) as engine:
                voices = engine.voices()
                voice, delivery = select_voice(voices, told_as, document.cast)
                limits = engine.limits(delivery.engine)
            language = told_as.language or voice.language
            engines = {name: each.engine for name, each in delivery.cast}
            script = plan_script(document, limits, language, told_as, engines)
        except UnreadableText as error:
            raise UnreadableText(f"text: {error}", field="text") from error
        foreseen, paid = estimate_script(script, options.rate), billing_factor(options)
        if text_type is TextType.EPUB:
            self._check_length(foreseen.characters)
        pictured = (document.cover, document.cover_name)
        return SpeechPlan(script, voice, delivery, foreseen, paid, *pictured)

    def _check_length(self, chars: int) -> None:
        """Refuse a text that is longer than a request may be.

        Raises:
            TextTooLong: it is.
        """
        if chars > self.max_text_chars:
            raise TextTooLong(
                f"text: {chars:,} characters are more than the {self.max_text_chars:,} of one "
                "request. Send it in parts, or to POST /stories, which takes the most.",
                field="text",
                characters=chars,
                limit=self.max_text_chars,
            )

    def synthesize(
        self,
        plan: SpeechPlan,
        options: Options,
        caller: str,
        deadline_s: float | None = None,
        *,
        only_if_it_fits: bool = False,
    ) -> Synthesis:
        """Have every chunk of a plan in the store.

        Args:
            plan: from `plan`.
            options: what it may cost counts here.
            caller: who pays.
            deadline_s: on the monotonic clock.
            only_if_it_fits: say nothing where that moment is foretold to come first.

        Raises:
            TooExpensive: more than the request or the server allows; nothing was spent.
            CapReached: more than the caller may spend in a day; nothing was spent.
            SpeechFailed: some passages could not be said; what was said is stored.
            OutOfTime: the deadline came; what was said is stored.
        """
        engine_until_s = None if deadline_s is None else deadline_s - STORE_MARGIN_S
        opened = self.open_engine(
            plan.voice_settings.engine, engine_until_s, speech_marks=options.speech_marks
        )
        with opened as engine:
            narrator = self._build_narrator(engine, plan.voice_settings, deadline_s)
            found = narrator.find_recordings(plan.chunks)
            missing = [
                c for key, c in narrator.unique_chunks(plan.chunks).items() if found[key] is None
            ]
            foreseen_usd = self._approve_cost_usd(plan, missing, options)
            if only_if_it_fits and engine_until_s is not None:
                self._check_deadline(
                    plan.voice_settings.engine, len(missing), engine, engine_until_s
                )
            charges = Charges(plan.voice_settings.pricing_engine, plan.billing_factor)
            with (
                self.budget.reservation(caller, foreseen_usd, charges.max_usd),
                self._record_throughput(plan, missing, engine, charges),
            ):
                narration = narrator.narrate(plan.chunks, known=found, charges=charges)
        return self._build_synthesis(
            plan, narration, charges, cache_hits=sum(map(bool, found.values()))
        )

    def _check_deadline(
        self, name: str, calls: int, engine: SpeechEngine, deadline_s: float
    ) -> None:
        """Begin nothing that will not be done in time.

        Raises:
            OutOfTime: it is foretold to take longer.
        """
        rounds = math.ceil(calls / engine.parallelism)
        foreseen_s = max(
            calls / self.calls_per_s(name), self.throughput.predict_seconds(name, rounds)
        )
        if foreseen_s > deadline_s - time.monotonic():
            raise OutOfTime(
                f"This would take about {foreseen_s:.0f} s, longer than a caller is kept waiting; "
                "nothing was said yet."
            )

    @contextmanager
    def _record_throughput(
        self, plan: SpeechPlan, missing: Sequence[Chunk], engine: SpeechEngine, charges: Charges
    ) -> Iterator[None]:
        """Learn from a block how long a round of calls takes, also where its time ran out."""
        begun_s = time.monotonic()
        try:
            yield
        finally:
            chars = sum(chunk.billed_chars for chunk in missing) * plan.billing_factor
            calls = len(missing) * min(1.0, charges.paid_chars / chars) if chars else 0.0
            rounds = math.ceil(calls / engine.parallelism)
            self.throughput.record(plan.voice_settings.engine, rounds, time.monotonic() - begun_s)

    def _build_narrator(
        self, engine: SpeechEngine, voice_settings: VoiceSettings, deadline_s: float | None
    ) -> Narrator:
        young_since = self.now() - self.touch_after
        return Narrator(
            engine,
            self.store,
            voice_settings,
            self.new_processes(),
            stale_before=young_since,
            deadline_s=deadline_s,
        )

    def _approve_cost_usd(
        self, plan: SpeechPlan, missing: Sequence[Chunk], options: Options
    ) -> float:
        """What the missing chunks will cost, once it is known that it is allowed."""
        usd = plan.costs_usd(sum(chunk.billed_chars for chunk in missing))
        check_cost_limit(usd, options)
        if usd > self.max_request_usd:
            raise TooExpensive(
                f"This would cost about ${usd:.2f}, more than the ${self.max_request_usd:.2f} that "
                "one request may cost here; nothing was spent.",
                cost_usd=usd,
                limit_usd=self.max_request_usd,
            )
        return usd

    def _build_synthesis(
        self, plan: SpeechPlan, narration: Narration, charges: Charges, *, cache_hits: int
    ) -> Synthesis:
        keys = tuple(each.key for each in narration.recordings if each)
        return Synthesis(
            plan=plan,
            narration=narration,
            keys=keys,
            cache_hits=cache_hits,
            cost_usd=charges.paid_usd,
            audio=self.store.get(keys[0]) if len(keys) == 1 else None,
            unspoken=find_unspoken(plan.script, narration.recordings),
        )
