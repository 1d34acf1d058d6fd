"""Tools for agents, by the Model Context Protocol: plan, estimate, narrate, status, voices.

The official SDK describes them from their signatures, checks their arguments and speaks the
protocol. An error is one sentence for the agent.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mixer.compose import list_local_voices
from mixer.errors import BadOption, MixerError
from mixer.mcp.jobs import Narrations
from mixer.narration import Plan, plan, select_limits
from mixer.requests import Options, parse_options
from mixer.speech import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path

    from mcp.server.mcpserver import MCPServer

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
