"""Document to Script: chapters, utterances, chunks, pauses, SSML. Pure."""

from mixer.script.planning.disclosure import build_disclosure
from mixer.script.planning.estimate import Estimate, estimate_script, list_pausing_files
from mixer.script.planning.lexicon import read_lexicon
from mixer.script.planning.pauses import NATURAL, resolve_pauses
from mixer.script.planning.plan import PlanStyle, plan_document
from mixer.script.planning.review import (
    check_directions,
    check_language,
    find_pronunciation_hints,
    review_script,
)
from mixer.script.planning.ssml import SsmlStyle, build_ssml

__all__ = [
    "NATURAL",
    "Estimate",
    "PlanStyle",
    "SsmlStyle",
    "build_disclosure",
    "build_ssml",
    "check_directions",
    "check_language",
    "estimate_script",
    "find_pronunciation_hints",
    "list_pausing_files",
    "plan_document",
    "read_lexicon",
    "resolve_pauses",
    "review_script",
]
