"""What a service listed at one moment, frozen: the input of the plan. Nothing is decided here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an S3 object, or a delete marker.

    Attributes:
        version_id: `null` in a bucket that was never versioned.
        size_bytes: 0 for a delete marker.
        modified: in UTC, to the second.
        is_latest: whether a reader of the key gets this version.
        etag: kept only where the version id does not distinguish writes; empty elsewhere.
    """

    kind: ClassVar[str] = "object"
    counts: ClassVar[bool] = True
    key: str
    version_id: str
    size_bytes: int
    modified: datetime
    is_latest: bool = True
    is_marker: bool = False
    etag: str = ""

    @property
    def name(self) -> str:
        """The key."""
        return self.key

    def row(self) -> Mapping[str, object]:
        """What a printed plan adds to name and size."""
        return {"version_id": self.version_id, "since": self.modified.isoformat()}


@dataclass(frozen=True, slots=True)
class Upload:
    """An unfinished multipart upload; S3's listing does not state its size.

    Attributes:
        key: the key that it would write.
        initiated: in UTC.
    """

    kind: ClassVar[str] = "upload"
    counts: ClassVar[bool] = False
    size_bytes: ClassVar[int] = 0
    key: str
    upload_id: str
    initiated: datetime

    @property
    def name(self) -> str:
        """The key."""
        return self.key

    def row(self) -> Mapping[str, object]:
        """What a printed plan adds to name and size."""
        return {"upload_id": self.upload_id, "since": self.initiated.isoformat()}


@dataclass(frozen=True, slots=True)
class Folder:
    """A top-level folder that no rule names; its content is not listed."""

    kind: ClassVar[str] = "folder"
    counts: ClassVar[bool] = False
    size_bytes: ClassVar[int] = 0
    name: str

    def row(self) -> Mapping[str, object]:
        """Nothing more is known of it."""
        return {}


@dataclass(frozen=True, slots=True)
class BucketListing:
    """The content of a bucket.

    Attributes:
        versions: by key, the newest version of a key first, as S3 lists them.
        uploads: anywhere in the bucket.
        other_folders: top-level folders outside every rule.
        named_chunks: chunk keys in the scripts and timelines of living stories.
        unreadable: keys of scripts and timelines that could not be read.
    """

    bucket: str
    versions: tuple[ObjectVersion, ...] = ()
    uploads: tuple[Upload, ...] = ()
    other_folders: tuple[Folder, ...] = ()
    named_chunks: frozenset[str] = frozenset()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """One manifest in an ECR repository: an image, a manifest list or an attached artifact.

    Attributes:
        digest: `sha256:…`.
        pushed: in UTC.
        size_bytes: compressed; layers that images share count with each of them.
        pulled: last pull, as far as ECR recorded it.
        children: digests in it, if it is a manifest list.
        subject: digest of the image to which it is attached (a signature, an SBOM), or empty.
    """

    kind: ClassVar[str] = "image"
    counts: ClassVar[bool] = True
    digest: str
    pushed: datetime
    tags: tuple[str, ...] = ()
    size_bytes: int = 0
    pulled: datetime | None = None
    children: tuple[str, ...] = ()
    subject: str = ""

    @property
    def name(self) -> str:
        """The digest."""
        return self.digest

    @property
    def last_needed(self) -> datetime:
        """The later of push and last recorded pull: its age counts from there."""
        return max(self.pushed, self.pulled or self.pushed)

    def row(self) -> Mapping[str, object]:
        """What a printed plan adds to name and size."""
        return {"tags": list(self.tags), "since": self.last_needed.isoformat()}


@dataclass(frozen=True, slots=True)
class Uses:
    """Which images Lambda functions run.

    Attributes:
        digests: of every version of every function in the account and region.
        unknown: why the answer cannot be trusted; empty when it can.
    """

    digests: frozenset[str] = frozenset()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryListing:
    """The content of an ECR repository.

    Attributes:
        images: every manifest, in any order.
        shared_with: the accounts (or `everyone`) that its policy lets in.
        unreadable: digests of manifest lists that could not be read.
    """

    repository: str
    images: tuple[Image, ...] = ()
    uses: Uses = field(default_factory=Uses)
    shared_with: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
