"""Tools for agents, by the Model Context Protocol: plan, estimate, narrate, status, voices.

The official SDK describes them from their signatures, checks their arguments and speaks the
protocol. An error is one sentence for the agent. Narrations run in the background meanwhile.

Money is limited twice: each narration with an engine that costs money needs a cap of its own, and
all caps together stay below that of the server, which is 0 unless its user raises it.
"""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any
from warnings import catch_warnings, simplefilter

from pydantic import Field

from mixer.compose import list_local_voices
from mixer.errors import BadOption, Conflict, MixerError, NotFound, TooExpensive, format_usd
from mixer.formats import DEFAULT_FORMAT
from mixer.narration import (
    Cancellation,
    Narration,
    Output,
    Plan,
    clean_name,
    narrate,
    plan,
    select_limits,
)
from mixer.requests import Options, parse_options
from mixer.speech import EMBEDDED

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

CONCURRENT = 1
"""Each narration uses all cores."""

MAX_UNFINISHED = 50
NAME = re.compile(r"[\w][\w .-]{0,99}")


@dataclass
class NarrationJob:
    """A narration, and how far it is."""

    path: Path
    cancellation: Cancellation = field(default_factory=Cancellation)
    stage: str = "queued"
    share: float = 0.0
    result: Narration | None = None
    error: str = ""

    def report(self, stage: str, share: float) -> None:
        """Note its progress."""
        self.stage, self.share = stage, share

    @property
    def is_finished(self) -> bool:
        """Whether it is done or has failed."""
        return bool(self.error) or self.result is not None

    def describe(self) -> dict[str, Any]:
        """Describe it for an agent."""
        if self.error:
            return {"state": "failed", "error": self.error}
        if self.result is None:
            return {"state": self.stage, "progress": round(self.share, 3), "file": str(self.path)}
        return {
            "state": "done",
            "file": str(self.result.path),
            "files": [str(each) for each in self.result.outputs],
            "duration_s": round(self.result.duration_s, 1),
            "warnings": list(self.result.warnings),
        }


@dataclass
class Narrations:
    """The narrations of one server, with the folders of its files and its store.

    `max_cost_usd` is for all of them together. Safe for many threads.
    """

    folder: Path
    store: Path
    max_cost_usd: float = 0.0
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
            identity = token_hex(8)
            self._jobs[identity] = job
        self._pool.submit(self._run, job, text, options, music)
        return identity

    def find(self, identity: str) -> NarrationJob:
        """Find a narration by its id; raises NotFound."""
        job = self._jobs.get(identity)
        if job is None:
            raise NotFound(f"story: no narration of this server has the id “{identity}”.")
        return job

    def close(self) -> None:
        """Stop all narrations; what is synthesized is kept."""
        for job in self._jobs.values():
            job.cancellation.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _require_room(self, path: Path) -> None:
        """Raise Conflict if too many narrations wait, or one of them will write this file."""
        unfinished = [each.path for each in self._jobs.values() if not each.is_finished]
        if path in unfinished:
            raise Conflict(f"name: {path.name} is still being made; choose another name.")
        if len(unfinished) >= MAX_UNFINISHED:
            raise Conflict(f"{MAX_UNFINISHED} narrations are not finished; ask again later.")

    def _reserve(self, options: Options) -> Options:
        """Take a narration's cap from what all together may cost.

        Without an engine it may cost nothing, whatever its text says of voices.
        """
        if (options.engine or EMBEDDED) == EMBEDDED:
            return options.model_copy(update={"engine": EMBEDDED, "max_cost_usd": 0.0})
        cap = options.max_cost_usd
        if cap is None:
            raise TooExpensive("max_cost_usd: this engine costs money; state what it may cost.")
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
                job.result = narrate(
                    text,
                    output,
                    options,
                    music=music,
                    progress=job.report,
                    cancellation=job.cancellation,
                )
        except MixerError as error:
            job.error = str(error)
        except Exception as error:  # noqa: BLE001 - an agent gets a sentence
            job.error = f"Unexpected error: {type(error).__name__}: {error}"


INSTRUCTIONS = (
    "Turns texts into finished audio files on this machine. The embedded engine is free; any other "
    "one costs money and needs max_cost_usd. narrate returns at once: ask status for the file."
)
MAX_CHUNKS = 200
"""Chunks that `plan` lists."""

MAX_TEXT_CHARS = 5_000_000
"""As for stories over HTTP."""


