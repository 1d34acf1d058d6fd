"""Hands out the chunks of a text in reading order while the rest is synthesized.

The steps run in a thread, as for any other request: plan, reserve, synthesize, settle. Each
recording is reported when it is there; those that come early wait for the ones before them.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue

from mixer.script import Chunk
from mixer.sound import ProcessGroup
from mixer.speech import Recording
from mixer.stories.folder import SCRIPT
from mixer.stories.foreground.run_folder import RunFolder
from mixer.stories.model import StoredScript

LiveChunk = tuple[Chunk, Recording | None]
"""A chunk and its recording, None where the voice cannot read it."""

RecordingReporter = Callable[[RunFolder, str, Recording | None], None]
"""Receives a run's folder, and the key and recording of a chunk."""


@dataclass(frozen=True, slots=True)
class _Report:
    folder: RunFolder
    key: str
    recording: Recording | None


@dataclass(frozen=True, slots=True)
class _End:
    failure: BaseException | None = None


@dataclass(frozen=True, slots=True)
class ChunkFeed:
    """Runs a synthesis in a thread, and yields its chunks in reading order.

    `processes` are those of the request: stopping them stops what is not synthesized yet.
    """

    synthesize: Callable[[RecordingReporter], object]
    processes: ProcessGroup
    _events: SimpleQueue[_Report | _End] = field(default_factory=SimpleQueue)

    def iterate(self) -> Iterator[LiveChunk]:
        """Yield the chunks; raises as the synthesis does, after those before the failed one."""
        threading.Thread(target=self._run, name="live-speech", daemon=True).start()
        yield from self._order_chunks()

    def _run(self) -> None:
        try:
            self.synthesize(lambda *report: self._events.put(_Report(*report)))
        except BaseException as error:  # noqa: BLE001 - raised where the chunks are read
            self._events.put(_End(error))
        else:
            self._events.put(_End())

    def _order_chunks(self) -> Iterator[LiveChunk]:
        recordings: dict[str, Recording | None] = {}
        waiting: list[tuple[str, Chunk]] | None = None
        while isinstance(event := self._events.get(), _Report):
            recordings[event.key] = event.recording
            if waiting is None:
                waiting = _list_chunks(event.folder)
            while waiting and waiting[0][0] in recordings:
                key, chunk = waiting.pop(0)
                yield chunk, recordings[key]
        if event.failure is not None:
            raise event.failure


def _list_chunks(folder: RunFolder) -> list[tuple[str, Chunk]]:
    stored = folder.read(SCRIPT, StoredScript)
    return list(zip(stored.chunk_keys, stored.script.chunks, strict=True))
