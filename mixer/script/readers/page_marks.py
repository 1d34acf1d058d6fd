"""Which elements of a page are read, which are skipped, and which are read unless they are marks.

Left out: scripts, styles, navigation, ruby readings, hidden text, page numbers, notes with their
references, sidenotes; of pages of the web also share bars, site headers and footers.
"""

from dataclasses import dataclass
from enum import Enum, auto

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import has_words, split_names
from mixer.script.readers.headings import CHAPTER_LEVEL
from mixer.script.readers.marks import (
    is_named_note_mark,
    is_note_mark,
    is_page_number,
    is_return_mark,
    names_counted_thing,
)
from mixer.script.readers.page_head import Attributes, PageStyles, parse_classes, parse_types

HEADING_LEVELS = {f"h{level}": level for level in range(1, 7)}
BLOCK_TAGS = split_names(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form header html legend li main ol option p pre section summary "
    "table tbody td tfoot th thead title tr ul"
)
_SKIPPED_TAGS = split_names(
    "annotation annotation-xml audio button canvas datalist del embed head iframe input label map "
    "nav noscript object rp rt rtc script select style svg template textarea video"
)
_SKIPPED_TYPES = split_names(
    "pagebreak noteref footnote footnotes endnote endnotes rearnote rearnotes note annoref "
    "annotation backlink page-list toc landmarks loi lot loa lov index index-locator "
    "doc-pagebreak doc-noteref doc-footnote doc-endnote doc-endnotes doc-backlink doc-pagelist "
    "doc-toc doc-index"
)
"""Of `epub:type` (EPUB Structural Semantics Vocabulary) and `role` (DPUB-ARIA)."""

NOTE_TYPES = split_names(
    "footnote footnotes endnote endnotes rearnote rearnotes note doc-footnote doc-endnote "
    "doc-endnotes"
)
_NOTE_REFERENCE_TYPES = split_names("noteref doc-noteref annoref")
_WORD_PART = compile_lazily(
    r"mso-element\s*+:\s*+(?:footnote|endnote|comment|header|footer|toc)", regex.IGNORECASE
)
"""What Word writes in its pages for parts that do not belong to the text."""

_SKIPPED_CLASSES = split_names(
    "footnote footnotes footnote-text footnotetext footnote-body footnote-definition endnote "
    "endnotes endnote-text rearnote rearnotes msofootnotetext msoendnotetext pg-boilerplate "
    "pgheader pgfooter tnotes pagenum pagenumber pageno page-number page_number pgnum "
    "x-ebookmaker-pageno sidenote "
    "visually-hidden visuallyhidden sr-only screen-reader-text toc-backref headerlink transnote "
    "anchorjs-link anchor-link hash-link jp-inputprompt jp-outputprompt input_prompt output_prompt "
    "cbj_banner cbj_comments cbj_footer linenos msotoc msotocheading msocommenttext "
    "endnote-link speechify-ignore ws-noexport mw-editsection noprint search-results"
)
_LISTENER_CLASSES = split_names("visually-hidden visuallyhidden sr-only screen-reader-text")
_REFERENCE_CLASSES = split_names(
    "footnote-ref footnoteref footnote-reference footnotereference footnote_ref footnote_reference "
    "footnotecall footnote-call footnote-back footnoteback footnote-backref footnote-link fnref "
    "fn-ref endnote-ref endnoteref noteref note-ref note-reference msofootnotereference "
    "msoendnotereference backlink back-link linenum lineno line-number linenumber line_number "
    "versenum verse-num verse-number versenumber vnum"
)
"""Of references to notes, and, where tools confuse their classes, of other links."""

_PAGE_CLASSES = split_names("page pb pg pagebreak page-break page_break folio page-no page_no pgno")
"""These hold page numbers in some books, and text in others."""

_SYMBOL_FONT = compile_lazily(r"font-family\s*+:\s*+[\"']?(?:symbol|wingdings)", regex.IGNORECASE)
"""Word's bullets: the letters of these fonts are pictures."""

