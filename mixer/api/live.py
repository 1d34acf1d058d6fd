"""Speech as a stream of encoded sound: what the protocols of other services have in common.

Where the gateway can stream, an answer begins with the first encoded bytes, and an error after them
cuts the connection. Elsewhere the whole is collected first.
"""

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mixer import stories
from mixer.api.events import RequestContext
from mixer.api.telemetry import log_unexpected_error
from mixer.errors import ObjectTooLarge
from mixer.publish import timing
from mixer.sound.live import ChunkSamples, LiveEncoding, encode_live

if TYPE_CHECKING:
    from mixer.publish.timing import CharacterAligner, CharacterTimes
    from mixer.script import Chunk
    from mixer.sound import ProcessGroup
    from mixer.speech import Recording
    from mixer.store import ObjectStore
    from mixer.stories import SpeechService, StoryRequest, Synthesis

MAX_BUFFERED_BYTES = 4_400_000
"""Of an answer that Lambda returns as a whole: 6 MB in Base64 (Lambda quotas)."""

MIN_RATE, MAX_RATE = 50, 200
"""Range of the option `rate`; beyond it the finished speech is stretched."""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """What a client wants to hear, and how."""

    text: str
    voice: str
    speed: float
    encoding: LiveEncoding
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> int:
        """The option `rate`, in percent."""
        return min(max(round(100 * self.speed), MIN_RATE), MAX_RATE)

    @property
    def tempo(self) -> float:
        """How much faster the finished speech must play."""
        return 100 * self.speed / self.rate if abs(self.speed * 100 - self.rate) >= 1 else 1.0

    def build_request(self, caller: str) -> "StoryRequest":
        """Build the request for its chunks."""
        options = {**self.options, "voice": self.voice, "rate": self.rate}
        return stories.StoryRequest(stories.StoryKind.SPEECH, caller, options, text=self.text)


@dataclass(frozen=True, slots=True)
class TimedBlock:
    """Encoded bytes, and the characters whose chunk was handed to the encoder since the last."""

    content: bytes
    times: "CharacterTimes"


@dataclass(frozen=True, slots=True)
class LiveSpeech:
    """Synthesizes and encodes at the same time."""

    service: "SpeechService"
    report: "Callable[[Synthesis], None]"

    def stream(self, spoken: SpokenText, request_context: RequestContext) -> Generator[TimedBlock]:
        """Yield encoded bytes; closing it early stops the synthesis, and keeps what is done."""
        request = spoken.build_request(request_context.caller or "")
        feed = self.service.stream(request, request_context.deadline_s, self.report)
        aligner = timing.CharacterAligner(spoken.text, spoken.tempo)
        players = self.service.planner.new_processes()  # they go on when the synthesis fails
        player = _ChunkPlayer(self.service.store, players, aligner)
        samples = player.play(feed.iterate())
        encoded = encode_live(samples, spoken.encoding, spoken.tempo, players)
        try:
            for block in encoded:
                yield TimedBlock(block, player.take_times())
            yield TimedBlock(b"", player.take_times())
        finally:
            feed.processes.stop()
            players.stop()
            encoded.close()


@dataclass(frozen=True, slots=True)
class _ChunkPlayer:
    """Decodes chunks one after the other, and notes when their characters are spoken."""

    store: "ObjectStore"
    processes: "ProcessGroup"
    aligner: "CharacterAligner"
    _times: "deque[CharacterTimes]" = field(default_factory=deque)

    def play(self, chunks: "Iterable[tuple[Chunk, Recording | None]]") -> Iterator[bytes]:
        """Yield the samples of each chunk, after the silence that follows the one before."""
        samples, end_s = None, 0.0
        for chunk, recording in chunks:
            if recording is None or recording.measured.is_silent:
                continue
            samples = ChunkSamples.cut(recording.measured, chunk.gap_ms, samples)
            end_s += samples.silence_s
            recorded = timing.RecordedChunk(chunk, recording, None)
            self._times.append(self.aligner.align_chunk(recorded, end_s, samples.first))
            audio = self.store.get(recording.key)
            yield samples.silence + samples.decode(audio, self.processes)
            end_s += samples.duration_s
        self._times.append(self.aligner.finish())

    def take_times(self) -> "CharacterTimes":
        """Take the times that were noted since the last call."""
        taken = timing.CharacterTimes()
        while self._times:
            taken.extend(self._times.popleft())
        return taken


def begin_sound(
    blocks: Generator[bytes], request_id: str, *, can_stream: bool
) -> Generator[bytes] | bytes:
    """Wait for the first block, or for all of them; errors until then are raised."""
    if can_stream:
        return _continue_stream(next(blocks, b""), blocks, request_id)
    return _collect(blocks)


def _continue_stream(first: bytes, blocks: Generator[bytes], request_id: str) -> Generator[bytes]:
    """Yield the blocks; an error among them is logged and raised."""
    try:
        yield first
        yield from blocks
    except Exception as error:
        log_unexpected_error(request_id, error)
        raise
    finally:
        blocks.close()


def _collect(blocks: Iterator[bytes]) -> bytes:
    content = b"".join(blocks)
    if len(content) > MAX_BUFFERED_BYTES:
        raise ObjectTooLarge(
            f"The audio has {len(content):,} bytes, more than the {MAX_BUFFERED_BYTES:,} that one "
            "response can have: request a smaller format such as mp3 or opus, or send the text in "
            "parts.",
            limit_bytes=MAX_BUFFERED_BYTES,
        )
    return content


def drop_times(blocks: Generator[TimedBlock]) -> Generator[bytes]:
    """Yield the sound alone."""
    try:
        for block in blocks:
            if block.content:
                yield block.content
    finally:
        blocks.close()


def dump_json(value: object) -> str:
    """Encode a line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