Text = Annotated[
    str,
    Field(max_length=MAX_TEXT_CHARS, description="The text: plain, Markdown, HTML or SSML."),
]
OptionValues = Annotated[
    dict[str, Any],
    Field(description="Options by name: voice, engine, rate, pauses, preset, format, title, …"),
]


def build_server(narrations: Narrations, music: "Path | None" = None) -> "MCPServer[Any]":
    """Build the server; `music` is the folder of the sounds that agents may name."""
    from mcp.server.mcpserver import MCPServer

    server: MCPServer[Any] = MCPServer("mixer", instructions=INSTRUCTIONS, log_level="CRITICAL")
    tools = _Tools(narrations, music)
    for tool in (tools.plan, tools.estimate, tools.narrate, tools.status, tools.voices):
        server.tool()(_explain_errors(tool))
    return server


def _explain_errors(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Turn an error into one that the SDK passes on as it is."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    def call(*args: Any, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - those of the tool
        try:
            return tool(*args, **given)
        except MixerError as error:
            raise ToolError(str(error)) from error

    return call


@dataclass(frozen=True, slots=True)
class _Tools:
    narrations: Narrations
    music_folder: "Path | None"

    def plan(self, text: Text, options: OptionValues = {}) -> dict[str, Any]:  # noqa: B006 - read only
        """Plan a text: chapters and chunks with their voices. Nothing is spent."""
        planned = plan(text, self._parse_options(options))
        chunks = [
            {"speaker": chunk.speaker, "text": chunk.passage, "gap_ms": chunk.gap_ms}
            for chunk in planned.script.chunks
        ]
        chapters = [chapter.title for chapter in planned.script.chapters]
        return {**_describe_plan(planned), "chapters": chapters, "chunks": chunks[:MAX_CHUNKS]}

    def estimate(self, text: Text, options: OptionValues = {}) -> dict[str, Any]:  # noqa: B006 - read only
        """Estimate the length of a text, and its cost with each engine. Nothing is spent."""
        return _describe_plan(plan(text, self._parse_options(options)))

    def narrate(
        self,
        text: Text,
        name: Annotated[str, Field(description="Name of the file, without a suffix.")],
        options: OptionValues = {},  # noqa: B006 - read only
        music: Annotated[str, Field(description="A file of the music folder, if any.")] = "",
        max_cost_usd: Annotated[
            float | None, Field(ge=0, description="Required by engines that cost money.")
        ] = None,
    ) -> dict[str, Any]:
        """Begin to narrate a text into a file, in the background; returns the id for status."""
        checked = self._parse_options({**options, "max_cost_usd": max_cost_usd})
        select_limits(checked.engine or EMBEDDED)
        story = self.narrations.start(text, name, checked, self._find_file("music", music))
        return {"story": story, **self.narrations.find(story).describe()}

    def status(
        self, story: Annotated[str, Field(description="The id that narrate returned.")]
    ) -> dict[str, Any]:
        """Report how far a narration is, and in the end its files, or why it failed."""
        return {"story": story, **self.narrations.find(story).describe()}

    def voices(
        self,
        engine: Annotated[str, Field(description="embedded, kokoro, polly …")] = EMBEDDED,
    ) -> dict[str, Any]:
        """List the voices of an engine, the default first."""
        select_limits(engine)
        return {"voices": [asdict(voice) for voice in list_local_voices(engine)]}

    def _parse_options(self, options: dict[str, Any]) -> Options:
        """Parse options; a cover is a file of the music folder, too."""
        parsed = parse_options(options)
        cover = self._find_file("cover", parsed.cover)
        return parsed.model_copy(update={"cover": str(cover)}) if cover else parsed

    def _find_file(self, field: str, name: str) -> "Path | None":
        if not name:
            return None
        folder = self.music_folder
        listed = {} if folder is None else {path.name: path for path in folder.iterdir()}
        if name not in listed:
            names = ", ".join(sorted(listed)) or "empty"
            raise BadOption(f"{field}: “{name}” is not in the music folder ({names}).", field=field)
        return listed[name]


def _describe_plan(planned: Plan) -> dict[str, Any]:
    return {
        "characters": planned.characters,
        "duration_s": round(planned.duration_s, 1),
        "cost_usd": {EMBEDDED: 0.0, **planned.costs_usd},
        "warnings": list(planned.warnings),
    }
