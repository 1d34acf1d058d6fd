"""Tags that authors write into plain text and Markdown: voices, pauses, pronunciations, sounds.

    Tom: Who is there?                     a paragraph spoken by a role of the cast
    Tom:                                   in its own paragraph: all that follow, up to the next
    He cried [[Tom: come in]] and left.    another voice inside a paragraph
    [[pause 2s]] [[pause 300ms]]           silence
    [[emphasis: never]]                    stress, where the engine supports it
    [[as whispering: come closer]]         how to say it, where the engine takes directions
    [[lang fr: bon voyage]]                words of another language, where the engine supports it
    [[say nginx: engine x]]                a pronunciation; /ˈendʒɪnˈeks/ for IPA
    [[music sea.mp3]] [[sting bell.wav]]   music and sounds, see `sound_tags`

Tags are checked line by line before the text is read; then they are taken out of the blocks that
the text's own reader has built, so that plain text and Markdown share them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mixer.lazy import compile_lazily
from mixer.script.annotations import (
    BREAK_TAG,
    MAX_PAUSE_MS,
    AnnotatedTextBuilder,
    parse_duration_ms,
)
from mixer.script.document import (
    Block,
    BlockKind,
    Document,
    build_line_error,
    collapse_whitespace,
    has_words,
    normalise_newlines,
    paragraph,
)
from mixer.script.readers.front_matter import split_front_matter
from mixer.script.readers.head_checks import list_tag_warnings
from mixer.script.readers.sound_tags import (
    InvalidSound,
    SoundDefinitions,
    parse_sounds,
    split_sound_tag,
)
from mixer.script.readers.tag_syntax import (
    OPENING,
    BlockCollector,
    find_closed_tag,
    iter_tags,
    parse_pause,
    parse_wrapping,
)
from mixer.script.script import NARRATOR, Role

MAX_KEYWORD_PLACE = 60
"""Behind the brackets, where a tag's kind is looked for."""


_KEYWORD = compile_lazily(r"(?:pause|emphasis|lang|say|(?:as|music|sting|sound)(?=\s))\b")
_TAG_KINDS = "pause, as, emphasis, lang, say, music, sting, sound or a name of the cast"


def read_tagged_text(
    text: str,
    name: str,
    read_blocks: Callable[[str], tuple[Block, ...]],
    *,
    is_markdown: bool,
) -> Document:
    """Read a text with front matter and inline tags.

    Args:
        text: all of it, with any line breaks.
        name: what to call it in errors.
        read_blocks: reads the text after the front matter, with LF as its only line break.
        is_markdown: then headings are explicit, and front matter may hold unknown names only.

    Raises:
        UnreadableText: a tag or the front matter is malformed; names the line.
    """
    front_matter, body = split_front_matter(
        normalise_newlines(text), name, allow_unknown=is_markdown
    )
    sounds = parse_sounds(front_matter.source_lines, name)
    first_line = front_matter.line_count + 1
    if front_matter.cast or "[[" in body:
        lines = _find_sound_lines(body, first_line)
        tags = InlineTagReader(front_matter.cast, name, first_line, sounds, lines, is_markdown)
        blocks = tags.extract_tags(read_blocks(tags.prepare_text(body)))
    else:
        blocks = read_blocks(body)
    document = front_matter.build_document(blocks, sounds.opening)
    return replace(document, warnings=(*document.warnings, *list_tag_warnings(body)))


