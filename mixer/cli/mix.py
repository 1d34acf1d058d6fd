"""`mixer mix`: sound files of any kind in, one finished file out."""

from pathlib import Path
from typing import Any

import click

from mixer.cli.options import METADATA, MIX, collect_options, contract_options
from mixer.cli.outputs import require_distinct_paths, resolve_format
from mixer.cli.session import open_job_context
from mixer.cli.story_files import read_cover_file
from mixer.cli.summary import format_measurements
from mixer.files import require_writable
from mixer.stories.foreground import LocalMix, mix_local_files


@click.command()
@click.argument(
    "chunks", nargs=-1, required=True, metavar="CHUNK...", type=click.Path(path_type=Path)
)
@click.option("--music", type=click.Path(path_type=Path), help="A sound file to lie under it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@contract_options("gap_ms", *MIX, *METADATA)
def command(
    chunks: tuple[Path, ...],
    music: Path | None,
    out: Path,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `chosen`
) -> None:
    """Mix sound files into one finished file, in the given order.

    The CHUNKs may be of any format and sample rate. Silence at their ends is trimmed; between them
    lie gaps of --gap-ms. The ending of --out tells the format. What was done to recordings that
    were not as they should be is said in the end.
    """
    asked = resolve_format(collect_options(given), out)
    inputs = dict.fromkeys(chunks, "one of the chunks")
    inputs |= {music: "the music"} if music else {}
    inputs |= {Path(asked.cover): "the cover"} if asked.cover else {}
    require_distinct_paths([out], inputs)
    cover = read_cover_file(Path(asked.cover)) if asked.cover else None
    require_writable(out)
    with open_job_context() as work:
        mix = mix_local_files(LocalMix(chunks, music, cover), asked, out, work)
    measured = format_measurements(
        mix.timeline.duration_s, mix.integrated_loudness_lufs, mix.true_peak_dbtp
    )
    click.echo(f"{out}  {measured}")
    for told in mix.adjustments:
        click.echo(f"  {told}")
