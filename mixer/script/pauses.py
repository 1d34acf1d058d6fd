"""Pauses by profile: how long the silence after each kind of ending, and who makes it.

Silences between chunks are exact samples in the mix. Those inside a chunk are left to the engine's
own sense of rhythm unless a profile names milliseconds; then they travel as `<break>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mixer.errors import BadOption
from mixer.script.script import Ending

MAX_PAUSE_MS = 10_000
"""The longest `<break>` that Polly takes, and the longest gap that a request may ask for."""

COMMA = "comma"
"""The one kind of pause that ends no utterance, only part of one."""

KINDS = (COMMA, *Ending)

NAMED_CHARS = 40
"""Of a wrong name that a message repeats."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to be silent after what.

    Attributes:
        gaps_ms: between chunks, by ending; every ending has one.
        breaks_ms: inside a chunk, by kind; a kind that is missing is left to the engine.
    """

    gaps_ms: Mapping[Ending, int]
    breaks_ms: Mapping[str, int]

    def gap_ms(self, ending: Ending) -> int:
        """The silence between two chunks of which the first ends so."""
        return self.gaps_ms[ending]


# Pauses of audiobook narrators, as listeners find them restful: about a third of a second between
# sentences, twice that between paragraphs, a breath after a heading, longer between scenes.
_NATURAL_MS = {
    Ending.CLAUSE: 120,
    Ending.SENTENCE: 350,
    Ending.QUESTION: 400,
    Ending.EXCLAMATION: 400,
    Ending.PARAGRAPH: 650,
    Ending.HEADING: 900,
    Ending.SCENE: 1_500,
    Ending.CHAPTER: 2_000,
}
_EXPRESSIVE_MS = {
    Ending.CLAUSE: 200,
    Ending.SENTENCE: 500,
    Ending.QUESTION: 650,
    Ending.EXCLAMATION: 600,
    Ending.PARAGRAPH: 1_000,
    Ending.HEADING: 1_300,
    Ending.SCENE: 2_200,
    Ending.CHAPTER: 3_000,
}
_INSIDE_A_CHUNK = (Ending.CLAUSE, Ending.SENTENCE, Ending.QUESTION, Ending.EXCLAMATION)

NATURAL = Pauses(MappingProxyType(_NATURAL_MS), MappingProxyType({}))
EXPRESSIVE = Pauses(
    MappingProxyType(_EXPRESSIVE_MS),
    MappingProxyType({str(kind): _EXPRESSIVE_MS[kind] for kind in _INSIDE_A_CHUNK}),
)
NONE = Pauses(MappingProxyType(dict.fromkeys(Ending, 0)), MappingProxyType({}))

PROFILES = {"natural": NATURAL, "expressive": EXPRESSIVE, "none": NONE}


def pauses(choice: str | Mapping[str, int]) -> Pauses:
    """The pauses that a request asks for.

    Args:
        choice: a profile's name, or milliseconds by kind; what is not named stays natural.

    Raises:
        BadOption: for an unknown profile or kind, or a length out of range.
    """
    if isinstance(choice, str):
        if choice not in PROFILES:
            names = ", ".join(PROFILES)
            raise _refusal(f"there is no profile {choice[:NAMED_CHARS]!r}; there are {names}.")
        return PROFILES[choice]
    for kind, length_ms in choice.items():
        _check(kind, length_ms)
    gaps_ms = {ending: choice.get(ending, _NATURAL_MS[ending]) for ending in Ending}
    return Pauses(MappingProxyType(gaps_ms), MappingProxyType(dict(choice)))


def _check(kind: str, length_ms: int) -> None:
    if kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise _refusal(f"{kind[:NAMED_CHARS]!r} is no kind of pause; there are {kinds}.")
    if not 0 <= length_ms <= MAX_PAUSE_MS:
        raise _refusal(f"{kind} must lie between 0 and {MAX_PAUSE_MS} ms.")


def _refusal(why: str) -> BadOption:
    return BadOption(f"pauses: {why}", field="pauses")
