"""Listings of a service at one moment: the frozen input of the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an S3 object, or a delete marker (0 bytes). `modified` is in UTC.

    Attributes:
        version_id: `null` in a bucket that was never versioned.
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
    """An unfinished multipart upload of unknown size; `initiated` is in UTC."""

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
        """Return nothing: only the name is known."""
        return {}


@dataclass(frozen=True, slots=True)
class BucketListing:
    """The content of a bucket: versions by key, newest first, as S3 lists them.

    `named_keys` are the chunks and uploads that living stories name; `unreadable` are the keys of
    these stories' files that could not be read.
    """

    bucket: str
    versions: tuple[ObjectVersion, ...] = ()
    uploads: tuple[Upload, ...] = ()
    other_folders: tuple[Folder, ...] = ()
    named_keys: frozenset[str] = frozenset()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """One manifest in an ECR repository: an image, a manifest list or an attached artifact.

    `children` are the digests in a manifest list; `pushed` and `pulled` are in UTC.

    Attributes:
        digest: `sha256:…`.
        size_bytes: compressed; layers that images share count with each of them.
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
        """The later of push and last recorded pull, from which the age counts."""
        return max(self.pushed, self.pulled or self.pushed)

    def row(self) -> Mapping[str, object]:
        """What a printed plan adds to name and size."""
        return {"tags": list(self.tags), "since": self.last_needed.isoformat()}


@dataclass(frozen=True, slots=True)
class Uses:
    """Digests of the images that functions run; `unknown` says why they are unreliable."""

    digests: frozenset[str] = frozenset()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryListing:
    """The content of an ECR repository: every manifest, in any order.

    `shared_with` are the accounts (or `everyone`) that its policy admits; `unreadable` are digests
    of manifest lists that could not be read.
    """

    repository: str
    images: tuple[Image, ...] = ()
    uses: Uses = field(default_factory=Uses)
    shared_with: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """A published version of a function; `published` is in UTC."""

    kind: ClassVar[str] = "version"
    counts: ClassVar[bool] = True
    size_bytes: ClassVar[int] = 0
    arn: str
    published: datetime

    @property
    def name(self) -> str:
        """The ARN with the version's number."""
        return self.arn

    @property
    def function(self) -> str:
        """The function's ARN."""
        return self.arn.rpartition(":")[0]

    @property
    def number(self) -> int:
        """Later versions have higher numbers."""
        return int(self.arn.rpartition(":")[2])

    def row(self) -> Mapping[str, object]:
        """What a printed plan adds to name and size."""
        return {"since": self.published.isoformat()}


@dataclass(frozen=True, slots=True)
class FunctionListing:
    """The published versions of some functions; `called` are the ARNs that the workflow names.

    `unknown` says why `called` is unreliable.
    """

    versions: tuple[FunctionVersion, ...] = ()
    called: frozenset[str] = frozenset()
    unknown: str = ""
