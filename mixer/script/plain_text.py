"""Plain text to Document: paragraphs, headings and scene breaks told by their looks alone.

Plain text says nothing about itself, so this reads the conventions that people follow: a blank
line between paragraphs (or an indented first line, or one paragraph a line), a short line on its
own for a title, "Chapter IV" for a chapter, a line of asterisks for a change of scene.
"""

import regex

from mixer.script.document import SCENE_BREAK, Block, Document, has_words, heading, paragraph

TITLE_CHARS = 80
"""A longer first line is taken for prose."""

WRAPPED_LINE_CHARS = 90
"""Longer lines than an editor wraps at: then every line is a paragraph of its own."""

_CHAPTER_WORDS = (
    "chapter|part|book|act|scene|canto|volume|kapitel|teil|buch|akt|chapitre|partie|livre|acte"
    "|cap[ií]tulo|cap[ií]tol|parte|libro|livro|capitolo|atto|hoofdstuk|deel|boek|kapittel|luku|kafli"
    "|rozdział|część|kapitola|část|capitolul|partea|bölüm|kısım|pennod|rhan|глава|часть|книга"
    "|अध्याय|भाग|الفصل|الجزء"
)
_STANDALONE_WORDS = (
    "prologue|epilogue|foreword|preface|introduction|afterword|prolog|epilog|vorwort|nachwort"
    "|prologo|prólogo|epílogo|epilogo|épilogue|avant-propos|пролог|эпилог"
)
_CHAPTER_LINE = regex.compile(
    rf"(?:(?:{_CHAPTER_WORDS})\s+(?:\d+|[ivxlcdm]+\b|\p{{L}}[\p{{L}}-]*)(?:\s*[.:–—-].*)?"
    rf"|(?:{_STANDALONE_WORDS})(?:\s*[.:–—-].*)?"
    r"|第\s*[\d一二三四五六七八九十百千〇零两]+\s*[章回部节節話话編编巻卷幕].*"
    r"|제\s*\d+\s*[장부화막].*)",
    regex.IGNORECASE,
)
_SCENE_LINE = regex.compile(r"\s*(?:[*＊•·~#=_–—-]\s*){1,}\s*|\s*(?:§|⁂|❧|❦)\s*")
_ENDS_A_SENTENCE = regex.compile(r"""[.!?…。！？।॥؟۔,;:，；：][\p{Pf}\p{Pe}"'’”»]*$""")
_CJK_EDGE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}，。！？、；：」』）…]")


def read_plain_text(text: str) -> Document:
    """Read a text by its looks; its words come out all, in order."""
    groups = _paragraph_lines(text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4))
    blocks = [_block(lines, first=index == 0) for index, lines in enumerate(groups)]
    return Document(tuple(_without_false_title(blocks)))


def _paragraph_lines(text: str) -> list[list[str]]:
    """The lines of each paragraph."""
    lines = [line.rstrip() for line in text.split("\n")]
    if _one_paragraph_a_line(lines):
        return [[line] for line in lines if line]
    groups: list[list[str]] = [[]]
    for line in lines:
        if not line or _is_scene_break(line) or _starts_indented(line, groups[-1]):
            groups.append([])
        if line:
            groups[-1].append(line)
        if _is_scene_break(line):
            groups.append([])
    return [group for group in groups if group]


def _one_paragraph_a_line(lines: list[str]) -> bool:
    """Whether nothing but line breaks parts the paragraphs."""
    filled = [line for line in lines if line]
    if len(filled) < len(lines) - 1 and "" in lines[1:-1]:
        return False
    ended = sum(1 for line in filled if _ENDS_A_SENTENCE.search(line))
    long = sum(1 for line in filled if len(line) > WRAPPED_LINE_CHARS)
    return long > 0 or ended * 4 >= len(filled) * 3


def _starts_indented(line: str, before: list[str]) -> bool:
    """Whether an indented line opens a paragraph: the line above it is not indented as well."""
    return bool(before) and line[0].isspace() and not before[-1][0].isspace()


def _is_scene_break(line: str) -> bool:
    return bool(line) and _SCENE_LINE.fullmatch(line) is not None


def _block(lines: list[str], *, first: bool) -> Block:
    if len(lines) == 1 and _is_scene_break(lines[0]):
        return SCENE_BREAK
    text = _join(lines)
    if len(lines) > 1 or len(text) > TITLE_CHARS or _ENDS_A_SENTENCE.search(text):
        is_chapter = len(lines) == 1 and len(text) <= TITLE_CHARS and _CHAPTER_LINE.fullmatch(text)
        return heading(text, 2) if is_chapter else paragraph(text)
    if _CHAPTER_LINE.fullmatch(text) or _is_shouted(text):
        return heading(text, 2)
    return heading(text, 1) if first and has_words(text) else paragraph(text)


def _is_shouted(text: str) -> bool:
    """A short line in capitals, as typists mark headings."""
    return text.isupper() and len(text.split()) > 1


def _join(lines: list[str]) -> str:
    """Wrapped lines as one; scripts without spaces are joined without them."""
    text = lines[0].strip()
    for line in lines[1:]:
        following = line.strip()
        glue = "" if _CJK_EDGE.match(text[-1]) and _CJK_EDGE.match(following[0]) else " "
        text = f"{text}{glue}{following}"
    return text


def _without_false_title(blocks: list[Block]) -> list[Block]:
    """A short text of one line is a sentence to say, not a title of nothing."""
    if len(blocks) == 1 and blocks[0].level == 1:
        return [paragraph(blocks[0].text)]
    return blocks
