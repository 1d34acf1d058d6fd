"""The object store protocol and its adapters."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.store.folder import FolderStore
    from mixer.store.leases import LeaseKeeper
    from mixer.store.links import LinkStatus, SignedLinks, load_secret
    from mixer.store.objects import (
        UPLOADS_PREFIX,
        ObjectStore,
        StoredObject,
        UploadForm,
        open_object,
        validate_key,
    )
    from mixer.store.s3 import S3Store, create_s3_client
    from mixer.store.seals import find_sealed, put_sealed

__getattr__ = export_lazily(__name__)
