"""`mixer plan` and `mixer estimate`: chunks and cost of a story; nothing is synthesized."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mixer.cli.options import (
    SPEECH,
    collect_options,
    contract_options,
    engine_url_option,
    music_option,
)
from mixer.cli.strict import StrictCommand
from mixer.cli.terminal import format_estimate, plan_story, print_table
from mixer.script import NARRATOR, CuePlace, Script, SoundCue, Utterance
from mixer.script.review import find_pronunciation_hints, review_script
from mixer.speech import EMBEDDED

if TYPE_CHECKING:
    from rich.table import Table


@click.command(cls=StrictCommand)
@click.argument("story")
@click.option("--json", "as_json", is_flag=True, help="Print the whole Script as JSON.")
@click.option(
    "--doubtful", is_flag=True, help="List words that the voice may mispronounce, for a lexicon."
)
@click.option("--words", is_flag=True, help="Show every sentence as it will be spoken.")
@click.option("--review", is_flag=True, help="List what to check before it is spoken.")
@music_option
@engine_url_option
@contract_options(*SPEECH)
def plan(
    story: str,
    *,
    as_json: bool,
    doubtful: bool,
    words: bool,
    review: bool,
    music: Path | None,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Show the chunks, the sounds and the cost of STORY."""
    options = collect_options(given)
    planned = plan_story(story, options, music)
    script = planned.script
    if as_json:
        _print_json(script, has_phonemes=planned.engine == EMBEDDED)
    elif review:
        _print_review(script, planned.warnings, _find_lexicon(planned.engine))
    elif doubtful:
        _print_hints(script, _find_lexicon(planned.engine))
    elif words:
        _print_words(script)
    else:
        _print_tables(script)
        click.echo(format_estimate(planned))


def _print_json(script: Script, *, has_phonemes: bool) -> None:
    """Print the Script as JSON, with each utterance's phonemes where the engine has them."""
    from pydantic import TypeAdapter

    from mixer.speech.embedded import phonemize_ssml

    described: dict[str, Any] = TypeAdapter(Script).dump_python(script, mode="json")
    if has_phonemes:
        chunks = (chunk for chapter in described["chapters"] for chunk in chapter["chunks"])
        for chunk in chunks:
            spoken = phonemize_ssml(chunk["ssml"])
            for utterance, phonemes in zip(chunk["utterances"], spoken, strict=False):
                utterance["phonemes"] = phonemes
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))


def _find_lexicon(engine: str) -> Callable[[str], bool] | None:
    """Whether an engine knows a word; None for one that does not state it."""
    from mixer.speech.embedded import is_known_word

    return is_known_word if engine == EMBEDDED else None


def _print_review(
    script: Script, language: Sequence[str], is_known: Callable[[str], bool] | None
) -> None:
    """Print what deserves a look, one line each, under headings."""
    found = review_script(script, is_known)
    words = [f"{each.word} ({each.kind}, {each.times}×)" for each in found.words]
    sections = (
        ("Language", language),
        ("Chapters", found.chapters),
        ("Words to listen to", words),
        ("Not spoken", [f"{what}: {count}" for what, count in found.unsaid]),
    )
    for title, lines in sections:
        click.echo(f"{title}: {'' if lines else 'nothing to note'}".rstrip())
        for line in lines:
            click.echo(f"  {line}")


