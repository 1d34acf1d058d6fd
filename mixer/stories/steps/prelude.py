"""Speaks the first words of a long text before the rest of it is planned, for listeners.

Planning a book takes seconds. What is spoken are the first chunks of the book's own plan, since
chunks depend on the text around them only; so nothing is done twice. It is left out where it would
cost money before the whole is known to be affordable, or where sounds may be named later.
"""

from contextlib import suppress
from dataclasses import replace
from itertools import accumulate

from mixer.errors import MixerError
from mixer.requests import Options
from mixer.script import Script
from mixer.script.readers import TextType, decode_upload, detect_text_type
from mixer.speech import Narrator
from mixer.stories.batches import FIRST_CHARS
from mixer.stories.folder import PRELUDE
from mixer.stories.model import StoredRequest, StoredScript
from mixer.stories.speech_planner import SpeechPlan, SpeechPlanner
from mixer.stories.tasks import StepCall

LONG_CHARS = 20_000
"""Shorter texts are planned in less time than the first words take to be spoken."""

HEAD_CHARS = 6_000
INLINE_TAG = "[["


def speak_prelude(
    call: StepCall, planner: SpeechPlanner, request: StoredRequest, options: Options
) -> None:
    """Speak the first words, and store their script; problems are left to the whole plan."""
    if call.folder.source is not None or options.dry_run or options.chapters:
        return
    with suppress(MixerError):
        content = decode_upload(planner.store.get(request.text_key))
        if not isinstance(content, str) or len(content) < LONG_CHARS or INLINE_TAG in content:
            return
        text_type = TextType(options.text_type or detect_text_type(content))
        head = content[:HEAD_CHARS].rpartition("\n\n")[0]
        if text_type.is_book or not head:
            return
        options = options.model_copy(update={"text_type": text_type.value})
        plan = planner.plan_source(planner.read_text(head, options), options, call.deadline_s)
        if plan.cost_usd == 0:
            _speak(call, planner, plan)


def _speak(call: StepCall, planner: SpeechPlanner, plan: SpeechPlan) -> None:
    script, settings = _cut_script(plan.script), plan.voice_settings
    chunks = list(script.chunks)
    with planner.open_engine(settings.engine, call.deadline_s) as engine:
        narrator = Narrator(engine, planner.store, settings, planner.new_processes())
        keys = tuple(narrator.key(chunk) for chunk in chunks)
        call.folder.write(PRELUDE, StoredScript(script, settings, keys))
        narrator.narrate(chunks)


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
