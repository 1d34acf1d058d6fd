"""What lies there: the values that gathering hands to deciding.

Everything here is what a service said at one moment, frozen. Nothing is decided yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an S3 object, or a delete marker.

    Attributes:
        key: the object's key.
        version_id: as S3 states it; `null` in a bucket that was never versioned.
        size_bytes: of the content; 0 for a delete marker.
        modified: when it was written, in UTC, to the second.
        is_latest: whether a reader of the key meets this version.
        is_marker: whether it is a delete marker.
        etag: kept only where the version id does not tell writes apart; empty elsewhere.
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
        """What a printed plan says of it besides name and size."""
        return {"version_id": self.version_id, "since": self.modified.isoformat()}


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that nobody has finished; S3 does not say in its listing how large.

    Attributes:
        key: the key that it would write.
        upload_id: S3's name for it.
        initiated: when it began, in UTC.
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
        """What a printed plan says of it besides name and size."""
        return {"upload_id": self.upload_id, "since": self.initiated.isoformat()}


@dataclass(frozen=True, slots=True)
class Folder:
    """A top-level folder that no rule names: its name is known, its content is not looked at."""

    kind: ClassVar[str] = "folder"
    counts: ClassVar[bool] = False
    size_bytes: ClassVar[int] = 0
    name: str

    def row(self) -> Mapping[str, object]:
        """Nothing more is known of it."""
        return {}


@dataclass(frozen=True, slots=True)
class BucketListing:
    """What lies in a bucket.

    Attributes:
        bucket: its name.
        versions: by key, the newest version of a key first, as S3 lists them.
        uploads: unfinished multipart uploads anywhere in the bucket.
        other_folders: top-level folders outside every rule.
        named_chunks: chunk keys that the scripts and timelines of living stories name.
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
        tags: those that point to it now.
        size_bytes: compressed; layers that images share are counted with each of them.
        pulled: when it was last pulled, as far as ECR recorded it.
        children: digests that it names, when it is a manifest list.
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
        """The later of push and last recorded pull: from then on it ages."""
        return max(self.pushed, self.pulled or self.pushed)

    def row(self) -> Mapping[str, object]:
        """What a printed plan says of it besides name and size."""
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
    """What lies in an ECR repository.

    Attributes:
        repository: its name.
        images: every manifest, in any order.
        uses: what functions run.
        shared_with: the accounts (or `everyone`) that its policy lets in.
        unreadable: digests of manifest lists whose children could not be learnt.
    """

    repository: str
    images: tuple[Image, ...] = ()
    uses: Uses = field(default_factory=Uses)
    shared_with: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