@click.command(cls=StrictCommand)
@click.argument("story")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@music_option
@engine_url_option
@contract_options(*SPEECH)
def estimate(
    story: str,
    *,
    as_json: bool,
    music: Path | None,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Estimate the length and the cost of STORY; nothing is spent."""
    options = collect_options(given)
    planned = plan_story(story, options, music)
    if not as_json:
        click.echo(format_estimate(planned))
        return
    figures = planned.estimate.describe(planned.voice, planned.engine, planned.costs_usd)
    click.echo(
        json.dumps(
            {**figures, "cover_base64": None, "dry_run": False}
            | {"warnings": list(planned.warnings)}
        )
    )


def _print_hints(script: Script, is_known: Callable[[str], bool] | None) -> None:
    """Print doubtful words, tab-separated on stdout; what they are, on stderr."""
    hints = find_pronunciation_hints(script, is_known)
    if not hints:
        click.echo("No word looks doubtful.", err=True)
        return
    click.echo(
        "Words that the voice may mispronounce, why, and how often they occur. Listen to them, and "
        "write the wrong ones into a lexicon, as “Siobhan = Shivawn”.",
        err=True,
    )
    for hint in hints:
        click.echo(f"{hint.word}\t{hint.kind}\t{hint.times}")


def _print_words(script: Script) -> None:
    """Print the sentences in the words that the voice gets, by chapter and speaker."""
    for chapter in script.chapters:
        click.echo(f"# {chapter.title}" if chapter.title else "")
        for chunk in chapter.chunks:
            who = f"{chunk.speaker or NARRATOR}: " if script.cast else ""
            for utterance in chunk.utterances:
                click.echo(f"{who}{utterance.spoken}")


def _print_tables(script: Script) -> None:
    if script.cast:
        print_table(_build_cast_table(script))
    if len(script.chapters) > 1:
        print_table(_build_chapter_table(script))
    print_table(_build_chunk_table(script))
    if any(script.sounds):
        print_table(_build_sound_table(script))


def _create_table(title: str | None, *, expand: bool = False) -> "Table":
    from rich.table import Table  # not needed for an estimate, nor for other forms of a plan

    return Table(title=title, title_justify="left", expand=expand)


def _build_cast_table(script: Script) -> "Table":
    chars = Counter[str]()
    for chunk in script.chunks:
        chars[chunk.speaker or NARRATOR] += chunk.billed_chars
    table = _create_table("Cast")
    for name in ("name", "voice", "engine", "level", "rate"):
        table.add_column(name)
    table.add_column("chars", justify="right")
    for role in script.cast:
        rate = "" if role.rate_percent is None else f"{role.rate_percent}%"
        level = f"{role.level_db:+g} dB" if role.level_db else ""
        own_chars = f"{chars[role.name]:,}"
        table.add_row(role.name, role.voice, role.engine, level, rate, own_chars)
    return table


def _build_chapter_table(script: Script) -> "Table":
    table = _create_table("Chapters")
    for name in ("#", "chunks", "chars"):
        table.add_column(name, justify="right")
    table.add_column("title")
    for number, chapter in enumerate(script.chapters, start=1):
        chars = sum(chunk.billed_chars for chunk in chapter.chunks)
        table.add_row(f"{number}", f"{len(chapter.chunks)}", f"{chars:,}", chapter.title)
    return table


def _build_sound_table(script: Script) -> "Table":
    table = _create_table("Music and sounds", expand=True)
    for name in ("line", "kind", "file", "level"):
        table.add_column(name, no_wrap=True)
    table.add_column("where", overflow="ellipsis", no_wrap=True, ratio=1)
    if script.music is not None:
        table.add_row(*_format_sound(script.music), "from the beginning")
    for chunk in script.chunks:
        for utterance in chunk.utterances:
            for cue in utterance.sounds:
                table.add_row(*_format_sound(cue), _format_place(cue, utterance))
    return table


def _format_sound(cue: SoundCue) -> tuple[str, str, str, str]:
    level = "" if cue.level_lu is None else f"{cue.level_lu:+g} LU"
    return f"{cue.line or ''}", cue.kind, cue.file or "off", level


def _format_place(cue: SoundCue, utterance: Utterance) -> str:
    """Format a sound's place in words of the text."""
    if cue.place is CuePlace.WITHIN:
        return f"with “{utterance.text[cue.at :]}”"
    return f"{cue.place} “{utterance.text}”"


def _build_chunk_table(script: Script) -> "Table":
    table = _create_table(script.title or None, expand=True)
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
            silence = f"{chunk.gap_ms:,} ms"
            who = (chunk.speaker or NARRATOR,) if script.cast else ()
            cells = (number, chunk.billed_chars, *who, chunk.passage, chunk.ending, silence)
            table.add_row(*map(str, cells))
    return table
