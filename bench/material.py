"""The material of the render benches: forty synthesized chunks, and music that loops.

The embedded engine's voices take turns with the demo's story until there are forty distinct chunks,
FLAC at 24 kHz, about 26 minutes with a second between them. The music is the demo's bed of 48 s. A
book repeats the files under other names, so that nothing is cached, with the pauses and chapters of
a story. Chunks are measured when made, as in the service, outside of the measured mix.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from bench.bench_mix import BenchMix
from demo.bed import write_bed
from mixer.parallel import map_in_order, usable_cores
from mixer.publish.timing import SECTION_ENDINGS
from mixer.requests import Options
from mixer.script import BreakKind, Utterance
from mixer.script.limits import EMBEDDED_LIMITS
from mixer.script.planning import NATURAL, SsmlStyle
from mixer.script.planning.ssml import build_ssml, count_billed_chars
from mixer.script.readers import TextType, read_document
from mixer.sound import ffmpeg
from mixer.sound.analysis import MUSIC_CHANNELS, measure
from mixer.sound.arrange import SoundFile, Take
from mixer.speech import VoiceSettings
from mixer.speech.embedded import VOICES, EmbeddedEngine
from mixer.stories.steps import plan_script

STORY = Path("demo", "story.md")
CHUNKS = 40
GAP_MS = 1_000
CHUNK_CHARS, MAX_CHARS = 420, 840
"""A chunk ends with the first paragraph beyond the first limit, at the latest at the second."""

EDITED_CHUNK = 2
"""Number of the chunk in a book that an edit changes."""

CHAPTER_CHUNKS = 30
"""About twenty minutes."""


@dataclass(frozen=True, slots=True)
class SampleChunk:
    """A synthesized chunk: the recording, and how it ends."""

    take: Take
    ending: BreakKind


@dataclass(frozen=True, slots=True)
class Material:
    """Chunks and music in files, with their measurements."""

    chunks: tuple[SampleChunk, ...]
    longer: SampleChunk
    shorter: SampleChunk
    music: SoundFile
    folder: Path

    @property
    def story_s(self) -> float:
        """Length of all chunks in seconds, with a second after each."""
        return sum(each.take.measured.duration_s + GAP_MS / 1000 for each in self.chunks)

    def build_story(self, out: Path) -> BenchMix:
        """Build a story of 26 minutes: the chunks a second apart."""
        return self._build_mix([each.take for each in self.chunks], out)

    def build_book(self, hours: float, out: Path, *, edited: SampleChunk | None = None) -> BenchMix:
        """Build a book in chapters of about twenty minutes; its third chunk can be replaced."""
        count = round(hours * 3600 / self.story_s * CHUNKS)
        chunks = [self.chunks[number % CHUNKS] for number in range(count)]
        if edited:
            chunks[EDITED_CHUNK] = edited
        return self._build_mix(
            [_build_book_take(each, number) for number, each in enumerate(chunks)], out
        )

    def _build_mix(self, takes: Sequence[Take], out: Path) -> BenchMix:
        files = {take.source: self.folder / take.source.split("-")[0] for take in takes}
        return BenchMix(tuple(takes), files, self.music, self.folder / self.music.source, out)


def _build_book_take(chunk: SampleChunk, number: int) -> Take:
    """Build a chunk of a book, with its own name."""
    ending = BreakKind.CHAPTER if (number + 1) % CHAPTER_CHUNKS == 0 else chunk.ending
    return replace(
        chunk.take,
        source=f"{chunk.take.source}-{number}",
        gap_ms=NATURAL.gap_ms(ending),
        ends_paragraph=ending in SECTION_ENDINGS,
        chapter_title=f"Chapter {number // CHAPTER_CHUNKS + 1}"
        if number % CHAPTER_CHUNKS == 0
        else None,
    )


def make_material(folder: Path) -> Material:
    """Create all files in a folder, and measure them."""
    document = read_document(STORY.read_text(), TextType.MARKDOWN)
    plan = plan_script(document, EMBEDDED_LIMITS, "en-US", Options())
    story = [utterance for chunk in plan.chunks for utterance in chunk.utterances]
    parts = [(group, voice.id) for voice in VOICES for group in _group_story(story)][:CHUNKS]
    group, voice = parts[EDITED_CHUNK]
    edits = [((*group, story[-1]), voice), ((*group[:-2], group[-1]), voice)]
    with closing(EmbeddedEngine()) as engine:
        maker = _ChunkMaker(folder, engine)
        numbered = enumerate(chain(parts, edits))
        chunks = list(map_in_order(numbered, maker, usable_cores(), ffmpeg.ProcessGroup().stop))
    write_bed(folder / "music.flac")
    known = SoundFile("music.flac", measure(folder / "music.flac", channels=MUSIC_CHANNELS))
    return Material(tuple(chunks[:CHUNKS]), chunks[CHUNKS], chunks[CHUNKS + 1], known, folder)


def _group_story(story: Sequence[Utterance]) -> Iterator[tuple[Utterance, ...]]:
    """Group the story into chunks of about 600 characters."""
    group: list[Utterance] = []
    for utterance in story:
        group.append(utterance)
        enough = MAX_CHARS if utterance.ending not in SECTION_ENDINGS else CHUNK_CHARS
        if count_billed_chars(group) >= enough:
            yield tuple(group)
            group = []


@dataclass(frozen=True, slots=True)
class _ChunkMaker:
    """Synthesizes a numbered group of sentences into a file."""

    folder: Path
    engine: EmbeddedEngine

    def __call__(self, numbered: tuple[int, tuple[tuple[Utterance, ...], str]]) -> SampleChunk:
        number, (group, voice) = numbered
        ssml = build_ssml(group, SsmlStyle(EMBEDDED_LIMITS, NATURAL))
        path = self.folder / f"chunk{number:02}.{self.engine.suffix}"
        path.write_bytes(self.engine.synthesize(ssml, VoiceSettings(voice, self.engine.name)).audio)
        return SampleChunk(Take(path.name, measure(path), GAP_MS), group[-1].ending)


def list_chunk_files(folder: Path) -> Sequence[Path]:
    """List the forty chunks in playing order."""
    return sorted(folder.glob("chunk*.flac"))[:CHUNKS]