_PAGE_ANCHOR = compile_lazily(r"(?:page|pg|p|pagenum)[_.-]?\d+", regex.IGNORECASE)
_ENDED_WORD = compile_lazily(r"(?:[.,;:!?…\"'”’»)\]]|\p{L}{3,}|(?<!\d)[12]\d{3})$")
_UNITS = split_names("km cm mm dm nm ft in yd mi sec min")
_LAST_WORD = compile_lazily(r"\p{L}+$")
SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_EDITORIAL = compile_lazily(r"\[[^\[\]\d]{2,40}\]")
"""Such as "[citation needed]"."""

_BASE = compile_lazily(r"(?:\d|\b\p{L})\s*+$")
_INTEGER = compile_lazily(r"\s*+[+−-]?\d{1,3}\s*+")


class MarkKind(Enum):
    """What an element's text may turn out to be when it ends."""

    NOTE_LINK = auto()
    REFERENCE = auto()
    SUPERSCRIPT = auto()
    SUBSCRIPT = auto()
    EXPONENT = auto()
    PAGE_NUMBER = auto()


SCRIPTS = {"msup": MarkKind.EXPONENT, "msub": MarkKind.SUBSCRIPT, "mfrac": None}
"""Of MathML: what becomes of the second of two children; a fraction's stands behind a slash."""


@dataclass(slots=True)
class Mark:
    """An open element whose text decides whether it is read; `at` counts pieces of its block."""

    kind: MarkKind
    depth: int
    at: int
    link: str = ""


@dataclass(frozen=True, slots=True)
class RewrittenMark:
    """What an element's text becomes; `is_note` and `is_page_number` where it is left out.

    A note's mark is a reference, unless it leads back.
    """

    text: str = ""
    is_note: bool = False
    is_reference: bool = True
    is_page_number: bool = False


def is_skipped(tag: str, attributes: Attributes, styles: PageStyles) -> bool:
    """Whether an element and all in it is left out, in a book as on a page of the web."""
    if tag == "math" and attributes.get("alttext"):
        return True
    if tag in _SKIPPED_TAGS or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if tag == "div" and attributes.get("title") in ("header", "footer"):
        return True  # of the pages that LibreOffice exported
    style = attributes.get("style", "")
    if style and (_SYMBOL_FONT.search(style) or _WORD_PART.search(style)):
        return True
    if _SKIPPED_TYPES & parse_types(attributes):
        return tag != "html"
    return styles.is_hidden(attributes) or bool(_SKIPPED_CLASSES & parse_classes(attributes))


def is_for_listeners(attributes: Attributes) -> bool:
    """Whether an element is only for screen readers; they read it instead of one that is shown."""
    return bool(_LISTENER_CLASSES & parse_classes(attributes))


def is_note_element(attributes: Attributes) -> bool:
    """Whether an element that is left out says that it holds notes."""
    return bool(parse_types(attributes) & NOTE_TYPES) or any(
        "note" in each for each in parse_classes(attributes) & _SKIPPED_CLASSES
    )


def is_note_reference(attributes: Attributes) -> bool:
    """Whether a link says that it leads to a note."""
    return bool(parse_types(attributes) & _NOTE_REFERENCE_TYPES)


def find_mark(
    tag: str, attributes: Attributes, place: tuple[int, int], link: str, styles: PageStyles
) -> Mark | None:
    """The mark that an element may be.

    Args:
        place: its depth, and the number of the block's pieces before it.
        link: the address of the link it stands in.
    """
    depth, at = place
    classes = parse_classes(attributes)
    if _REFERENCE_CLASSES & classes:
        return Mark(MarkKind.REFERENCE, depth, at, attributes.get("href", link))
    is_inline = tag not in BLOCK_TAGS and tag not in HEADING_LEVELS
    if tag == "sup" or (is_inline and styles.is_raised(attributes)):
        return Mark(MarkKind.SUPERSCRIPT, depth, at, link if "#" in link else "")
    if tag == "sub" or (is_inline and styles.is_lowered(attributes)):
        return Mark(MarkKind.SUBSCRIPT, depth, at)
    names = [attributes.get("id", ""), attributes.get("name", "")]
    is_anchor = tag in ("a", "span") and any(map(_PAGE_ANCHOR.fullmatch, names))
    if is_anchor or _PAGE_CLASSES & classes:
        return Mark(MarkKind.PAGE_NUMBER, depth, at)
    if tag == "a" and "#" in attributes.get("href", ""):
        return Mark(MarkKind.NOTE_LINK, depth, at, attributes["href"])
    return None


