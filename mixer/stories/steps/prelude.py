"""Speaks the first words of a long text before the rest of it is planned, for listeners.

Planning a book takes seconds. What is spoken are the first chunks of the book's own plan, since
chunks depend on the text around them only; so nothing is done twice. What an engine charges for
them is paid only if the whole text, at twice the price that its length lets expect, is within all
limits; it counts as paid by the story. The prelude is left out where sounds may be named later.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import accumulate

from mixer.errors import MixerError
from mixer.requests import Options
from mixer.script import Script
from mixer.script.readers import TextType, decode_upload, detect_text_type
from mixer.speech import Charges, Narrator, charge_factor
from mixer.stories.batches import FIRST_CHARS
from mixer.stories.folder import PRELUDE
from mixer.stories.keys import payment_name
from mixer.stories.model import StoredRequest, StoredScript
from mixer.stories.speech_planner import SpeechPlan, SpeechPlanner
from mixer.stories.tasks import StepCall

LONG_CHARS = 20_000
"""Shorter texts are planned in less time than the first words take to be spoken."""

HEAD_CHARS = 6_000
INLINE_TAG = "[["


PRICE_MARGIN = 2.0
"""The whole text costs at most so many times what its length lets expect: numbers and abbreviations
are longer when they are spoken."""


def speak_prelude(
    call: StepCall, planner: SpeechPlanner, request: StoredRequest, options: Options
) -> None:
    """Speak the first words, and store their script; problems are left to the whole plan."""
    if call.folder.source is not None or options.dry_run or options.chapters or options.verify:
        return
    with suppress(MixerError):
        content = decode_upload(planner.store.get(request.text_key))
        if not isinstance(content, str) or len(content) < LONG_CHARS or INLINE_TAG in content:
            return
        text_type = TextType(options.text_type or detect_text_type(content))
        head = content[:HEAD_CHARS].rpartition("\n\n")[0]
        if text_type.is_book or not head:
            return
        typed = options.model_copy(update={"text_type": text_type.value})
        plan = planner.plan_source(planner.read_text(head, typed), typed, call.deadline_s)
        most_usd = PRICE_MARGIN * plan.cost_usd * len(content) / len(head)
        limits_usd = (planner.max_request_usd, options.max_cost_usd)
        if all(most_usd <= each for each in limits_usd if each is not None):
            with _reserve(call, planner, request, most_usd) as charges:
                _speak(call, planner, plan, options, charges)


@contextmanager
def _reserve(
    call: StepCall, planner: SpeechPlanner, request: StoredRequest, most_usd: float
) -> Iterator[Charges]:
    """Reserve the cost of the whole text, so that it can be paid for; record what is paid."""
    charges = Charges(charge_factor(Options.model_validate(request.options)))
    with planner.budget.reservation(request.caller, most_usd, charges.max_usd):
        try:
            yield charges
        finally:
            if (usd := charges.max_usd()) > 0:
                call.folder.write(payment_name(0, usd), {"usd": usd})


def _speak(
    call: StepCall, planner: SpeechPlanner, plan: SpeechPlan, options: Options, charges: Charges
) -> None:
    script, settings = _cut_script(plan.script), plan.voice_settings
    chunks = list(script.chunks)
    with planner.open_engine(
        settings.engine, call.deadline_s, speech_marks=options.speech_marks
    ) as engine:
        narrator = Narrator(
            engine,
            planner.store,
            settings,
            planner.new_processes(),
            stale_before=planner.now() - planner.touch_after,
            deadline_s=call.deadline_s,
        )
        keys = tuple(narrator.key(chunk) for chunk in chunks)
        call.folder.write(PRELUDE, StoredScript(script, settings, keys))
        narrator.narrate(chunks, charges=charges)


def _cut_script(script: Script) -> Script:
    """Keep the first chunks that are long enough to begin with, but not the last of the head."""
    passages = [len(chunk.passage) for chunk in script.chunks]
    enough = (n for n, chars in enumerate(accumulate(passages), 1) if chars >= FIRST_CHARS)
    left = min(next(enough, 0), len(passages) - 1)
    starts = accumulate((len(chapter.chunks) for chapter in script.chapters), initial=0)
    chapters = tuple(
        replace(chapter, chunks=chapter.chunks[: left - start])
        for chapter, start in zip(script.chapters, starts, strict=False)
        if start < left
    )
    return replace(script, chapters=chapters)
