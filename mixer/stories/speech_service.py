"""What is said of a text, and by whom: read, planned and priced, before anything is spent."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mixer.errors import TextTooLong, UnreadableText
from mixer.requests import Options
from mixer.script import Chunk, Cover, Script
from mixer.script.planning import Estimate, estimate_script
from mixer.script.readers import TextType, detect_text_type, read_document
from mixer.sound import ProcessGroup
from mixer.speech import (
    SpeechEngine,
    Voice,
    VoiceSettings,
    apply_narrator,
    charge_factor,
    cost_usd,
    select_voice,
)
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.planner import plan_script
from mixer.stories.run_folder import SourceText


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


@dataclass(slots=True)
class EngineSession:
    """One engine for the whole of a run: opened when first needed, closed in the end.

    Args of the opener that come later are those it was opened with; another engine by name, which
    is only known once the text is planned, takes the place of the first.
    """

    open_engine: EngineOpener
    speech_marks: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)
    _engine: SpeechEngine | None = None
    _name: str = ""

    @contextmanager
    def open(
        self,
        name: str,
        deadline_s: float | None,
        *,
        speech_marks: bool = False,  # noqa: ARG002 - known when the session began
    ) -> Iterator[SpeechEngine]:
        """Lend the engine."""
        is_other = bool(name) and name not in {self._name, getattr(self._engine, "name", "")}
        if self._engine is None or is_other:
            self.close()
            opened = self.open_engine(name, deadline_s, speech_marks=self.speech_marks)
            self._engine, self._name = self._stack.enter_context(opened), name or DEFAULT_ENGINE
        yield self._engine

    def close(self) -> None:
        """Close the engine."""
        self._stack.close()
        self._engine = None


DEFAULT_ENGINE = "generative"
"""What an engine that is opened without a name is good for (the contract's default)."""


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
class SpeechService:
    """Plans speech, and knows what it takes to synthesize it. Safe for many threads.

    Attributes:
        store: where chunks are kept.
        bucket: what answers call the store.
        max_request_usd: what one request may cost, whatever it says itself.
        max_text_chars: of one request.
        touch_after: chunks older than this are touched when they are used again.
        new_processes: begins the child processes of a request; a server that ends may stop them.
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

    def list_voices(self, deadline_s: float | None = None) -> tuple[Voice, ...]:
        """The voices, the default first."""
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
        return self.plan_source(self.read_text(text, options), options, deadline_s)

    def read_text(self, content: str | bytes, options: Options) -> SourceText:
        """Read a text as it is written, or a book's bytes.

        Raises:
            TextTooLong: longer than a request may be.
            UnreadableText: it cannot be read as its type.
        """
        try:
            text_type = TextType(options.text_type or detect_text_type(content))
            is_book = text_type is TextType.EPUB
            if not is_book:  # of a book its words count, not its file
                self._check_length(len(content))
            front_matter = not options.skip_front_matter
            return SourceText(read_document(content, text_type, front_matter=front_matter), is_book)
        except UnreadableText as error:
            raise _name_text(error) from error

    def plan_source(
        self, source: SourceText, options: Options, deadline_s: float | None = None
    ) -> SpeechPlan:
        """Decide what is said of a text that was read; spends nothing.

        Raises:
            MixerError: as `plan_text` does.
        """
        document = source.document
        narrated = apply_narrator(options, document.cast)
        with self.open_engine("", deadline_s) as engine:
            voices = engine.voices()
            voice, settings = select_voice(voices, narrated, document.cast)
            limits = engine.limits(settings.engine)
        language = narrated.language or voice.language
        engines = {name: each.engine for name, each in settings.cast}
        try:
            script = plan_script(document, limits, language, narrated, engines)
        except UnreadableText as error:
            raise _name_text(error) from error
        estimate = estimate_script(script, options.rate)
        if source.is_book:
            self._check_length(estimate.characters)
        return SpeechPlan(
            script,
            voice,
            settings,
            estimate,
            charge_factor(options),
            document.cover,
            document.cover_name,
        )

    def _check_length(self, chars: int) -> None:
        """Refuse a text that is longer than a request may be.

        Raises:
            TextTooLong: it is.
        """
        if chars > self.max_text_chars:
            raise TextTooLong(
                f"text: {chars:,} characters exceed the limit of {self.max_text_chars:,} for one "
                "request. Send it in parts, or use POST /stories, which accepts longer texts.",
                field="text",
                characters=chars,
                limit=self.max_text_chars,
            )


def _name_text(error: UnreadableText) -> UnreadableText:
    return UnreadableText(f"text: {error}", field="text")
