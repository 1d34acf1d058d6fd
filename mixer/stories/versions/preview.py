"""Makes a change audible in its place before it is kept.

Only the changed sentence's chunk is synthesized, and a neighbour if the boundary between them
moved; both stay in the store, so that keeping the change pays nothing more. All of the story is
laid out, which takes no audio, and a few seconds are rendered: the sentence before, the changed
one, with the music and the level that they will have.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock, Thread

from mixer.errors import MixerError, TooExpensive, format_usd
from mixer.publish.timing import list_sound_files
from mixer.script import Chunk
from mixer.sound.arrange import SoundFile
from mixer.sound.render import RenderPool
from mixer.speech import EMBEDDED, Charges, Narrator, Recording, VoiceSettings, charge_factor
from mixer.store import ObjectStore
from mixer.stories.folder import StoryFolder
from mixer.stories.inputs import SoundLibrary, read_sounds
from mixer.stories.model import StoredScript
from mixer.stories.renderer import StoryRenderer
from mixer.stories.request_files import open_request_folder
from mixer.stories.speech_planner import SpeechPlan, SpeechPlanner
from mixer.stories.tasks import stop_at_deadline
from mixer.stories.version_records import Proposal, VersionRecord
from mixer.stories.versions.excerpt import (
    Excerpt,
    SentenceIndex,
    find_neighbours,
    lay_out_excerpt,
)
from mixer.stories.versions.texts import RevisedText, TextLoader, VersionText

PREVIEWS = "mixed/"
PREVIEW_TYPE = "audio/mpeg"


@dataclass(frozen=True, slots=True)
class Preview:
    """An audible change; times are in seconds from the beginning of its audio.

    Attributes:
        key: of the audio in the store.
        sentence: the number of the first changed sentence in the changed story.
        synthesized_chunks: new ones.
    """

    key: str
    duration_s: float
    starts_s: float
    ends_s: float
    sentence: int
    cost_usd: float
    synthesized_chunks: int


@dataclass(frozen=True, slots=True)
class StoryPreviews:
    """Lets callers hear changes of their stories. Safe for many threads."""

    texts: TextLoader
    maker: "PreviewMaker"

    def propose(
        self, story: str, caller: str, proposal: Proposal, deadline_s: float | None = None
    ) -> tuple[VersionRecord, Preview]:
        """Make changes of the newest version audible, without keeping them.

        Raises as `TextLoader.revise` does, and MixerError if they cannot be paid for or spoken.
        """
        base, text, revised = self.texts.revise(story, caller, proposal, deadline_s, writes=False)
        changed = self.maker.plan(text, revised, deadline_s)
        sentence = find_changed_sentence(text, changed, proposal)
        preview, _ = self.maker.make(changed, sentence, proposal.max_cost_usd, deadline_s)
        return base, preview


@dataclass(frozen=True, slots=True)
class PreviewMaker:
    """Makes previews. Safe for many threads."""

    store: ObjectStore
    music: ObjectStore
    planner: SpeechPlanner
    preparing: Lock = field(default_factory=Lock)

    def prepare(self, text: VersionText, sentence: int) -> None:
        """Let the embedded voice speak the chunk of a sentence in the background.

        It keeps what it spoke last, so that a change waits for the changed sentence only. Nothing
        is done while another chunk is prepared, nor where speech may cost money.
        """
        index = SentenceIndex.of(text.stored.script)
        chunk = index.chunks[index.find_chunk(sentence)]
        settings = text.stored.delivery.speaker_settings(chunk.speaker)
        if settings.engine == EMBEDDED and self.preparing.acquire(blocking=False):
            Thread(target=self._prepare, args=(text, chunk, settings), daemon=True).start()

    def _prepare(self, text: VersionText, chunk: Chunk, settings: VoiceSettings) -> None:
        try:
            with suppress(MixerError), self._open_narrator(text, None) as narrator:
                narrator.engine.synthesize(chunk.ssml, settings)
        finally:
            self.preparing.release()

    def plan(
        self, text: VersionText, revised: RevisedText, deadline_s: float | None
    ) -> VersionText:
        """Plan a text with changes; what is not touched is taken from the plan before."""
        request = replace(text.request, options=revised.options, edits=revised.edits)
        changed = replace(text, request=request, source=revised.source)
        plan = self.planner.plan_source(
            revised.source, changed.options, deadline_s, before=text.planned
        )
        stored = self._store_plan(plan, changed, deadline_s)
        return replace(changed, content=revised.content, stored=stored)

    def _store_plan(
        self, plan: SpeechPlan, text: VersionText, deadline_s: float | None
    ) -> StoredScript:
        script = replace(plan.script, title=text.options.title or plan.script.title)
        settings = plan.voice_settings
        with self.planner.open_engine(settings.engine, deadline_s) as engine:
            narrator = Narrator(engine, self.store, settings, self.planner.new_processes())
            keys = tuple(narrator.key(chunk) for chunk in script.chunks)
        return StoredScript(script, settings, keys, plan.warnings)

    def make(
        self,
        changed: VersionText,
        sentence: int,
        max_cost_usd: float | None,
        deadline_s: float | None = None,
    ) -> tuple[Preview, VersionText]:
        """Make a preview; returns it with the changed text and all recordings that are known.

        Raises:
            TooExpensive, CapReached: the new chunks cost more than allowed; nothing was spent.
            SpeechFailed: the voice failed at the new words.
            OutOfTime: the deadline, on the monotonic clock, has passed.
        """
        charges = Charges(charge_factor(changed.options))
        changed, synthesized = self._speak(changed, sentence, charges, (max_cost_usd, deadline_s))
        excerpt = lay_out_excerpt(changed, self._load_sounds(changed), sentence)
        audio = self._render(changed, excerpt, deadline_s)
        key = f"{PREVIEWS}{sha256(audio).hexdigest()[:40]}.mp3"
        self.store.put(key, audio, content_type=PREVIEW_TYPE)
        preview = Preview(
            key=key,
            duration_s=round(excerpt.duration_s, 3),
            starts_s=round(excerpt.starts_s, 3),
            ends_s=round(excerpt.ends_s, 3),
            sentence=sentence,
            cost_usd=charges.paid_usd,
            synthesized_chunks=synthesized,
        )
        return preview, changed

    def _speak(
        self,
        text: VersionText,
        sentence: int,
        charges: Charges,
        limits: tuple[float | None, float | None],
    ) -> tuple[VersionText, int]:
        """Synthesize what is missing around a sentence; returns how many chunks are new."""
        max_cost_usd, deadline_s = limits
        known, near = dict(text.recordings), find_neighbours(text.stored.script, sentence)
        with (
            self._open_narrator(text, deadline_s) as narrator,
            ExitStack() as claim,
            ExitStack() as reservation,
        ):

            def reserve(must_look_up: bool) -> list[Chunk]:
                left = _find_new(narrator, near, new, known) if must_look_up else new
                reservation.enter_context(self._reserve(text, left, charges, max_cost_usd))
                return left

            new = _find_new(narrator, near, text.unknown_chunks, known)
            if new:
                new = claim.enter_context(self._hold_payment(text, narrator, (near, new), reserve))
            known |= _narrate_new(narrator, new, charges)
        return replace(text, recordings=known), len(new)

    def _hold_payment(
        self,
        text: VersionText,
        narrator: Narrator,
        chunks: tuple[Sequence[Chunk], Sequence[Chunk]],
        reserve: Callable[[bool], list[Chunk]],
    ) -> AbstractContextManager[list[Chunk]]:
        """Pay for the second of two lists of chunks, of which the first is all that is needed."""
        keys, lacking = (list(map(narrator.key, each)) for each in chunks)
        return self.planner.budget.hold_payment(
            text.request.caller, keys, lacking, reserve, narrator.pause
        )

    @contextmanager
    def _open_narrator(self, text: VersionText, deadline_s: float | None) -> Iterator[Narrator]:
        settings, processes = text.stored.delivery, self.planner.new_processes()
        opened = self.planner.open_engine(
            settings.engine, deadline_s, speech_marks=text.options.speech_marks
        )
        with opened as engine, stop_at_deadline(processes, deadline_s):
            yield Narrator(engine, self.store, settings, processes, deadline_s=deadline_s)

    def _reserve(
        self,
        text: VersionText,
        chunks: Sequence[Chunk],
        charges: Charges,
        max_cost_usd: float | None,
    ) -> AbstractContextManager[None]:
        usd = text.stored.delivery.price_chunks_usd(chunks, charge_factor(text.options))
        limit_usd = min(
            self.planner.max_request_usd, math.inf if max_cost_usd is None else max_cost_usd
        )
        if usd > limit_usd:
            raise TooExpensive(
                f"This preview would cost about {format_usd(usd)}, more than the "
                f"{format_usd(limit_usd)} that are allowed; nothing was spent.",
                cost_usd=usd,
                limit_usd=limit_usd,
            )
        return self.planner.budget.reservation(text.request.caller, usd, charges.max_usd)

    def _load_sounds(self, text: VersionText) -> dict[str, SoundFile]:
        """Load the measurements of music and sounds; those that new words name are measured."""
        folder = StoryFolder(self.store, text.story_id)
        library = SoundLibrary(self.music, self.store)
        wanted = {text.request.music: 0} if text.request.music else {}
        wanted = {**list_sound_files(text.stored.script), **wanted}
        return library.measure(wanted, read_sounds(folder), self.planner.new_processes())

    def _render(self, text: VersionText, excerpt: Excerpt, deadline_s: float | None) -> bytes:
        processes = self.planner.new_processes()
        with open_request_folder() as scratch, stop_at_deadline(processes, deadline_s):
            renderer = StoryRenderer(
                store=self.store,
                library=SoundLibrary(self.music, self.store),
                sounds=excerpt.sounds,
                timeline=excerpt.timeline,
                lay_out=lambda _: excerpt.timeline,
                options=text.options.model_copy(update={"format": "mp3", "bitrate_kbps": 128}),
                pool=RenderPool(processes, 1, deadline_s),
                scratch=scratch,
                progress=lambda _: None,
            )
            return renderer.render_excerpt(excerpt.segment)


def find_changed_sentence(before: VersionText, after: VersionText, proposal: Proposal) -> int:
    """Find the number, in a changed story, of the first sentence that is changed."""
    numbers = sorted(each.sentence for each in proposal.changes)
    if numbers:
        return min(numbers[0], len(after.sentences) - 1)
    pairs = enumerate(zip(before.sentences, after.sentences, strict=False))
    return next((number for number, (one, other) in pairs if one != other), 0)


def _find_new(
    narrator: Narrator,
    near: Sequence[Chunk],
    unknown: Sequence[Chunk],
    known: dict[str, Recording | None],
) -> list[Chunk]:
    """Select the chunks without a recording; adds to `known` those of unknown chunks that exist."""
    found = narrator.find_recordings(unknown)
    known.update({key: each for key, each in found.items() if each})
    return [chunk for chunk in near if narrator.key(chunk) not in known]


def _narrate_new(
    narrator: Narrator, new: Sequence[Chunk], charges: Charges
) -> dict[str, Recording | None]:
    if not new:
        return {}
    keys = list(map(narrator.key, new))
    made = narrator.narrate(new, known=dict.fromkeys(keys), charges=charges)
    return dict(zip(keys, made.recordings, strict=True))
