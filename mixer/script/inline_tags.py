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
from mixer.script.annotations import BREAK_TAG, AnnotatedTextBuilder, Annotation, Attributes
from mixer.script.document import Block, BlockKind, collapse_whitespace, has_words, paragraph
from mixer.script.front_matter import NARRATOR, Role
from mixer.script.pauses import MAX_PAUSE_MS
from mixer.script.readers.ssml_text import parse_duration_ms
from mixer.script.sounds import InvalidSound, SoundDefinitions, move_to_start, split_sound_tag

EMPHASIS_LEVELS = frozenset({"strong", "moderate", "reduced"})

_PAUSE = regex.compile(r"pause\s+(?P<length>\S+)")
_WRAPPING = regex.compile(r"(?P<kind>emphasis|lang|say)(?:\s+(?P<of>[^:]+?))?\s*:\s*(?P<words>.+)")
_KEYWORD = regex.compile(r"(?:pause|emphasis|lang|say|(?:music|sting|sound)(?=\s))\b")
_TAG = regex.compile(r"\[\[\s*(?P<body>(?:(?!\]\]).)*?)\s*\]\]", regex.DOTALL)
_TAG_START = regex.compile(r"\[\[\s*")
_PARAGRAPH_END = regex.compile(r"\n[ \t]*\n|\Z")
_LANGUAGE = regex.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_TAGS_ONLY = regex.compile(r"[ \t]*(?:\[\[(?:(?!\]\]).)*\]\][ \t]*)+")
_TAG_KINDS = "pause, emphasis, lang, say, music, sting, sound, or a name of the cast"
_NO_SOUNDS = SoundDefinitions(None, {})


