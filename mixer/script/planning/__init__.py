"""Document to Script: chapters, utterances, chunks, pauses, SSML. Pure."""

from mixer.script.planning.chapters import build_disclosure
from mixer.script.planning.lexicon import add_entries, read_lexicon
from mixer.script.planning.pauses import NATURAL, resolve_pauses
from mixer.script.planning.plan import (
    UNWRITTEN,
    KnownPlan,
    PlanStyle,
    SpokenBlock,
    list_spoken_blocks,
    plan_document,
)
from mixer.script.planning.ssml import SsmlStyle
