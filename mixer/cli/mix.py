"""`mixer mix`: sound files of any kind in, one finished MP3 out."""

from pathlib import Path
from typing import Any

import click

from mixer.cli.options import ABOUT, MIX, chosen, contract_options
from mixer.cli.session import store_option, studio
from mixer.cli.summary import clock
from mixer.studio import mix_files


@click.command()
@click.argument("chunks", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--music", type=click.Path(path_type=Path), help="A sound file to lie under it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The MP3.")
@store_option
@contract_options("gap_ms", *MIX, *ABOUT)
def command(
    chunks: tuple[Path, ...],
    music: Path | None,
    out: Path,
    store: Path,
    **given: Any,  # noqa: ANN401 - the contract's options, checked by `chosen`
) -> None:
    """Mix CHUNKS (sound files of any format and sample rate) in the given order."""
    asked = chosen(given)
    with studio(store) as work:
        mix = mix_files(work, chunks, music=music, asked=asked, out=out)
    measured = mix.checked
    click.echo(
        f"{out}  {clock(mix.timeline.duration_s)}, {measured.integrated_lufs:.1f} LUFS, "
        f"{measured.true_peak_dbtp:.1f} dBTP"
    )
