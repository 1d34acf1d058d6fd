"""Narrations of a server of tools, which run in the background.

Money is limited twice: each narration with an engine that costs money needs a cap of its own, and
all caps together stay below that of the server, which is 0 unless its user raises it.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from warnings import catch_warnings, simplefilter

from mixer.errors import BadOption, Conflict, MixerError, NotFound, TooExpensive, format_usd
from mixer.formats import DEFAULT_FORMAT
from mixer.narration import Cancellation, Narration, Output, clean_name, narrate
from mixer.requests import Options
from mixer.speech import EMBEDDED

CONCURRENT = 1
"""Each narration uses all cores."""

MAX_UNFINISHED = 50
MAX_FINISHED = 200
"""More are forgotten, so that a server that runs for months stays small."""

NAME = re.compile(r"[\w][\w .-]{0,99}")


@dataclass
class NarrationJob:
    """A narration, and how far it is."""

    path: Path
    cancellation: Cancellation = field(default_factory=Cancellation)
    stage: str = "queued"
    share: float = 0.0
    outcome: dict[str, Any] = field(default_factory=dict)

    def report(self, stage: str, share: float) -> None:
        """Note its progress."""
        self.stage, self.share = stage, share

    def describe(self) -> dict[str, Any]:
        """Describe it for an agent."""
        progress = {"state": self.stage, "progress": round(self.share, 3), "file": str(self.path)}
        return self.outcome or progress


@dataclass
class Narrations:
    """The narrations of one server, with the folders of its files and its store.

    `max_cost_usd` is for all of them together, `max_finished` how many outcomes can be asked for.
    Safe for many threads.
    """

    folder: Path
    store: Path
    max_cost_usd: float = 0.0
    max_finished: int = MAX_FINISHED
    _jobs: dict[str, NarrationJob] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(CONCURRENT, thread_name_prefix="narration")
    )

    def start(self, text: str, name: str, options: Options, music: Path | None = None) -> str:
        """Start a narration into a file of the folder; returns its id.

        Raises:
            BadOption: the name is not that of a file in the folder.
            TooExpensive: it could cost money, and has no cap or one beyond what is left.
        """
        if not NAME.fullmatch(name) or clean_name(name) != name:
            raise BadOption(
                f"name: “{name[:200]}” is not a valid file name; use up to 100 "
                "letters, digits, spaces, - and _.",
                field="name",
            )
        job = NarrationJob(self.folder / f"{name}.{options.format or DEFAULT_FORMAT}")
        with self._lock:
            self._require_room(job.path)
            options = self._reserve(options)
            self._drop_finished()
            identity = token_hex(8)
            self._jobs[identity] = job
        self._pool.submit(self._run, job, text, options, music)
        return identity

    def find(self, identity: str) -> NarrationJob:
        """Find a narration by its id; raises NotFound."""
        job = self._jobs.get(identity)
        if job is None:
            raise NotFound(
                f"story: no narration of this server has the id “{identity[:100]}”; "
                f"it knows the last {self.max_finished} that are finished."
            )
        return job

    def close(self) -> None:
        """Stop all narrations; what is synthesized is kept."""
        for job in self._jobs.values():
            job.cancellation.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _drop_finished(self) -> None:
        """Forget the oldest narrations that are finished."""
        finished = [identity for identity, each in self._jobs.items() if each.outcome]
        for identity in finished[: -self.max_finished]:
            del self._jobs[identity]

    def _require_room(self, path: Path) -> None:
        """Raise Conflict if too many narrations wait, or one of them will write this file."""
        unfinished = [each.path for each in self._jobs.values() if not each.outcome]
        if path in unfinished:
            raise Conflict(f"name: {path.name} is still being made; choose another name.")
        if len(unfinished) >= MAX_UNFINISHED:
            raise Conflict(f"{MAX_UNFINISHED} narrations are still running; ask again later.")

    def _reserve(self, options: Options) -> Options:
        """Take a narration's cap from what all together may cost.

        Without an engine it may cost nothing, whatever its text says of voices.
        """
        if (options.engine or EMBEDDED) == EMBEDDED:
            return options.model_copy(update={"engine": EMBEDDED, "max_cost_usd": 0.0})
        cap = options.max_cost_usd
        if cap is None:
            raise TooExpensive(
                "max_cost_usd: this engine costs money; set the most that it may cost."
            )
        if not cap <= self.max_cost_usd:
            raise TooExpensive(
                f"max_cost_usd: {format_usd(cap)} is more than the "
                f"{format_usd(self.max_cost_usd)} that this server may still spend; "
                "its user can raise it with mixer mcp --max-cost-usd."
            )
        self.max_cost_usd -= cap
        return options

    def _run(self, job: NarrationJob, text: str, options: Options, music: Path | None) -> None:
        output = Output(job.path, store=self.store)
        try:
            with catch_warnings():
                simplefilter("ignore")  # they are in the result
                result = narrate(
                    text,
                    output,
                    options,
                    music=music,
                    progress=job.report,
                    cancellation=job.cancellation,
                )
            job.outcome = _describe_result(result)
        except MixerError as error:
            job.outcome = {"state": "failed", "error": str(error)}
        except Exception as error:  # noqa: BLE001 - an agent gets a sentence
            message = f"Unexpected error: {type(error).__name__}: {error}"
            job.outcome = {"state": "failed", "error": message}


def _describe_result(result: Narration) -> dict[str, Any]:
    return {
        "state": "done",
        "file": str(result.path),
        "files": [str(each) for each in result.outputs],
        "duration_s": round(result.duration_s, 1),
        "warnings": list(result.warnings),
    }
