"""Where something is: `Austin, TX`, `Mobile, Ala.`, `41°43′N`, `W. 42nd St.`."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial

from mixer.script.normalise.language import Language
from mixer.script.normalise.offset_map import Replacement
from mixer.script.normalise.rule import (
    DIGITS,
    NormalisationRule,
    build_alternation,
    compile_rule,
    iterate_row_replacements,
    keep_stop,
)
from mixer.start_cache import compile_pattern

COMPASS = r" [NSEW]{1,3}(?!\w)"
"""What the rules for points of the compass search for first."""

_TROOPS = "(?:Inf|Cav|Vol|Reg|Art|Batt|Heavy|Light)"

_STOPPED_POINT = (
    r"(?<!\w)(?:[Ww]inds?(?: (?:is|was|at|from the|to the|in the))?|course|bearing|bore"
    r"|steer|steered|steering|heading|stood|standing|blowing from the|miles?|leagues?) "
    r"(?P<edit>(?:[NSEW]\.){1,3})(?= of | by | [a-z]|[,;)]|$| [½\d])"
)
"""Points with stops, as logs of ships have them."""

_GOING = (
    r"miles?|mi\.?|km|kilomet(?:er|re)s?|min(?:ute)?s?|hours?|blocks?|just|\d m|met(?:er|re)s|yards"
    r"|feet|paces|due|[Ww]inds?|[Gg]usts?|moved|moving|heads?|heading|headed|bearing|then|continue"
    r"|drive|[Gg]o|sailed|sailing|turned|veered|backed|shifted"
)
"""What stands before a point of the compass."""

_BEHIND_POINT = r"(?:of|by|to|at \d|winds?|gales?|breezes?|slopes?|corner|side|face|\d)"

_TOWN = r"(?:(?:St|Ft|Mt)\. )?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2}"


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """States after their towns, points of the compass after degrees and before streets."""
    yield from _build_state_rules(language)
    directions = language.spellings("places.directions")
    if directions:
        yield _build_coordinate_rule(language)
        yield from _build_direction_rules(directions)
        regions = build_alternation(language.words("places.regions"))
        yield compile_rule(
            rf"(?<![\w.])[NSEW]\.(?= {regions}(?!\w))",
            lambda match: directions[match[0][0]].title(),
            "NSEW",
            r"[NSEW]\.? (?:\d|[A-Z])",
        )


def _build_direction_rules(directions: Mapping[str, str]) -> Iterator[NormalisationRule]:
    """`W. 42nd St.`, `Main Street NW`, `9 km SSW of Rome`."""
    yield compile_rule(
        r"(?<![\w.])(?:[NSEW]\.(?= \d{1,3}(?:st|nd|rd|th)(?!\w))|[NSEW]\.?"
        r"(?= (?:\d{1,3}(?:st|nd|rd|th)|[A-Z][a-z]+) (?:St|Ave|Avenue|Street|Blvd)(?!\w)))",
        lambda match: directions[match[0][0]].title(),
        "NSEW",
        r"[NSEW]\.? (?:\d|[A-Z])",
    )
    yield compile_rule(
        r"(?<!\w)(?:St|Ave|Avenue|Street|Blvd|Road|Rd|Drive|Dr|I-\d+|US-\d+)\.?,? "
        r"(?P<edit>[NS][EW](?![\w'’])|[NSEW](?:(?![\w.'’])|(?=\.$)))",
        lambda match: directions[match["edit"]].title(),
        "NSEW",
        COMPASS,
    )
    yield from _build_bearing_rules(directions)


def _build_bearing_rules(directions: Mapping[str, str]) -> Iterator[NormalisationRule]:
    """Where something is or goes: `9 km NE of Rome`, `moved SW`, `the WNW slope`."""
    point = rf"(?P<edit>{build_alternation(directions)})"
    three = r"(?P<edit>NN[EW]|SS[EW]|[EW]NE|[EW]SE|WNW|WSW)"
    for pattern, chars, hint in (
        (_STOPPED_POINT, ("N.", "S.", "E.", "W."), r" (?:[NSEW]\.){1,3}(?:[ ,;)]|$)"),
        (
            (
                rf"(?<!\w)(?:{_GOING})[:)]? {point}"
                r"(?= of [A-Zt]| (?:at |to )?\d| on | along |[,;)]|\.?$|\. )"
            ),
            "NSEW",
            COMPASS,
        ),
        (rf"(?<![A-Z] )(?<=[a-z\d,;] ){three}(?= {_BEHIND_POINT}(?!\w)|[,;)])", "NSEW", COMPASS),
    ):
        yield compile_rule(
            pattern, lambda match: directions.get(match["edit"].replace(".", "")), chars, hint
        )


def _build_state_rules(language: Language) -> Iterator[NormalisationRule]:
    """Two capitals after a town and `in`, or before a postcode; and older abbreviations."""
    postal = language.spellings("places.postal")
    older = language.spellings("places.older")
    if not postal:
        return
    code = rf"(?P<edit>{build_alternation(postal)})"
    expand = partial(_name_state, states=postal)
    prepositions = build_alternation(language.words("places.before_town"))
    yield compile_rule(
        rf"(?<!\w)(?i:{prepositions}) {_TOWN}, {code}(?![\w-]|\.\w|['’]\w)",
        expand,
        ",",
        r", [A-Z]{2}",
    )
    yield compile_rule(
        rf"(?<!\w){_TOWN},? {code}(?=,? \d{{5}}(?!\d))", expand, DIGITS, r"[A-Z]{2},? \d{5}"
    )
    yield from _build_older_state_rules(language, older)
    yield _build_party_rule(language, {**postal, **older})


def _build_older_state_rules(
    language: Language, older: Mapping[str, str]
) -> Iterator[NormalisationRule]:
    """`Mobile, Ala.`, `from Conn. and N.Y.`, `the 54th Mass. Infantry`, `the 20th Me.`."""
    listed = {**older, **language.spellings("places.listed")}
    expand = partial(_expand_older_state, states=listed, language=language)
    state = rf"(?P<edit>{build_alternation(older)})"
    end = r"(?=[,;)]| [a-z]|$)"
    preposition = "(?:[Ii]n|[Ff]rom|[Nn]ear|[Tt]hrough|[Aa]cross|of|to)"
    of_troops = rf"(?P<edit>{build_alternation(listed)})(?= {_TROOPS}| [a-z]|[,;)]|$)"
    for pattern, chars, hint in (
        (rf"(?<!\w){_TOWN}, {state}(?!\w|['’]\w)", ",", r", [A-Z][a-z]{1,5}\."),
        (rf"(?<!\w){preposition} {state}{end}", ".", r"[fhmnors] [A-Z]\S{1,4}\."),
        (rf"\({state}{end}", "(", r"\([A-Z]"),
        (rf"(?<=\d(?:st|nd|rd|th) ){of_troops}", DIGITS, r"\d[a-z]{2} [A-Z][A-Za-z.]{1,6}\."),
    ):
        yield compile_rule(pattern, expand, chars, hint)
    yield _build_state_list_rule(language, listed)


def _expand_older_state(
    match: re.Match[str], states: Mapping[str, str], language: Language
) -> str | None:
    text, end, written = match.string, match.end(), match["edit"]
    is_word = written in language.words("places.also_words")
    if is_word and end == len(text) and re.match("[A-Za-z][a-z]+ ", match[0]):
        return None  # the end of a sentence: `in Mass.`
    return states[written] + ("" if text.startswith(")", end) else keep_stop(text, end, language))


def _build_state_list_rule(language: Language, listed: Mapping[str, str]) -> NormalisationRule:
    """`in Minn., Wis., and Ohio`: several states show that each is one."""
    names = build_alternation([*listed, *language.spellings("places.postal").values()])
    joint = "(?:, and |, or |, | and | or | & )"

    @cache
    def compile_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
        chain = rf"(?<![\w.]){names}(?:{joint}{names})+(?!\w)"
        one = rf"(?<![\w.])({build_alternation(listed)})(?!\w)"
        return compile_pattern(chain), compile_pattern(one)

    def find(text: str) -> Iterator[Replacement]:
        return iterate_row_replacements(text, compile_patterns(), listed, language)

    return NormalisationRule(find, frozenset("."), r"\.(?:,|,? and|,? or| &) [A-Z]")


def _build_party_rule(language: Language, states: Mapping[str, str]) -> NormalisationRule:
    """`Lee (R-Ariz.)`, `Day, D-Mich., said`."""
    parties = language.spellings("places.parties")
    states = {**states, **{name: name for name in states.values()}}
    return compile_rule(
        rf"(?<=[( ])(?P<party>{build_alternation(parties)})[-–]"
        rf"(?P<state>{build_alternation(states)})(?=[,);])",
        lambda match: f"{parties[match['party']]} {states[match['state']]}",
        "-–",
        r"[-–](?<=[A-Z].)[A-Z][A-Za-z.]+[,);]",
    )


def _name_state(match: re.Match[str], states: Mapping[str, str]) -> str:
    return states[match["edit"]]


def _build_coordinate_rule(language: Language) -> NormalisationRule:
    directions = language.spellings("places.directions")
    names = {
        "d": language.number_forms("units")["°"],
        "m": language.number_forms("units")["min"],
        "s": language.number_forms("units")["sec"],
    }

    def expand(match: re.Match[str]) -> str:
        parts = [
            f"{match[key]} {forms[match[key] != '1']}" for key, forms in names.items() if match[key]
        ]
        return " ".join([*parts, directions.get(match["side"] or "", "")]).rstrip()

    return compile_rule(
        r"(?<![\w.,])(?P<d>\d{1,3}(?:\.\d+)?) ?° ?(?:(?P<m>\d{1,2}(?:\.\d+)?) ?['’′](?!['’]) ?)?"
        r"(?:(?P<s>\d{1,2}(?:\.\d+)?) ?(?:[\"”″]|''|’’) ?)?(?:(?P<side>[NSEW])(?![\w'’]))?"
        r"(?<=[NSEW'’′\"”″])(?:(?<=[NSEW])\.(?=[,;:)]| [a-z(]))?",
        expand,
        "°",
    )
