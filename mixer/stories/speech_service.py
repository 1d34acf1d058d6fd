"""Plans and prices the speech of a text, before anything is spent."""

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
        """Open an engine for one request; an empty name stands for any engine.

        The deadline is on the monotonic clock; `speech_marks` buys sentence timings.
        """
        ...


def reuse_engine(engine: SpeechEngine) -> EngineOpener:
    """Share one engine, which stays open, among all requests."""

    @contextmanager
    def open_engine(
        name: str,  # noqa: ARG001 - there is only one
        deadline_s: float | None,  # noqa: ARG001 - it cannot be faster
        *,
        speech_marks: bool = False,  # noqa: ARG001 - decided when it was opened
    ) -> Iterator[SpeechEngine]:
        yield engine

    return open_engine


@dataclass(slots=True)
class EngineSession:
    """One engine for a whole run, opened at first use.

    Later arguments of the opener are ignored, except for another engine's name, which replaces the
    engine: it is known only after planning.
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
"""Used when no engine is named (the contract's default)."""


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """What a request would synthesize, and how; `billing_factor` is charges per character."""

    script: Script
    voice: Voice
    voice_settings: VoiceSettings
    estimate: Estimate
    billing_factor: int = 1
    cover: Cover | None = None
    cover_name: str = ""

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks in reading order."""
        return tuple(self.script.chunks)

    @property
    def cost_usd(self) -> float:
        """Cost of the whole text if none of it is in the store."""
        return self.costs_usd(self.estimate.characters)

    def costs_usd(self, chars: int) -> float:
        """Calculate the cost of some of the characters."""
        return cost_usd(chars * self.billing_factor, self.voice_settings.pricing_engine)


@dataclass(frozen=True, slots=True)
class SpeechService:
    """Plans speech. Safe for many threads.

    Attributes:
        bucket: name of the store in responses.
        touch_after: age at which reused chunks are touched.
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
        """List the voices, the default first."""
        with self.open_engine("", deadline_s) as engine:
            return engine.voices()

    def plan_text(
        self, text: str | bytes, options: Options, deadline_s: float | None = None
    ) -> SpeechPlan:
        """Plan the speech of a text; spends nothing.

        Raises:
            TextTooLong: the text exceeds the limit.
            UnreadableText: it contains no words.
            UnknownVoice: no such voice with that engine.
            BadOption: an option is invalid.
        """
        return self.plan_source(self.read_text(text, options), options, deadline_s)

    def read_text(self, content: str | bytes, options: Options) -> SourceText:
        """Read a text or the bytes of a book; raises TextTooLong or UnreadableText."""
        try:
            text_type = TextType(options.text_type or detect_text_type(content))
            is_book = text_type is TextType.EPUB
            if not is_book:  # for a book, the length of its text counts, not of its file
                self._check_length(len(content))
            front_matter = not options.skip_front_matter
            return SourceText(read_document(content, text_type, front_matter=front_matter), is_book)
        except UnreadableText as error:
            raise _name_text(error) from error

    def plan_source(
        self, source: SourceText, options: Options, deadline_s: float | None = None
    ) -> SpeechPlan:
        """Plan the speech of a text that has been read; raises as `plan_text` does."""
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
