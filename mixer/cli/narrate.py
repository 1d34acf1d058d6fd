"""`mixer narrate` and `mixer mix`: a story, or sound files, in; a finished file out."""

import sys
from pathlib import Path
from typing import Any

import click

import mixer
from mixer.cli.options import (
    COST,
    FEED,
    METADATA,
    MIX,
    OUTPUT,
    SPEECH,
    collect_options,
    contract_options,
    engine_url_option,
    force_option,
    music_option,
    store_option,
)
from mixer.cli.strict import StrictCommand
from mixer.cli.terminal import (
    echo_warnings,
    format_estimate,
    format_measurements,
    open_progress,
    plan_story,
    print_warnings,
)
from mixer.errors import BadOption

STANDARD_OUTPUT = Path("-")


@click.command(cls=StrictCommand)
@click.argument("story")
@music_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The file to write; - streams MP3 to standard output while it is made.  [default: "
    "STORY.mp3 in the current folder]",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Where to write the report (JSON).  [default: next to --out]",
)
@store_option
@force_option
@engine_url_option
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Instead of --out, the library of Audiobookshelf or Jellyfin: Author/Series/Title.",
)
@click.option(
    "--feed",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Publish it as an episode of the podcast feed in this folder (feed.xml).",
)
@click.option(
    "--feed-url",
    metavar="URL",
    help="Address where that folder is published; the folder remembers it.",
)
@contract_options(*SPEECH, *MIX, *METADATA, *OUTPUT, *FEED, *COST)
def narrate(
    *,
    story: str,
    music: Path | None,
    out: Path | None,
    force: bool,
    report: Path | None,
    store: Path,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Turn a story into a finished file.

    STORY is a text, Markdown, HTML, EPUB, DOCX, ODT, PDF or SSML file, or - for standard input. The
    suffix of --out sets the format; --out - streams MP3 from the first words on, for players:
    mixer narrate story.md --out - | mpv -. Captions (.vtt, .srt), a waveform picture (.png),
    chapters for podcast and video players (.chapters.json, .chapters.vtt) and a report (.json) are
    written next to the file; --outputs adds more. Speech is kept (--store), and never paid for
    twice.
    """
    feed, feed_url, library = (given.pop(name) for name in ("feed", "feed_url", "library"))
    if library and out:
        raise click.UsageError("--library cannot be combined with --out.")
    options = collect_options(given)
    output = mixer.Output(out, report, store, force, feed, feed_url or "", library)
    if options.dry_run:
        click.echo(format_estimate(plan_story(story, options, music)))
        return
    if out == STANDARD_OUTPUT:
        _stream_story(Path(story), options, music, output)
        return
    with open_progress() as progress, print_warnings():
        narration = mixer.narrate(Path(story), output, options, music=music, progress=progress)
    _print_result(narration)


def _stream_story(
    story: Path, options: mixer.Options, music: Path | None, output: mixer.Output
) -> None:
    """Write the growing MP3 to standard output, and nothing else."""
    if output.report is not None:
        raise BadOption(
            "report: a report needs a finished file; name one with --out.", field="report"
        )
    if sys.stdout.isatty():
        raise BadOption(
            "out: standard output is a terminal; pipe the sound into a player, as in "
            "mixer narrate story.md --out - | mpv -",
            field="out",
        )
    with open_progress() as progress, print_warnings():
        for piece in mixer.stream(
            story, options, music=music, store=output.store, progress=progress
        ):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()


def _print_result(narration: mixer.Narration) -> None:
    synthesized, total = narration.synthesized_chunks, narration.total_chunks
    others = ", the others reused" if synthesized < total else ""
    figures = format_measurements(narration)
    if narration.as_written_percent is not None:
        figures += f", {narration.as_written_percent:.1f}% spoken as written"
    click.echo(f"{figures}; {synthesized} of {total} chunks synthesized{others}")
    for path in narration.outputs:
        click.echo(f"  {path}")
    echo_warnings(narration.warnings)


@click.command(cls=StrictCommand)
@click.argument(
    "chunks", nargs=-1, required=True, metavar="CHUNK...", type=click.Path(path_type=Path)
)
@click.option(
    "--music", type=click.Path(path_type=Path), help="A sound file to play under the speech."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@force_option
@contract_options("gap_ms", *MIX, *METADATA)
def mix(
    *,
    chunks: tuple[Path, ...],
    music: Path | None,
    out: Path,
    force: bool,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Mix sound files into one finished file, in the given order.

    The CHUNKs may have any format and sample rate. Silence at their ends is trimmed; gaps of
    --gap-ms separate them. The suffix of --out sets the format. Repairs to flawed recordings are
    listed at the end.
    """
    options, output = collect_options(given), mixer.Output(out, force=force)
    with open_progress() as progress, print_warnings():
        mixed = mixer.mix(chunks, output, options, music=music, progress=progress)
    click.echo(f"{out}  {format_measurements(mixed)}")
    for sentence in mixed.adjustments:
        click.echo(f"  {sentence}")
