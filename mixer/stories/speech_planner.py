"""Plans and prices the speech of a text, before anything is spent."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from mixer.errors import BadOption, TextTooLong
from mixer.requests import Options
from mixer.script import Chunk, Cover, Document, EngineLimits, Script
from mixer.script.edits import SentenceEdit, recall_utterances
from mixer.script.normalise import is_same_language
from mixer.script.planning import KnownPlan, PlanStyle, plan_document
from mixer.script.review import Estimate, check_directions, check_language, estimate_script
from mixer.sound import ProcessGroup
from mixer.speech import (
    SpeechEngine,
    Voice,
    VoiceSettings,
    apply_narrator,
    charge_factor,
    select_voice,
)
from mixer.speech.verification import VerifierOpener, refuse_verifier
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.model import SourceText
from mixer.stories.plan_style import build_plan_style
from mixer.stories.source_text import is_book_text, name_text, read_source_text, require_time

VERIFIED_LANGUAGE = "en"
"""The only language that the verifier's packages know."""


class EngineOpener(Protocol):
    """Opens an engine."""

    def __call__(
        self, name: str, deadline_s: float | None, *, speech_marks: bool = False
    ) -> AbstractContextManager[SpeechEngine]:
        """Open an engine for one request; an empty name stands for any engine.

        The deadline is on the monotonic clock; `speech_marks` buys sentence timings.
        """
        ...


UNKNOWN_LANGUAGE = "en-US"
"""Of a text that states none, in a voice that speaks any."""