@dataclass(frozen=True, slots=True)
class InlineTagReader:
    """The marks of a text.

    Attributes:
        cast: whose names may stand before what is said.
        name: of the text, for errors.
        first_line: of the text after its head.
        sounds: that the head names.
        sound_lines: where marks that are sounds stand, by what they say; used up in their order.
        has_explicit_headings: whether headings are marked as such, and never name a speaker.
    """

    cast: Sequence[Role]
    name: str
    first_line: int = 1
    sounds: SoundDefinitions = _NO_SOUNDS
    sound_lines: Mapping[str, deque[int]] = field(default_factory=dict)
    has_explicit_headings: bool = False

    @property
    def speaker_names(self) -> frozenset[str]:
        """Who may speak."""
        return frozenset(role.name for role in self.cast)

    def prepare_text(self, text: str) -> str:
        """The text, checked, with lines that a voice or a mark opens as paragraphs of their own.

        Raises:
            UnreadableText: a mark is not closed, or says what there is not; names the line.
        """
        self._check_tags(text)
        return "\n".join(map(self._isolate_line, text.split("\n")))

    def extract_tags(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Blocks without the marks in their text, each with its speaker and its own marks."""
        found: list[Block] = []
        speaker, waiting = "", list[Annotation]()
        for block in blocks:
            if block.kind is BlockKind.SCENE_BREAK:
                found.append(block)
                continue
            named, text = self._split_speaker(block)
            if block.kind is BlockKind.HEADING and named is None:
                speaker = ""
            if named is not None and not text:
                speaker = named
                continue
            whole = replace(block, text=text) if named is None else paragraph(text)
            for part in self._split_voices(whole, speaker if named is None else named):
                waiting = _append_block(found, part, waiting)
        return tuple(found)

    def _isolate_line(self, line: str) -> str:
        """A line, with the blank lines around it that make it begin or be a paragraph."""
        label, colon, said = line.strip().partition(":")
        is_label = bool(colon) and label in self.speaker_names
        if _TAGS_ONLY.fullmatch(line) or (is_label and not said.strip()):
            return f"\n{line}\n"
        return f"\n{line}" if is_label else line

    def _split_speaker(self, block: Block) -> tuple[str | None, str]:
        """Who is named at a block's beginning, and what follows the name."""
        label, colon, rest = block.text.partition(":")
        is_title = block.kind is BlockKind.HEADING and self.has_explicit_headings
        if colon and label.strip() in self.speaker_names and not is_title:
            return self._resolve_speaker(label), rest.strip()
        return None, block.text

    def _resolve_speaker(self, label: str) -> str:
        """The speaker of a name; the narrator has none."""
        return "" if label.strip() == NARRATOR else label.strip()

    def _check_tags(self, text: str) -> None:
        for opening in _TAG_START.finditer(text):
            if not self._is_tag(text[opening.end() : opening.end() + 60]):
                continue
            match = _TAG.match(text, opening.start())
            end = _PARAGRAPH_END.search(text, opening.end())
            if match is None or (end is not None and match.end() > end.start()):
                self._refuse_tag(text, opening.start(), "is not closed by ]]")
            elif why := self._find_fault(match["body"]):
                self._refuse_tag(text, opening.start(), why)

    def _is_tag(self, body: str) -> bool:
        """Whether brackets are a mark: by a keyword; with a cast, all of them are."""
        return bool(_KEYWORD.match(body)) or bool(self.cast)

    def _find_fault(self, body: str) -> str:
        """What is wrong with a mark; empty when nothing is."""
        if "[[" in body:
            return "holds another mark"
        if match := _PAUSE.fullmatch(body):
            length_ms = parse_duration_ms(match["length"])
            fits = length_ms is not None and length_ms <= MAX_PAUSE_MS
            return "" if fits else 'takes a length such as "300ms" or "2s", at most 10s'
        if match := _WRAPPING.fullmatch(body):
            return _find_wrapping_fault(match["kind"], match["of"] or "")
        if sound := split_sound_tag(body):
            return self._find_sound_fault(*sound)
        if self._parse_voice(body):
            return ""
        return f"is no mark; there are {_TAG_KINDS}"

    def _find_sound_fault(self, kind: str, written: str) -> str:
        try:
            self.sounds.parse_attributes(kind, written)
        except InvalidSound as error:
            return str(error)
        return ""

    def _refuse_tag(self, text: str, at: int, reason: str) -> None:
        line = text.count("\n", 0, at) + self.first_line
        shown = " ".join(text[at : at + 60].partition("]]")[0][:40].split())
        raise UnreadableText(f"{self.name} is refused: line {line}: “{shown}…” {reason}.")

    def _parse_voice(self, body: str) -> tuple[str, str] | None:
        label, colon, words = body.partition(":")
        if colon and label.strip() in self.speaker_names and words.strip():
            return self._resolve_speaker(label), words.strip()
        return None

    def _split_voices(self, block: Block, speaker: str) -> Iterator[Block]:
        """A block parted where another voice speaks inside it."""
        parts: list[Block] = []
        start = 0
        for match in _TAG.finditer(block.text):
            voice = self._parse_voice(match["body"])
            if voice is not None:
                parts += [self._annotate_block(block, block.text[start : match.start()], speaker)]
                parts += [self._annotate_block(block, voice[1], voice[0])]
                start = match.end()
        parts += [self._annotate_block(block, block.text[start:], speaker)]
        told = [part for part in parts if has_words(part.text) or part.annotations]
        for index, part in enumerate(told):
            yield replace(part, continues=index < len(told) - 1)

    def _annotate_block(self, block: Block, text: str, speaker: str) -> Block:
        """A stretch of a block, its marks taken out of its text."""
        told = AnnotatedTextBuilder()
        start = 0
        for match in _TAG.finditer(text):
            told.add_text(text[start : match.start()])
            if not self._apply_tag(told, match["body"]):
                told.add_text(match[0])
            start = match.end()
        told.add_text(text[start:])
        words, marks = told.build()
        return replace(block, text=words, annotations=marks, speaker=speaker)

    def _apply_tag(self, builder: AnnotatedTextBuilder, body: str) -> bool:
        """Put a mark where it stands; False where it is none."""
        begun = builder.length
        if match := _PAUSE.fullmatch(body):
            builder.annotate(
                begun, BREAK_TAG, (("time", f"{parse_duration_ms(match['length'])}ms"),)
            )
        elif match := _WRAPPING.fullmatch(body):
            kind, of, words = match["kind"], match["of"] or "", match["words"].strip()
            builder.add_text(of if kind == "say" else words)
            builder.annotate(
                begun, *parse_pronunciation(words) if kind == "say" else _build_element(kind, of)
            )
        elif sound := split_sound_tag(body):
            lines = self.sound_lines.get(collapse_whitespace(body))
            line = lines.popleft() if lines else 0
            builder.annotate(begun, sound[0], self.sounds.parse_attributes(*sound), line)
        else:
            return False
        return True


def find_sound_lines(text: str, first_line: int) -> dict[str, deque[int]]:
    """The lines on which marks that are sounds stand, in order, by what they say.

    Args:
        text: that the marks stand in.
        first_line: number of its first line.
    """
    found: dict[str, deque[int]] = {}
    for match in _TAG.finditer(text):
        if split_sound_tag(match["body"]):
            line = text.count("\n", 0, match.start()) + first_line
            found.setdefault(collapse_whitespace(match["body"]), deque()).append(line)
    return found


def _find_wrapping_fault(kind: str, argument: str) -> str:
    if kind == "emphasis" and argument and argument not in EMPHASIS_LEVELS:
        return f"takes one of {', '.join(sorted(EMPHASIS_LEVELS))}"
    if kind == "lang" and not _LANGUAGE.fullmatch(argument):
        return "names no language, such as in [[lang fr: bon voyage]]"
    return (
        "names no word, such as in [[say nginx: engine x]]"
        if kind == "say" and not argument
        else ""
    )


def parse_pronunciation(written: str) -> tuple[str, Attributes]:
    """The element for a way of saying a word: its sounds between slashes, or other words."""
    if len(written) > len("//") and written[0] == written[-1] == "/":
        return "phoneme", (("alphabet", "ipa"), ("ph", written[1:-1].strip()))
    return "sub", (("alias", written),)


def _build_element(kind: str, argument: str) -> tuple[str, Attributes]:
    if kind == "lang":
        return "lang", (("xml:lang", argument),)
    return "emphasis", (("level", argument or "strong"),)


def _append_block(blocks: list[Block], part: Block, waiting: list[Annotation]) -> list[Annotation]:
    """Put a block behind the others, and return the marks that wait for one.

    A silence without words belongs to what was said before; at the very beginning it waits.
    """
    if has_words(part.text):
        blocks.append(replace(part, annotations=(*map(move_to_start, waiting), *part.annotations)))
        return []
    if any(block.text for block in blocks):
        _append_annotations(blocks, part.annotations)
        return waiting
    return [*waiting, *part.annotations]


def _append_annotations(blocks: list[Block], annotations: Sequence[Annotation]) -> None:
    """Put marks at the end of the last block that has words."""
    index = max(at for at, block in enumerate(blocks) if block.text)
    last = blocks[index]
    at_end = (replace(mark, start=len(last.text), end=len(last.text)) for mark in annotations)
    blocks[index] = replace(last, annotations=(*last.annotations, *at_end))
