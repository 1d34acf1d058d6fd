"""Marks that authors write into plain text and Markdown: voices, pauses, ways of saying.

    Tom: Who is there?                     a paragraph that a name of the cast says
    Tom:                                   alone in its paragraph: all that follow, up to the next
    He said [[Tom: come in]] and left.     another voice inside a paragraph
    [[pause 2s]] [[pause 300ms]]           silence
    [[emphasis: never]]                    stress, where the engine has it
    [[lang fr: bon voyage]]                words of another language, where the engine has it
    [[say nginx: engine x]]                how to say a word; /ˈendʒɪnˈeks/ for its sounds
    [[music sea.mp3]] [[sting bell.wav]]   music and sounds, see mixer.script.sounds

Marks are checked line by line before anything is read; then they are taken out of the blocks that
the text's own reader has made, so that both ways of writing share them.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import regex

from mixer.errors import UnreadableText
from mixer.script.casting import NARRATOR, Role
from mixer.script.document import Block, BlockKind, has_words, paragraph, tidy
from mixer.script.marking import PAUSE, Attributes, Mark, MarkedText
from mixer.script.pauses import MAX_PAUSE_MS
from mixer.script.sounds import Sounds, Unclear, as_waiting, split_mark
from mixer.script.ssml_source import duration_ms

EMPHASES = frozenset({"strong", "moderate", "reduced"})

_PAUSE = regex.compile(r"pause\s+(?P<length>\S+)")
_WRAPPING = regex.compile(r"(?P<kind>emphasis|lang|say)(?:\s+(?P<of>[^:]+?))?\s*:\s*(?P<words>.+)")
_KEYWORD = regex.compile(r"(?:pause|emphasis|lang|say|(?:music|sting|sound)(?=\s))\b")
_MARK = regex.compile(r"\[\[\s*(?P<body>(?:(?!\]\]).)*?)\s*\]\]", regex.DOTALL)
_OPEN = regex.compile(r"\[\[\s*")
_PARAGRAPH_END = regex.compile(r"\n[ \t]*\n|\Z")
_LANGUAGE = regex.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_MARKS_ALONE = regex.compile(r"[ \t]*(?:\[\[(?:(?!\]\]).)*\]\][ \t]*)+")
_KINDS = "pause, emphasis, lang, say, music, sting, sound, or a name of the cast"
_NO_SOUNDS = Sounds(None, {})


@dataclass(frozen=True, slots=True)
class Markup:
    """The marks of a text.

    Attributes:
        cast: whose names may stand before what is said.
        name: of the text, for errors.
        first_line: of the text after its head.
        sounds: that the head names.
        sound_lines: where marks that are sounds stand, by what they say; used up in their order.
        has_true_headings: whether headings are marked as such, and never name a speaker.
    """

    cast: Sequence[Role]
    name: str
    first_line: int = 1
    sounds: Sounds = _NO_SOUNDS
    sound_lines: Mapping[str, deque[int]] = field(default_factory=dict)
    has_true_headings: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Who may speak."""
        return frozenset(role.name for role in self.cast)

    def prepared(self, text: str) -> str:
        """The text, checked, with lines that a voice or a mark opens as paragraphs of their own.

        Raises:
            UnreadableText: a mark is not closed, or says what there is not; names the line.
        """
        self._check(text)
        return "\n".join(map(self._parted, text.split("\n")))

    def applied(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Blocks without the marks in their text, each with its speaker and its own marks."""
        found: list[Block] = []
        speaker, waiting = "", list[Mark]()
        for block in blocks:
            if block.kind is BlockKind.SCENE_BREAK:
                found.append(block)
                continue
            named, text = self._speaker_of(block)
            if block.kind is BlockKind.HEADING and named is None:
                speaker = ""
            if named is not None and not text:
                speaker = named
                continue
            whole = replace(block, text=text) if named is None else paragraph(text)
            for part in self._parts(whole, speaker if named is None else named):
                waiting = _placed(found, part, waiting)
        return tuple(found)

    def _parted(self, line: str) -> str:
        """A line, with the blank lines around it that make it begin or be a paragraph."""
        label, colon, said = line.strip().partition(":")
        is_label = bool(colon) and label in self.names
        if _MARKS_ALONE.fullmatch(line) or (is_label and not said.strip()):
            return f"\n{line}\n"
        return f"\n{line}" if is_label else line

    def _speaker_of(self, block: Block) -> tuple[str | None, str]:
        """Who is named at a block's beginning, and what follows the name."""
        label, colon, rest = block.text.partition(":")
        is_title = block.kind is BlockKind.HEADING and self.has_true_headings
        if colon and label.strip() in self.names and not is_title:
            return self._called(label), rest.strip()
        return None, block.text

    def _called(self, label: str) -> str:
        """The speaker of a name; the narrator has none."""
        return "" if label.strip() == NARRATOR else label.strip()

    def _check(self, text: str) -> None:
        for opening in _OPEN.finditer(text):
            if not self._is_meant(text[opening.end() : opening.end() + 60]):
                continue
            match = _MARK.match(text, opening.start())
            end = _PARAGRAPH_END.search(text, opening.end())
            if match is None or (end is not None and match.end() > end.start()):
                self._refuse(text, opening.start(), "is not closed by ]]")
            elif why := self._fault(match["body"]):
                self._refuse(text, opening.start(), why)

    def _is_meant(self, body: str) -> bool:
        """Whether brackets are a mark: by a keyword; with a cast, all of them are."""
        return bool(_KEYWORD.match(body)) or bool(self.cast)

    def _fault(self, body: str) -> str:
        """What is wrong with a mark; empty when nothing is."""
        if "[[" in body:
            return "holds another mark"
        if match := _PAUSE.fullmatch(body):
            length_ms = duration_ms(match["length"])
            fits = length_ms is not None and length_ms <= MAX_PAUSE_MS
            return "" if fits else 'takes a length such as "300ms" or "2s", at most 10s'
        if match := _WRAPPING.fullmatch(body):
            return _wrapping_fault(match["kind"], match["of"] or "")
        if sound := split_mark(body):
            return self._sound_fault(*sound)
        if self._voice_in(body):
            return ""
        return f"is no mark; there are {_KINDS}"

    def _sound_fault(self, kind: str, what: str) -> str:
        try:
            self.sounds.attributes(kind, what)
        except Unclear as error:
            return str(error)
        return ""

    def _refuse(self, text: str, at: int, why: str) -> None:
        line = text.count("\n", 0, at) + self.first_line
        shown = " ".join(text[at : at + 60].partition("]]")[0][:40].split())
        raise UnreadableText(f"{self.name} is refused: line {line}: “{shown}…” {why}.")

    def _voice_in(self, body: str) -> tuple[str, str] | None:
        label, colon, words = body.partition(":")
        if colon and label.strip() in self.names and words.strip():
            return self._called(label), words.strip()
        return None

    def _parts(self, block: Block, speaker: str) -> Iterator[Block]:
        """A block parted where another voice speaks inside it."""
        parts: list[Block] = []
        start = 0
        for match in _MARK.finditer(block.text):
            voice = self._voice_in(match["body"])
            if voice is not None:
                parts += [self._marked(block, block.text[start : match.start()], speaker)]
                parts += [self._marked(block, voice[1], voice[0])]
                start = match.end()
        parts += [self._marked(block, block.text[start:], speaker)]
        told = [part for part in parts if has_words(part.text) or part.marks]
        for index, part in enumerate(told):
            yield replace(part, continues=index < len(told) - 1)

    def _marked(self, block: Block, text: str, speaker: str) -> Block:
        """A stretch of a block, its marks taken out of its text."""
        told = MarkedText()
        start = 0
        for match in _MARK.finditer(text):
            told.say(text[start : match.start()])
            if not self._take(told, match["body"]):
                told.say(match[0])
            start = match.end()
        told.say(text[start:])
        words, marks = told.finished()
        return replace(block, text=words, marks=marks, speaker=speaker)

    def _take(self, told: MarkedText, body: str) -> bool:
        """Put a mark where it stands; False where it is none."""
        begun = told.length
        if match := _PAUSE.fullmatch(body):
            told.mark(begun, PAUSE, (("time", f"{duration_ms(match['length'])}ms"),))
        elif match := _WRAPPING.fullmatch(body):
            kind, of, words = match["kind"], match["of"] or "", match["words"].strip()
            told.say(of if kind == "say" else words)
            told.mark(begun, *said_as(words) if kind == "say" else _element(kind, of))
        elif sound := split_mark(body):
            lines = self.sound_lines.get(tidy(body))
            line = lines.popleft() if lines else 0
            told.mark(begun, sound[0], self.sounds.attributes(*sound), line)
        else:
            return False
        return True


def lines_of_sounds(text: str, first_line: int) -> dict[str, deque[int]]:
    """The lines on which marks that are sounds stand, in order, by what they say.

    Args:
        text: that the marks stand in.
        first_line: number of its first line.
    """
    found: dict[str, deque[int]] = {}
    for match in _MARK.finditer(text):
        if split_mark(match["body"]):
            line = text.count("\n", 0, match.start()) + first_line
            found.setdefault(tidy(match["body"]), deque()).append(line)
    return found


def _wrapping_fault(kind: str, of: str) -> str:
    if kind == "emphasis" and of and of not in EMPHASES:
        return f"takes one of {', '.join(sorted(EMPHASES))}"
    if kind == "lang" and not _LANGUAGE.fullmatch(of):
        return "names no language, such as in [[lang fr: bon voyage]]"
    return "names no word, such as in [[say nginx: engine x]]" if kind == "say" and not of else ""


def said_as(way: str) -> tuple[str, Attributes]:
    """The element for a way of saying a word: its sounds between slashes, or other words."""
    if len(way) > len("//") and way[0] == way[-1] == "/":
        return "phoneme", (("alphabet", "ipa"), ("ph", way[1:-1].strip()))
    return "sub", (("alias", way),)


def _element(kind: str, of: str) -> tuple[str, Attributes]:
    if kind == "lang":
        return "lang", (("xml:lang", of),)
    return "emphasis", (("level", of or "strong"),)


def _placed(found: list[Block], part: Block, waiting: list[Mark]) -> list[Mark]:
    """Put a block behind the others, and return the marks that wait for one.

    A silence without words belongs to what was said before; at the very beginning it waits.
    """
    if has_words(part.text):
        found.append(replace(part, marks=(*map(as_waiting, waiting), *part.marks)))
        return []
    if any(block.text for block in found):
        _append(found, part.marks)
        return waiting
    return [*waiting, *part.marks]


def _append(found: list[Block], marks: Sequence[Mark]) -> None:
    """Put marks at the end of the last block that has words."""
    index = max(at for at, block in enumerate(found) if block.text)
    last = found[index]
    at_end = (replace(mark, start=len(last.text), end=len(last.text)) for mark in marks)
    found[index] = replace(last, marks=(*last.marks, *at_end))
