"""The cost of a break between two units: the better a reader could pause there, the lower.

The order follows subtitle guidelines (Netflix Timed Text Style Guide, "Line Treatment"), refined by
us: after a sentence, after a clause, before a conjunction or preposition, between words, and only
as a last resort between an article and its noun. A plain break costs as much as one at a sentence
that is 24 columns out of balance.
"""

from functools import lru_cache

import regex

from mixer.publish.captions.units import Units

SENTENCE, CLAUSE, LEADER, PLAIN, BAD, FORCED = 0.0, 1.0, 3.0, 6.0, 11.0, 60.0
"""Cost of a break after a sentence, after a clause, before a word that leads a phrase, between any
two words, between two that belong together, and inside a word wider than a line."""


def _split_words(*languages: str) -> frozenset[str]:
    return frozenset(word for language in languages for word in language.split())


_LEADERS = _split_words(
    # English
    "and but or nor so yet because although though while when where if unless until since that",
    "which who whom whose what how why as than whether before after about above across against",
    "along among around at behind below beneath beside between beyond by despite down during for",
    "from in inside into like near of off on onto out over past through to toward towards under",
    "up upon with within without",
    # German
    "und aber oder denn sondern weil dass daß ob wenn als wie obwohl während damit bevor nachdem",
    "aus bei mit nach seit von vor zu zum zur zwischen durch für gegen ohne um an auf hinter im",
    "ins am neben über unter wegen trotz bis",
    # French
    "et mais ou où donc ni que qui quand lorsque si comme parce puisque dont à au aux avec chez",
    "contre dans de du des depuis devant derrière en entre par pendant pour sans sous sur vers",
    # Spanish, Portuguese, Italian
    "y e o u pero sino porque aunque cuando donde mientras con del desde hacia hasta para por",
    "según sin sobre quando onde enquanto embora com sem até pela pelo na nas nos da dos em ma",
    "però perché quindi mentre dove di dal della nel nella su sul sulla tra fra senza",
    # Dutch, Swedish
    "maar omdat hoewel terwijl toen van voor naar bij zonder och eller att som när till från med",
    "för utan",
    # Polish, Russian
    "i ale lub bo że który która które gdy kiedy jeśli z w od dla przez bez и но а или что чтобы",
    "как когда если который которая которые в на с к у о из от для по без за под над",
)
"""Conjunctions and prepositions: a line may begin with one and should not end with one. Words with
another meaning in a neighbouring language (French `car`, Dutch `door`) are left out."""

_HOLDERS = _split_words(
    "a an the my your his her its our their this these those some any no every each very not",
    "der die das den dem ein eine einen einem einer mein dein sein ihr kein keine nicht",
    "le la les un une mon ma ta tes sa ses notre votre leur ce cet cette ne",
    "el los las una unos unas mi tu su lo al il gli uno os as um uma het de een",
    "mr mrs ms dr prof st hr fr m mme mlle sr sra don he she it they we you is are was were be",
    "will would can could should must have has had je il elle nous vous ils ich er sie wir не ни",
)
"""Articles, possessives, titles, pronouns, auxiliaries: they belong to the next word."""

_ABBREVIATIONS = _split_words(
    "dr mr mrs ms prof st sr jr vs etc e.g i.e approx no vol fig gen col capt lt sgt rev hon mme",
    "mlle hr fr z.b bzw usw ca nr",
)
_CLOSING = "\"'”’»›)]}」』）】〉》*_"
_OPENING = "\"'“‘«‹([{¿¡„「『（*_ \u00a0\u202f"
_SENTENCE_END = frozenset("?!…。！？؟۔।॥።")
_CLAUSE_END = frozenset(",;:—–、，；：،؛·")
_HAN_OR_KATAKANA = regex.compile(r"[\p{Han}\p{Katakana}]")
_HIRAGANA = regex.compile(r"\p{Hiragana}")
_PARTICLE = regex.compile(r"[はがをにへとものでや]")
_IDEOGRAPHIC = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")


def break_cost(units: Units, unit: int) -> float:
    """The cost of a break before a unit other than the first."""
    if unit in units.forced:
        return FORCED
    text, starts, ends = units.text, units.starts, units.ends
    return _cost_between(text[starts[unit - 1] : ends[unit - 1]], text[starts[unit] : ends[unit]])


@lru_cache(maxsize=16_384)
def _cost_between(before: str, after: str) -> float:
    stripped = before.rstrip(_CLOSING) or before
    ending = stripped[-1]
    if ending in _SENTENCE_END:
        return CLAUSE if after.lstrip(_OPENING)[:1].islower() else SENTENCE
    if ending == ".":
        return _cost_after_full_stop(stripped, after)
    if ending in _CLAUSE_END and not stripped.isdigit():
        return CLAUSE
    if _IDEOGRAPHIC.match(after) and _IDEOGRAPHIC.match(ending):
        return _cost_between_ideographs(ending, after)
    return _cost_between_spaced(stripped, after)


def _cost_after_full_stop(before: str, after: str) -> float:
    """After a full stop, which ends a sentence or only an abbreviation (Dr., J., z. B.)."""
    core = before.lstrip(_OPENING)[:-1].casefold()
    if core in _ABBREVIATIONS or len(core) == 1 or core.isdigit():
        return BAD
    return PLAIN if after.lstrip(_OPENING)[:1].islower() else SENTENCE


def _cost_between_ideographs(before: str, after: str) -> float:
    """Japanese phrases end in particles and begin with kanji or katakana; Chinese has no marks."""
    if _PARTICLE.match(after):
        return BAD
    if _HIRAGANA.match(before):
        return LEADER if _HAN_OR_KATAKANA.match(after) or _PARTICLE.match(before) else PLAIN
    return BAD if _HIRAGANA.match(after) or "ァ" <= before <= "ー" else PLAIN


def _cost_between_spaced(before: str, after: str) -> float:
    left = before.lstrip(_OPENING).casefold()
    if left in _HOLDERS or left in _LEADERS or _is_figure(before, after):
        return BAD
    if after[0] in _OPENING:
        return LEADER
    return LEADER if after.rstrip(",").casefold() in _LEADERS else PLAIN


def _is_figure(before: str, after: str) -> bool:
    """Whether the break would separate a number from its unit or noun: 5 km, § 12, Chapter 3."""
    return before[-1:].isdigit() or after[:1].isdigit() or before in {"§", "№", "$", "€", "£"}