def rewrite_mark(mark: Mark, before: str, text: str) -> RewrittenMark | None:
    """What becomes of a mark's text behind other text; None where it is read as it is."""
    match mark.kind:
        case MarkKind.PAGE_NUMBER:
            return RewrittenMark(is_page_number=True) if is_page_number(text) else None
        case MarkKind.REFERENCE:
            is_mark = is_note_mark(text) or is_named_note_mark(text) or not has_words(text)
            is_reference = not is_return_mark(text) and (has_words(text) or is_note_mark(text))
            return RewrittenMark("", bool(mark.link), is_reference) if is_mark else None
        case MarkKind.NOTE_LINK:
            if is_return_mark(text):
                return RewrittenMark(is_note=True, is_reference=False)
            return RewrittenMark(is_note=True) if _is_note_link(before, text) else None
        case MarkKind.SUPERSCRIPT:
            return _rewrite_superscript(mark, before, text)
        case MarkKind.SUBSCRIPT | MarkKind.EXPONENT:
            return _rewrite_script(mark.kind is MarkKind.SUBSCRIPT, text)


def _rewrite_script(is_lowered: bool, text: str) -> RewrittenMark | None:
    if not is_lowered:
        is_number = _INTEGER.fullmatch(text) is not None
        return RewrittenMark(text.translate(SUPERSCRIPTS)) if is_number else None
    is_number = text.strip().isdecimal() and text.isascii()
    return RewrittenMark(text.translate(_SUBSCRIPTS)) if is_number else None


def _is_note_link(before: str, text: str) -> bool:
    is_bracketed = text.strip().startswith("[")
    if is_note_mark(text) and (is_bracketed or not text.strip("() \n").isalpha()):
        return not (text.strip().isdecimal() and names_counted_thing(before))
    return is_named_note_mark(text) and bool(before) and not before[-1].isspace()


def _rewrite_superscript(mark: Mark, before: str, text: str) -> RewrittenMark | None:
    mark_text = text.strip()
    if mark_text and (not has_words(mark_text) or _EDITORIAL.fullmatch(mark_text)):
        return RewrittenMark()
    if not is_note_mark(mark_text):
        return None
    if mark.link or not mark_text[0].isalnum():
        return RewrittenMark(is_note=True)
    return _rewrite_power(before, text) if _INTEGER.fullmatch(text) else None


def _rewrite_power(before: str, text: str) -> RewrittenMark:
    word = _LAST_WORD.search(before[-4:])
    is_unit = word is not None and word[0] in _UNITS
    if _stands_alone(before) or (_ENDED_WORD.search(before) and not is_unit):
        return RewrittenMark(is_note=True)
    return RewrittenMark(text.translate(SUPERSCRIPTS))


def _stands_alone(before: str) -> bool:
    """Whether a raised number has no base, such as that of a verse."""
    is_apart = not before.strip() or before[-1].isspace()
    return is_apart and _BASE.search(before) is None


def find_level(tag: str, attributes: Attributes) -> int:
    """The level of a heading, by its element or its role; 0 for any other block."""
    level = HEADING_LEVELS.get(tag, 0)
    if not level and attributes.get("role", "").lower() == "heading":
        stated = attributes.get("aria-level", "2")
        level = int(stated) if stated in "123456" else CHAPTER_LEVEL
    return level


def is_drop_cap_class(name: str) -> bool:
    """Whether a class is for a letter that is set large at the beginning."""
    return "drop" in name or name in ("initial", "firstletter", "first-letter", "lettrine")


def is_page_class(attributes: Attributes) -> bool:
    """Whether an element's class is one for page numbers."""
    return any(each.startswith("page") for each in parse_classes(attributes))
