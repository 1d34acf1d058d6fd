"""`mixer cast`: who says what in a book, and the book with a voice for each."""

import json
import os
from pathlib import Path
from typing import Any

import click

import mixer
from mixer.cli.options import collect_options, contract_options, force_option, set_variable
from mixer.cli.strict import StrictCommand
from mixer.narration import claim_file
from mixer.settings import find_store_folder

SHOWN_DOUBTFUL = 15
MAX_EXCERPT = 60
MIN_SAMPLE = 25
"""Characters of a line that shows how someone talks."""


@click.command(cls=StrictCommand)
@click.argument("book")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the book with a cast and marks, to edit and narrate; nothing else in it changes.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, with the place of each quotation."
)
@click.option("--doubtful", is_flag=True, help="List all quotations whose speaker is in doubt.")
@click.option(
    "--model-url",
    metavar="URL",
    envvar="MODEL_URL",
    expose_value=False,
    callback=set_variable,
    help="Ask a language model about quotations in doubt: its address up to /v1 (docs/casting.md).",
)
@click.option(
    "--model-name",
    metavar="NAME",
    envvar="MODEL_NAME",
    expose_value=False,
    callback=set_variable,
    help="The model, by the server's name for it.",
)
@force_option
@contract_options("voice", "engine", "text_type", "skip_front_matter")
def cast(
    *,
    book: str,
    out: Path | None,
    as_json: bool,
    doubtful: bool,
    force: bool,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Find who says what in BOOK, a novel or a play in English.

    Prints each character's names, gender, number of words and proposed voice. With --out cast.md
    it also writes the book with this cast, for `mixer narrate cast.md`; change voices in its first
    lines. --voice sets the narrator's.
    """
    inputs = {Path(book): "the book"} if book != "-" else {}
    written = claim_file(out, inputs, find_store_folder(os.environ), force=force)
    found = mixer.cast(
        Path(book), collect_options(given), with_model=bool(os.environ.get("MODEL_URL"))
    )
    if out is not None:
        written.write(out, found.write_marks().encode())
    if as_json:
        click.echo(json.dumps(found.describe(), indent=2, ensure_ascii=False))
        return
    _print_characters(found)
    _print_doubtful(found, None if doubtful else SHOWN_DOUBTFUL)
    if out is not None:
        click.echo(f"{out}: change the voices in its first lines, then run mixer narrate {out}")


def _print_characters(found: mixer.CastBook) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Cast", title_justify="left")
    for name in ("name", "voice", "gender", "age"):
        table.add_column(name)
    table.add_column("words", justify="right")
    table.add_column("other names, and a line")
    for each in found.cast.characters:
        names = ", ".join(each.names[1:5])
        line = _find_line(found, each.name)
        also = "\n".join(filter(None, (escape(names), f"[dim]{escape(line)}[/dim]")))
        voice = found.voices[each.name]
        table.add_row(escape(each.name), voice, each.gender, each.age, f"{each.words:,}", also)
    if found.cast.characters:
        Console(emoji=False).print(table)
    for note in found.cast.notes:
        click.echo(note)


def _find_line(found: mixer.CastBook, name: str) -> str:
    """The most certain of the lines that a character says, and not the shortest."""
    own = [each for each in found.cast.quotations if each.speaker == name]
    lines = [(each.extract_text(found.text), each.confidence) for each in own]
    return _shorten(max(lines, key=lambda line: (len(line[0]) >= MIN_SAMPLE, line[1]))[0])


def _shorten(words: str) -> str:
    return words if len(words) <= MAX_EXCERPT else f"{words[:MAX_EXCERPT].rstrip()} …"


def _print_doubtful(found: mixer.CastBook, limit: int | None) -> None:
    """Print the quotations to look at, least certain first."""
    quotations = found.cast.find_doubtful()
    if not quotations:
        return
    noun = "quotation is" if len(quotations) == 1 else "quotations are"
    click.echo(f"{len(quotations)} {noun} in doubt, the least certain first:")
    for each in quotations[:limit]:
        line = found.text.count("\n", 0, each.start) + 1
        words = _shorten(each.extract_text(found.text))
        names = " or ".join(each.candidates[:2]) or "unknown"
        click.echo(f"  line {line}: {words} {names}?")
    if limit is not None and len(quotations) > limit:
        click.echo("  … (--doubtful lists all)")
