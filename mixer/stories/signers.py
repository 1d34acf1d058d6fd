"""What opens the signer of a run; compose has the real one."""

from collections.abc import Callable

from mixer.publish.provenance import FileSigner, OriginSound

SignerOpener = Callable[[str, tuple[str, ...], tuple[OriginSound, ...]], FileSigner | None]
"""Takes the engine, the voices and the sounds; returns None where nothing is signed."""


def open_no_signer(
    _engine: str, _voices: tuple[str, ...], _sounds: tuple[OriginSound, ...]
) -> None:
    """Sign nothing."""
