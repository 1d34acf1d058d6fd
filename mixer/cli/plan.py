"""`mixer plan`: what would be said, in which chunks, at which cost; nothing is synthesised."""

from collections import Counter
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from mixer.cli.offline_plan import plan_story
from mixer.cli.options import SPEECH, collect_options, contract_options
from mixer.cli.session import music_option
from mixer.cli.summary import format_estimate
from mixer.script.planning.pronunciation_hints import find_pronunciation_hints
from mixer.script.script import NARRATOR, CuePlace, Script, SoundCue, Utterance


@click.command()
@click.argument("story")
@click.option("--json", "as_json", is_flag=True, help="The whole Script as JSON.")
@click.option("--doubtful", is_flag=True, help="List the words that the voice may misread.")
@music_option
@contract_options(*SPEECH)
def command(
    story: str,
    *,
    as_json: bool,
    doubtful: bool,
    music: Path | None,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `chosen`
) -> None:
    """Show what would be said and played of STORY, and its cost."""
    asked = collect_options(given)
    script = plan_story(story, asked, music)
    if as_json:
        click.echo(TypeAdapter(Script).dump_json(script, indent=2))
        return
    if doubtful:
        for each in find_pronunciation_hints(script):
            click.echo(f"{each.word}\t{each.kind}\t{each.times}")
        return
    console = Console()
    if script.cast:
        console.print(_cast_table(script))
    if len(script.chapters) > 1:
        console.print(_chapter_table(script))
    console.print(_chunk_table(script))
    if any(script.sounds):
        console.print(_sound_table(script))
    click.echo(format_estimate(script, asked.rate))


def _cast_table(script: Script) -> Table:
    """Who speaks, how much, and how."""
    chars = Counter[str]()
    for chunk in script.chunks:
        chars[chunk.speaker or NARRATOR] += chunk.billed_chars
    table = Table(title="Cast", title_justify="left")
    for name in ("name", "voice", "engine", "level", "rate"):
        table.add_column(name)
    table.add_column("chars", justify="right")
    for role in script.cast:
        rate = "" if role.rate_percent is None else f"{role.rate_percent} %"
        level = f"{role.level_db:+g} dB" if role.level_db else ""
        said = f"{chars[role.name]:,}"
        table.add_row(role.name, role.voice, role.engine, level, rate, said)
    return table


def _chapter_table(script: Script) -> Table:
    """How the story is parted."""
    table = Table(title="Chapters", title_justify="left")
    for name in ("#", "chunks", "chars"):
        table.add_column(name, justify="right")
    table.add_column("title")
    for number, chapter in enumerate(script.chapters, start=1):
        chars = sum(chunk.billed_chars for chunk in chapter.chunks)
        table.add_row(f"{number}", f"{len(chapter.chunks)}", f"{chars:,}", chapter.title)
    return table


def _sound_table(script: Script) -> Table:
    """Music and sounds, in the order in which they are heard."""
    table = Table(title="Music and sounds", title_justify="left", expand=True)
    for name in ("line", "kind", "file", "level"):
        table.add_column(name, no_wrap=True)
    table.add_column("where", overflow="ellipsis", no_wrap=True, ratio=1)
    if script.music is not None:
        table.add_row(*_sound_cells(script.music), "from the beginning")
    for chunk in script.chunks:
        for utterance in chunk.utterances:
            for cue in utterance.sounds:
                table.add_row(*_sound_cells(cue), _format_place(cue, utterance))
    return table


def _sound_cells(cue: SoundCue) -> tuple[str, str, str, str]:
    level = "" if cue.level_lu is None else f"{cue.level_lu:+g} LU"
    return f"{cue.line or ''}", cue.kind, cue.file or "off", level


def _format_place(cue: SoundCue, utterance: Utterance) -> str:
    """Where a sound is heard, in words of the text."""
    if cue.place is CuePlace.WITHIN:
        return f"with “{utterance.text[cue.at :]}”"
    return f"{cue.place} “{utterance.text}”"


def _chunk_table(script: Script) -> Table:
    table = Table(title=script.title or None, title_justify="left", expand=True)
    for name in ("#", "chars"):
        table.add_column(name, justify="right", no_wrap=True)
    if script.cast:
        table.add_column("who", no_wrap=True)
    table.add_column("passage", overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column("then", no_wrap=True)
    table.add_column("silence", justify="right", no_wrap=True)
    number = 0
    for chapter in script.chapters:
        table.add_section()
        for chunk in chapter.chunks:
            number += 1
            silence = f"{chunk.gap_ms} ms"
            who = (chunk.speaker or NARRATOR,) if script.cast else ()
            cells = (number, chunk.billed_chars, *who, chunk.passage, chunk.ending, silence)
            table.add_row(*map(str, cells))
    return table