SPOKEN = 1.25
"""Characters of a book for each that is spoken, at most: not so many are left out of a book. What
is longer than the limit by that much is refused before it is planned."""


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """What a request would synthesize, and how; `billing_factor` is charges per character."""

    script: Script
    voice: Voice
    voice_settings: VoiceSettings
    rate_percent: int = 100
    billing_factor: int = 1
    cover: Cover | None = None
    cover_name: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def estimate(self) -> Estimate:
        """What it will take."""
        return estimate_script(self.script, self.rate_percent)

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks in reading order."""
        return tuple(self.script.chunks)

    @property
    def cost_usd(self) -> float:
        """Cost of the whole text if none of it is in the store."""
        return self.voice_settings.price_chunks_usd(self.chunks, self.billing_factor)


@dataclass(frozen=True, slots=True)
class PlannedText:
    """A text with its options and its plan; `recalled` is what it lends to other plans by style."""

    document: Document
    options: Options
    script: Script
    recalled: list[tuple[PlanStyle, KnownPlan]] = field(default_factory=list, compare=False)

    def recall(self, style: PlanStyle) -> KnownPlan:
        """Collect what a plan of another version can take over, once for each style."""
        for known_style, known in [*self.recalled]:
            if known_style == style:
                return known
        known = recall_utterances(self.document, self.script, style)
        self.recalled.append((style, known))
        return known


@dataclass(frozen=True, slots=True)
class SpeechPlanner:
    """Plans speech, with what planning and speaking share. Safe for many threads.

    Attributes:
        touch_after: age at which reused chunks are touched.
        opening_chars: length of the first chunk where a listener waits for it; None for any.
        open_verifier: opens what listens to recordings; raises BadOption where that is missing.
    """

    open_engine: EngineOpener
    store: ObjectStore
    budget: DailyBudget
    max_request_usd: float
    max_text_chars: int
    touch_after: timedelta
    now: Callable[[], datetime] = field(default=utc_now)
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    opening_chars: int | None = None
    open_verifier: VerifierOpener = refuse_verifier

    def list_voices(self, deadline_s: float | None = None) -> tuple[Voice, ...]:
        """List the voices, the default first."""
        with self.open_engine("", deadline_s) as engine:
            return engine.voices()

    def read_text(
        self,
        content: str | bytes,
        options: Options,
        edits: Sequence[SentenceEdit] = (),
        deadline_s: float | None = None,
    ) -> SourceText:
        """Read a text or the bytes of a book; raises TextTooLong, UnreadableText or OutOfTime."""
        if not is_book_text(content, options):
            self._check_length(len(content))  # of a book, the length of its text counts
        check_time = partial(require_time, self.new_processes(), deadline_s)
        check_time()
        return read_source_text(content, options, edits, check_time)

    def plan_source(
        self,
        source: SourceText,
        options: Options,
        deadline_s: float | None = None,
        before: "PlannedText | None" = None,
    ) -> SpeechPlan:
        """Plan the speech of a text that has been read; spends nothing.

        The plan is the same with and without `before`, another version of the text; with it, only
        what differs is planned.

        Raises:
            TextTooLong: the text exceeds the limit.
            OutOfTime: the deadline, on the monotonic clock, has passed.
            UnreadableText: it contains no words.
            UnknownVoice: no such voice with that engine.
            BadOption: an option is invalid.
        """
        document = source.document
        if not options.chapters:
            self._check_book(source, int(sum(len(each.text) for each in document.blocks) / SPOKEN))
        options = apply_narrator(options, document.cast)
        voices = self._select_voices(options, document, deadline_s)
        script = self._plan_script(document, options, voices, deadline_s, before)
        self._check_book(source, script.billed_chars)
        return SpeechPlan(
            script,
            voices.narrator,
            voices.settings,
            options.rate,
            charge_factor(options),
            document.cover,
            document.cover_name,
            (*source.warnings, *voices.check_script(script)),
        )

    def _select_voices(
        self, options: Options, document: Document, deadline_s: float | None
    ) -> "_SelectedVoices":
        with self.open_engine("", deadline_s) as engine:
            voice, settings = select_voice(engine.voices(), options, document.cast)
            limits = settings.list_limits(engine.limits)
        language = options.language or voice.language or document.language or UNKNOWN_LANGUAGE
        return _SelectedVoices(voice, settings, limits, language)

    def _plan_script(
        self,
        document: Document,
        options: Options,
        voices: "_SelectedVoices",
        deadline_s: float | None,
        before: "PlannedText | None",
    ) -> Script:
        check = partial(require_time, self.new_processes(), deadline_s)
        with name_text("lexicon"):
            style = voices.build_style(document, options)
        with name_text():
            style = replace(style, check_time=check, opening_chars=self.opening_chars)
            if before is not None:
                given = apply_narrator(before.options, before.document.cast)
                was = voices.build_style(before.document, given)
                style = _reuse_plan(style, was, document, before)
            script = plan_document(document, style)
        if options.verify:
            self._check_verifier(script)
        return script

    def _check_verifier(self, script: Script) -> None:
        if not is_same_language(script.language, VERIFIED_LANGUAGE):
            raise BadOption(
                f"verify: only English can be checked, and this text is in {script.language}; "
                "leave verify out.",
                field="verify",
            )
        self.open_verifier().close()

    def _check_book(self, source: SourceText, chars: int) -> None:
        if source.is_book:
            self._check_length(chars)

    def _check_length(self, chars: int) -> None:
        if chars > self.max_text_chars:
            raise TextTooLong(
                f"text: {chars:,} characters exceed the limit of {self.max_text_chars:,} for one "
                "request. Send it in parts, or use POST /stories, which accepts longer texts.",
                field="text",
                characters=chars,
                limit=self.max_text_chars,
            )


@dataclass(frozen=True, slots=True)
class _SelectedVoices:
    """The voices of a plan; `limits` are by speaker, the narrator's under an empty name."""

    narrator: Voice
    settings: VoiceSettings
    limits: Mapping[str, EngineLimits]
    language: str

    def build_style(self, document: Document, options: Options) -> PlanStyle:
        """Build the style in which these voices speak a document."""
        return build_plan_style(document, self.limits[""], self.language, options, self.limits)

    def check_script(self, script: Script) -> tuple[str, ...]:
        """Check whether the voices can speak a script as it asks; returns warnings."""
        spoken = self.narrator.language or self.language
        reads_latin_only = self.limits[""].reads_latin_only
        return (
            *check_language(script, spoken, reads_latin_only=reads_latin_only),
            *check_directions(script, self.limits),
        )


def _reuse_plan(
    style: PlanStyle, was: PlanStyle, document: Document, before: PlannedText
) -> PlanStyle:
    """Let a plan take from one before what it plans alike, unless the styles differ in more."""
    was_alike = replace(
        was,
        lexicon=style.lexicon,
        chapters=style.chapters,
        check_time=style.check_time,
        opening_chars=style.opening_chars,
    )
    if was_alike != style or document.cast != before.document.cast:
        return style
    return replace(style, known=before.recall(was))
