"""`mixer mix`: sound files in, one finished file out."""

from pathlib import Path
from typing import Any

import click

import mixer
from mixer.cli.options import METADATA, MIX, collect_options, contract_options, force_option
from mixer.cli.terminal import format_measurements, open_progress, print_warnings


@click.command()
@click.argument(
    "chunks", nargs=-1, required=True, metavar="CHUNK...", type=click.Path(path_type=Path)
)
@click.option("--music", type=click.Path(path_type=Path), help="A sound file to play under it.")
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