@dataclass(frozen=True, slots=True)
class InlineTagReader:
    """The tags of one text.

    `first_line` follows the front matter; `sound_lines` are lines of sound tags by their body, used
    up in order; with `has_explicit_headings` a heading never names a speaker.
    """

    cast: Sequence[Role]
    name: str
    first_line: int
    sounds: SoundDefinitions
    sound_lines: Mapping[str, deque[int]]
    has_explicit_headings: bool

    @property
    def speaker_names(self) -> frozenset[str]:
        """The names in the cast."""
        return frozenset(role.name for role in self.cast)

    def prepare_text(self, text: str) -> str:
        """Check all tags, and make lines that begin with a speaker or a tag paragraphs."""
        self._check_tags(text)
        return "\n".join(map(self._isolate_line, text.split("\n")))

    def extract_tags(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Take the tags out of the text, and give each block its speaker and annotations."""
        collector, speaker = BlockCollector(), ""
        for block in blocks:
            if block.kind is BlockKind.SCENE_BREAK:
                collector.blocks.append(block)
                continue
            named, text = self._split_speaker(block)
            if block.kind is BlockKind.HEADING and named is None:
                speaker = ""
            if named is not None and not text:
                speaker = named
                continue
            whole = replace(block, text=text) if named is None else paragraph(text)
            for part in self.split_voices(whole, speaker if named is None else named):
                collector.append(part)
        return collector.build()

    def _isolate_line(self, line: str) -> str:
        """Add the blank lines that make a line begin, or be, a paragraph."""
        label, colon, words = line.strip().partition(":")
        is_label = bool(colon) and label in self.speaker_names
        if _has_only_tags(line) or (is_label and not words.strip()):
            return f"\n{line}\n"
        return f"\n{line}" if is_label else line

    def _split_speaker(self, block: Block) -> tuple[str | None, str]:
        label, colon, rest = block.text.partition(":")
        is_title = block.kind is BlockKind.HEADING and self.has_explicit_headings
        if colon and label.strip() in self.speaker_names and not is_title:
            return self._resolve_speaker(label), rest.strip()
        return None, block.text

    def _resolve_speaker(self, label: str) -> str:
        return "" if label.strip() == NARRATOR else label.strip()

    def _check_tags(self, text: str) -> None:
        start = 0
        while (opened := text.find(OPENING, start)) >= 0:
            start = opened + len(OPENING)
            if not self._is_tag(text[start : start + MAX_KEYWORD_PLACE].lstrip()):
                continue
            tag = find_closed_tag(text, opened)
            if tag is None:
                self._refuse_tag(text, opened, "is not closed by ]]")
            elif fault := self._find_fault(tag.body):
                self._refuse_tag(text, opened, fault)
            else:
                start = tag.end

    def _is_tag(self, body: str) -> bool:
        """Whether brackets are a tag: with a keyword, or in any text with a cast."""
        return bool(_KEYWORD.match(body)) or bool(self.cast)

    def _find_fault(self, body: str) -> str:
        if OPENING in body:
            return "contains another tag"
        if length := parse_pause(body):
            length_ms = parse_duration_ms(length)
            is_valid = length_ms is not None and length_ms <= MAX_PAUSE_MS
            return "" if is_valid else "takes a length such as 300ms or 2s, at most 10s"
        if wrapping := parse_wrapping(body):
            return wrapping.find_fault()
        if sound := split_sound_tag(body):
            return self._find_sound_fault(*sound)
        return "" if self._parse_voice(body) else f"is not a tag; there are {_TAG_KINDS}"

    def _find_sound_fault(self, kind: str, written: str) -> str:
        try:
            self.sounds.parse_attributes(kind, written)
        except InvalidSound as error:
            return str(error)
        return ""

    def _refuse_tag(self, text: str, at: int, reason: str) -> None:
        line = text.count("\n", 0, at) + self.first_line
        excerpt = " ".join(text[at : at + 60].partition("]]")[0][:40].split())
        raise build_line_error(self.name, line, f"“{excerpt}…” {reason}")

    def _parse_voice(self, body: str) -> tuple[str, str] | None:
        label, colon, words = body.partition(":")
        if colon and label.strip() in self.speaker_names and words.strip():
            return self._resolve_speaker(label), words.strip()
        return None

    def split_voices(self, block: Block, speaker: str) -> Iterator[Block]:
        """Split a block at the voices that its tags name, and take all tags out of the text."""
        parts: list[Block] = []
        start = 0
        for tag in iter_tags(block.text):
            voice = self._parse_voice(tag.body)
            if voice is not None:
                parts += [self._annotate_block(block, block.text[start : tag.start], speaker)]
                parts += [self._annotate_block(block, voice[1], voice[0])]
                start = tag.end
        parts += [self._annotate_block(block, block.text[start:], speaker)]
        kept = [part for part in parts if has_words(part.text) or part.annotations]
        for index, part in enumerate(kept):
            yield replace(part, continues=index < len(kept) - 1)

    def _annotate_block(self, block: Block, text: str, speaker: str) -> Block:
        builder = AnnotatedTextBuilder()
        start = 0
        for tag in iter_tags(text):
            builder.add_text(text[start : tag.start])
            if not self._apply_tag(builder, tag.body):
                builder.add_text(text[tag.start : tag.end])
            start = tag.end
        builder.add_text(text[start:])
        words, annotations = builder.build()
        return replace(block, text=words, annotations=annotations, speaker=speaker)

    def _apply_tag(self, builder: AnnotatedTextBuilder, body: str) -> bool:
        """Add a tag's words and annotation; False where the brackets are not a tag."""
        start = builder.length
        if length := parse_pause(body):
            duration = f"{parse_duration_ms(length)}ms"
            builder.annotate(start, BREAK_TAG, (("time", duration),))
        elif wrapping := parse_wrapping(body):
            builder.add_text(wrapping.of if wrapping.kind == "say" else wrapping.words)
            builder.annotate(start, *wrapping.build_element())
        elif sound := split_sound_tag(body):
            lines = self.sound_lines.get(collapse_whitespace(body))
            line = lines.popleft() if lines else 0
            builder.annotate(start, sound[0], self.sounds.parse_attributes(*sound), line)
        else:
            return False
        return True


def _find_sound_lines(text: str, first_line: int) -> dict[str, deque[int]]:
    lines: dict[str, deque[int]] = {}
    line, counted = first_line, 0
    for tag in iter_tags(text):
        if split_sound_tag(tag.body):
            line += text.count("\n", counted, tag.start)
            counted = tag.start
            lines.setdefault(collapse_whitespace(tag.body), deque()).append(line)
    return lines


def _has_only_tags(line: str) -> bool:
    """Whether a line holds tags, and nothing else."""
    at, count = 0, 0
    for tag in iter_tags(line):
        if line[at : tag.start].strip(" \t"):
            return False
        at, count = tag.end, count + 1
    return count > 0 and not line[at:].strip(" \t")
