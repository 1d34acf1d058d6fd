"""The object store protocol and its adapters."""

from mixer.store.folder import FolderStore
from mixer.store.links import SECRET_BYTES, LinkStatus, SignedLinks, load_secret
from mixer.store.objects import (
    UPLOADS_PREFIX,
    ObjectStore,
    StoredObject,
    UploadForm,
    select_music_store,
    validate_key,
)
from mixer.store.ranged_file import open_object
from mixer.store.s3 import S3Store, create_s3_client

__all__ = [
    "SECRET_BYTES",
    "UPLOADS_PREFIX",
    "FolderStore",
    "LinkStatus",
    "ObjectStore",
    "S3Store",
    "SignedLinks",
    "StoredObject",
    "UploadForm",
    "create_s3_client",
    "load_secret",
    "open_object",
    "select_music_store",
    "validate_key",
]
