"""What style sheets say that changes what is read: hidden, raised, strong, own lines."""

from collections.abc import Mapping
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.marks import remove_spans

_HIDDEN = compile_lazily(
    r"(?:display\s*+:\s*+none|visibility\s*+:\s*+hidden|mso-hide\s*+:\s*+all)\b", regex.IGNORECASE
)
_RAISED = compile_lazily(
    r"vertical-align\s*+:\s*+(?:super\b|(?!0+%)[\d.]++(?:%|r?em))", regex.IGNORECASE
)
_LOWERED = compile_lazily(r"vertical-align\s*+:\s*+(?:sub\b|-[\d.]++(?:%|r?em))", regex.IGNORECASE)
_OWN_LINE = compile_lazily(r"display\s*+:\s*+(?:block|table|flex|list-item)\b", regex.IGNORECASE)
_STRONG = compile_lazily(r"font-weight\s*+:\s*+(?:bold(?:er)?|[6-9]00)\b", regex.IGNORECASE)
_CLASS_SELECTOR = compile_lazily(r"\s*+[\w*]*\.([\w-]++)\s*+")
_FLOATING = compile_lazily(r"(?i)\bfloat\s*+:\s*+left")
_BRACE = compile_lazily(r"[{}]")


@dataclass(frozen=True, slots=True)
class PageStyles:
    """Classes by what a style sheet makes of them on all devices."""

    hidden: frozenset[str] = frozenset()
    raised: frozenset[str] = frozenset()
    lowered: frozenset[str] = frozenset()
    own_line: frozenset[str] = frozenset()
    strong: frozenset[str] = frozenset()
    floating: frozenset[str] = frozenset()

    def add(self, more: "PageStyles") -> "PageStyles":
        """These and others."""
        return PageStyles(
            self.hidden | more.hidden,
            self.raised | more.raised,
            self.lowered | more.lowered,
            self.own_line | more.own_line,
            self.strong | more.strong,
            self.floating | more.floating,
        )

    def is_hidden(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element is not shown."""
        return _has_style(attributes, _HIDDEN, self.hidden)

    def is_raised(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element stands above the line, as `<sup>` does."""
        return _has_style(attributes, _RAISED, self.raised)

    def is_lowered(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element stands below the line, as `<sub>` does."""
        return _has_style(attributes, _LOWERED, self.lowered)

    def has_own_line(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element of a line begins and ends one."""
        return _has_style(attributes, _OWN_LINE, self.own_line)

    def is_strong(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether an element is set in bold type."""
        return tag in ("b", "strong") or _has_style(attributes, _STRONG, self.strong)

    def is_floating(self, attributes: Mapping[str, str]) -> bool:
        """Whether text flows around an element, such as a letter that begins a chapter."""
        return _has_style(attributes, _FLOATING, self.floating)


NO_STYLES = PageStyles()


def _has_style(
    attributes: Mapping[str, str], pattern: regex.Pattern[str], classes: frozenset[str]
) -> bool:
    style = attributes.get("style")
    if style and pattern.search(style):
        return True
    return bool(classes) and not classes.isdisjoint(attributes.get("class", "").split())


def read_styles(css: str) -> PageStyles:
    """Read a style sheet."""
    css = remove_spans(css, "/*", "*/")
    found: dict[regex.Pattern[str], set[str]] = {
        each: set() for each in (_HIDDEN, _RAISED, _LOWERED, _OWN_LINE, _STRONG, _FLOATING)
    }
    depth, selectors, start = 0, "", 0
    for match in _BRACE.finditer(css):
        between, start = css[start : match.start()], match.end()
        if match[0] == "{":
            selectors = between if depth == 0 else selectors
            depth += 1
            continue
        if depth == 1:
            for pattern, classes in found.items():
                if pattern.search(between):
                    matches = map(_CLASS_SELECTOR.fullmatch, selectors.split(","))
                    classes |= {each[1] for each in matches if each}
        depth = max(0, depth - 1)
    return PageStyles(*map(frozenset, found.values()))
