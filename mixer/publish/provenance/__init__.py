"""Proof of origin: signed C2PA manifests that say what a file is and how it was made."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.publish.provenance.identity import (
        SigningFiles,
        SigningIdentity,
        SigningKey,
        open_identity,
        open_vault_identity,
    )
    from mixer.publish.provenance.reader import Provenance, read_provenance
    from mixer.publish.provenance.signatures import (
        SOURCE_TYPE,
        FileSigner,
        Origin,
        OriginSound,
        SignerOpener,
        holds_manifest,
        is_signable,
        open_no_signer,
    )

__getattr__ = export_lazily(__name__)
