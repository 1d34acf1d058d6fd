"""Pauses by profile: how long the silence is after each kind of ending, and who makes it.

Silences between chunks are exact samples in the mix. Those inside a chunk are left to the engine's
rhythm unless a profile names milliseconds; then they travel as `<break>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mixer.errors import BadOption
from mixer.script.annotations import MAX_PAUSE_MS
from mixer.script.script import BreakKind

COMMA = "comma"
"""The only kind of pause inside an utterance."""

PAUSE_KINDS = (COMMA, *BreakKind)

MAX_QUOTED_CHARS = 40
"""Of a wrong name that a message repeats."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long each silence lasts.

    `gaps_ms` between chunks are complete; kinds missing in `breaks_ms` are left to the engine.
    """

    gaps_ms: Mapping[BreakKind, int]
    breaks_ms: Mapping[str, int]

    def gap_ms(self, ending: BreakKind) -> int:
        """The silence after a chunk with this ending."""
        return self.gaps_ms[ending]


# The pauses of audiobook narrators: about a third of a second between sentences, twice that between
# paragraphs, a breath after a heading, longer between scenes.
_NATURAL_MS = {
    BreakKind.CLAUSE: 120,
    BreakKind.SENTENCE: 350,
    BreakKind.QUESTION: 400,
    BreakKind.EXCLAMATION: 400,
    BreakKind.PARAGRAPH: 650,
    BreakKind.HEADING: 900,
    BreakKind.SCENE: 1_500,
    BreakKind.CHAPTER: 2_000,
}
_EXPRESSIVE_MS = {
    BreakKind.CLAUSE: 200,
    BreakKind.SENTENCE: 500,
    BreakKind.QUESTION: 650,
    BreakKind.EXCLAMATION: 600,
    BreakKind.PARAGRAPH: 1_000,
    BreakKind.HEADING: 1_300,
    BreakKind.SCENE: 2_200,
    BreakKind.CHAPTER: 3_000,
}
_INNER_BREAKS = (BreakKind.CLAUSE, BreakKind.SENTENCE, BreakKind.QUESTION, BreakKind.EXCLAMATION)

NATURAL = Pauses(MappingProxyType(_NATURAL_MS), MappingProxyType({}))
EXPRESSIVE = Pauses(
    MappingProxyType(_EXPRESSIVE_MS),
    MappingProxyType({str(kind): _EXPRESSIVE_MS[kind] for kind in _INNER_BREAKS}),
)
NO_PAUSES = Pauses(MappingProxyType(dict.fromkeys(BreakKind, 0)), MappingProxyType({}))

PROFILES = {"natural": NATURAL, "expressive": EXPRESSIVE, "none": NO_PAUSES}


def resolve_pauses(choice: str | Mapping[str, int]) -> Pauses:
    """The pauses of a request: a profile's name, or milliseconds by kind; other kinds stay natural.

    Raises:
        BadOption: for an unknown profile or kind, or a length out of range.
    """
    if isinstance(choice, str):
        if choice not in PROFILES:
            names = ", ".join(PROFILES)
            raise _build_error(
                f"“{choice[:MAX_QUOTED_CHARS]}” is not a profile; choose one of {names}."
            )
        return PROFILES[choice]
    for kind, length_ms in choice.items():
        _check_pause(kind, length_ms)
    gaps_ms = {ending: choice.get(ending, _NATURAL_MS[ending]) for ending in BreakKind}
    return Pauses(MappingProxyType(gaps_ms), MappingProxyType(dict(choice)))


def _check_pause(kind: str, length_ms: int) -> None:
    if kind not in PAUSE_KINDS:
        kinds = ", ".join(PAUSE_KINDS)
        raise _build_error(
            f"“{kind[:MAX_QUOTED_CHARS]}” is not a kind of pause; choose one of {kinds}."
        )
    if not 0 <= length_ms <= MAX_PAUSE_MS:
        raise _build_error(f"{kind} must be between 0 and {MAX_PAUSE_MS} ms.")


def _build_error(reason: str) -> BadOption:
    return BadOption(f"pauses: {reason}", field="pauses")
