"""Pages of a plain text, as tools make them of a PDF: form feeds divide them.

What stands at their edges is left out where it counts with the pages, recurs, or repeats a title;
so are notes at their foot, with the numbers that refer to them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import ends_statement
from mixer.script.readers.marks import fold_title

MIN_PAGES, MIN_COUNTED = 4, 3
MAX_HEAD_CHARS, MAX_NOTE_LINES, EDGE_LINES = 80, 40, 2
MIN_HEADED_SHARE = 0.25
"""Of pages with a head, where heads are left out."""

MIN_TYPED_LINES, MIN_OPEN_SHARE = 20, 3
"""Of lines with an empty one between each two; of those, one of so many stops in a sentence."""

_LINE_END = compile_lazily(r"\r\n?")
_HYPHEN = compile_lazily(r"(?<=\p{L})\u2010(?=\n)")
"""That divides a word at the end of a line; pages have no other."""

_NUMBER = compile_lazily(
    r"[-–—[(]?\s*(?P<lone>\d{1,4})\s*[-–—\]).]?|(?P<left>\d{1,4})\s+\D.{0,80}"
    r"|.{0,80}\D\s+(?:\[(?:[Pp]age )?)?(?P<right>\d{1,4})\]?"
)
_ROMAN_NUMBER = compile_lazily(r"[ivxlc]{1,7}")
_WIDE_GAP = compile_lazily(r"\S\s{3,}\S")
"""Between what stands on the left of a head and on its right."""

_NUMBER_OF_HEAD = compile_lazily(r"^\d{1,4}\s+|\s+\d{1,4}$")
_NOTE = compile_lazily(
    r"\s*(?P<number>\d{1,3})(?:[.)]\s+|\s+(?=[\p{Lu}“\"‘])|(?P<glued>)(?=[\p{Lu}“\"‘]|\s*$))"
)
_LONE_MARK = compile_lazily(r"\s*(?P<number>\d{1,3})\s*")
_GLUED_MARK = compile_lazily(r"(?<=[\p{L}.,;:!?”\"’)])\d{1,3}(?!\d)")


def join_pages(text: str) -> str:
    """A text as one page; one without form feeds, or of few pages, as it is."""
    if text.count("\f") + 1 < MIN_PAGES:
        return text
    text = _HYPHEN.sub("-", _LINE_END.sub("\n", text))
    pages = [list(map(str.rstrip, page.split("\n"))) for page in text.split("\f")]
    return "\n".join(_Pages(pages).iter_lines())


def close_double_spacing(text: str) -> str:
    """A text as typists leave it to be corrected, with an empty line below each, as others are."""
    if text.count("\n\n") * MIN_OPEN_SHARE < text.count("\n"):  # quicker than its lines
        return text
    lines = text.split("\n")
    places = [n for n, line in enumerate(lines) if line.strip()]
    pairs = [(lines[one], lines[two].lstrip()) for one, two in pairwise(places) if two == one + 2]
    open_pairs = sum(not ends_statement(one) and two[0].islower() for one, two in pairs)
    is_typed = len(pairs) >= MIN_TYPED_LINES and len(pairs) * 5 >= len(places) * 4
    if not is_typed or open_pairs * MIN_OPEN_SHARE < len(pairs):
        return text
    kept = lines[: places[0] + 1]
    for one, two in pairwise(places):
        kept += [""] * ((two - one - 1) // 2) + [lines[two]]
    return "\n".join(kept)


@dataclass
class _Pages:
    """Pages as their lines, and those lines that are left out: by page, and place in it."""

    pages: Sequence[Sequence[str]]
    dropped: set[tuple[int, int]] = field(default_factory=set)

    def iter_lines(self) -> Iterator[str]:
        """The lines of the text; a sentence goes on from page to page."""
        self._drop_numbers()
        self._drop_heads()
        last = ""
        for n in range(len(self.pages)):
            page = "\n".join(self._drop_notes(n)).rstrip("\n")
            kept = page.lstrip("\n").split("\n")
            if last and (ends_statement(last) or not kept[0].lstrip()[:1].islower()):
                yield from [""] * max(1, len(page) - len(page.lstrip("\n")) - EDGE_LINES)
            yield from kept
            last = next((line for line in reversed(kept) if line.strip()), last)

    def _list_edges(self, n: int) -> list[int]:
        """The places of the lines at the edges of a page that are not left out yet."""
        page = self.pages[n]
        written = [m for m, line in enumerate(page) if line.strip() and (n, m) not in self.dropped]
        return list(dict.fromkeys((*written[:EDGE_LINES], *written[-EDGE_LINES:])))

    def _drop_numbers(self) -> None:
        """Drop lines whose numbers count with the pages."""
        found = [(n, m, step) for n in range(len(self.pages)) for m, step in self._iter_steps(n)]
        steps = Counter(step for n, m, step in found)
        usual, count = steps.most_common(1)[0] if steps else (0, 0)
        if count >= MIN_COUNTED:
            self.dropped |= {(n, m) for n, m, step in found if step == usual}
            for n, page in enumerate(self.pages):
                edges = self._list_edges(n)
                self.dropped |= {(n, m) for m in edges if _ROMAN_NUMBER.fullmatch(page[m].strip())}

    def _iter_steps(self, n: int) -> Iterator[tuple[int, int]]:
        """How far the numbers at a page's edges are from its own."""
        for m in self._list_edges(n):
            line = self.pages[n][m].strip()
            match = _NUMBER.fullmatch(line) if len(line) <= MAX_HEAD_CHARS else None
            if match and (match["lone"] or not ends_statement(line)):
                yield m, int(match["lone"] or match["left"] or match["right"]) - n

    def _drop_heads(self) -> None:
        """Drop first lines that recur, or repeat a title: of two alike the one below is it."""
        first = {n: edges[0] for n in range(len(self.pages)) if (edges := self._list_edges(n))}
        heads: dict[str, list[int]] = {}
        for n, m in first.items():
            line, under = self.pages[n][m].strip(), self.pages[n][m + 1 : m + 2]
            if len(line) <= MAX_HEAD_CHARS and under == [""] and not ends_statement(line):
                heads.setdefault(_fold_head(line), []).append(n)
        recurring = {head: found for head, found in heads.items() if len(found) > 1}
        titled = [n for each in heads.values() for n in each if self._has_title_below(n, first[n])]
        headed = {n for found in recurring.values() for n in found} | set(titled)
        if len(headed) < MIN_HEADED_SHARE * len(self.pages):
            return
        self.dropped |= {(n, first[n]) for n in titled}
        for found in recurring.values():
            self.dropped |= {(n, first[n]) for n in self._iter_repeated(found, first)}

    def _iter_repeated(self, found: Sequence[int], first: dict[int, int]) -> Iterator[int]:
        """The pages whose first line is a head; the first of them, unless that is a title."""
        title = self.pages[found[0]][first[found[0]]].strip()
        for last, n in zip([None, *found], found, strict=False):
            is_other = self.pages[n][first[n]].strip() != title
            is_next = last is not None and (is_other or n - last <= EDGE_LINES)
            is_next = is_next or _WIDE_GAP.search(title) is not None
            if is_next or self._interrupts(n, first[n]):
                yield n

    def _interrupts(self, n: int, m: int) -> bool:
        """Whether a page's first line is inside a sentence."""
        before = self._list_edges(n - 1)[-1:] if n else []
        below = next((line for line in self.pages[n][m + 1 :] if line.strip()), "")
        is_open = any(not ends_statement(self.pages[n - 1][k]) for k in before)
        return is_open and below.lstrip()[:1].islower()

    def _has_title_below(self, n: int, m: int) -> bool:
        page, head = self.pages[n], _fold_head(self.pages[n][m].strip())
        return any(fold_title(line) == head for line in page[m + 1 :] if line.strip()) and bool(
            head
        )

    def _drop_notes(self, n: int) -> list[str]:
        """The lines of a page, without notes at its foot and what refers to them."""
        lines = ["" if (n, m) in self.dropped else line for m, line in enumerate(self.pages[n])]
        for m in reversed(range(max(1, len(lines) - MAX_NOTE_LINES), len(lines))):
            match = _NOTE.match(lines[m])
            if match is None or not _begins_paragraph(
                lines[m - 1], is_glued=match["glued"] is not None
            ):
                continue
            end = next((k for k in range(m, len(lines)) if not lines[k].strip()), len(lines))
            above = _drop_mark(lines[:m], match["number"])
            if above and not any(map(str.strip, lines[end:])):
                lines = above
        return lines


def _begins_paragraph(above: str, *, is_glued: bool) -> bool:
    """Whether a note may begin below a line; of one whose number is raised no line is empty."""
    return not above.strip() or (is_glued and ends_statement(above))


def _drop_mark(lines: list[str], number: str) -> list[str]:
    """Lines without the raised number of a note; none where no line has it."""
    for m in reversed(range(len(lines))):
        lone = _LONE_MARK.fullmatch(lines[m])
        if lone and lone["number"] == number and any(lines[m - 1 : m]):
            return [*lines[:m], *lines[m + 1 :], ""]
    for m in reversed(range(len(lines))):
        for found in _GLUED_MARK.finditer(lines[m]):
            if found[0] == number:
                line = lines[m][: found.start()] + lines[m][found.end() :]
                return [*lines[:m], line, *lines[m + 1 :]]
    return []


def _fold_head(line: str) -> str:
    return fold_title(_NUMBER_OF_HEAD.sub("", line))
