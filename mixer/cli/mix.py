"""`mixer mix`: sound files in, one finished file out."""

from pathlib import Path
from typing import Any

import click

from mixer.cli.files import read_cover_file, require_distinct_paths, resolve_format
from mixer.cli.options import METADATA, MIX, collect_options, contract_options
from mixer.cli.terminal import format_measurements, open_job_context
from mixer.files import require_writable
from mixer.stories.foreground import LocalMix, mix_local_files


@click.command()
@click.argument(
    "chunks", nargs=-1, required=True, metavar="CHUNK...", type=click.Path(path_type=Path)
)
@click.option("--music", type=click.Path(path_type=Path), help="A sound file to play under it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@contract_options("gap_ms", *MIX, *METADATA)
def mix(
    chunks: tuple[Path, ...],
    music: Path | None,
    out: Path,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `collect_options`
) -> None:
    """Mix sound files into one finished file, in the given order.

    The CHUNKs may have any format and sample rate. Silence at their ends is trimmed; gaps of
    --gap-ms separate them. The suffix of --out sets the format. Repairs to flawed recordings are
    listed at the end.
    """
    options = resolve_format(collect_options(given), out)
    inputs = dict.fromkeys(chunks, "one of the chunks")
    inputs |= {music: "the music"} if music else {}
    inputs |= {Path(options.cover): "the cover"} if options.cover else {}
    require_distinct_paths([out], inputs)
    cover = read_cover_file(Path(options.cover)) if options.cover else None
    require_writable(out)
    with open_job_context() as context:
        result = mix_local_files(LocalMix(chunks, music, cover), options, out, context)
    figures = format_measurements(
        result.timeline.duration_s, result.integrated_loudness_lufs, result.true_peak_dbtp
    )
    click.echo(f"{out}  {figures}")
    for sentence in result.adjustments:
        click.echo(f"  {sentence}")
