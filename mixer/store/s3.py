"""The object store in the cloud: one S3 bucket. Only this loads boto3, and late.

S3 shows objects complete or not at all; the bucket's lifecycle rule removes abandoned uploads.
Without `s3:ListBucket`, S3 answers 403 for a missing object, which becomes StoreFailed.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Literal, TypeVar, cast

from mixer.errors import NotFound
from mixer.files import open_atomic
from mixer.store.objects import SEAL, StoredObject, UploadForm, validate_key
from mixer.store.s3_upload import MultipartWriter, UploadTarget, WriteConflict, translate_s3_errors

if TYPE_CHECKING:
    import boto3
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef, HeadObjectOutputTypeDef

ResultT = TypeVar("ResultT")

AddressingStyle = Literal["virtual", "path"]

CONNECTIONS = 32
"""Concurrent requests: lookups, downloads, S3Transfer's parts."""

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
"""Between two parts of a response. S3 starts to respond within a fraction of a second."""

READ_ATTEMPTS = 3
COPY_BYTES = 1 << 20
CLAIM = "claim"
"""The metadata of an object that was claimed: a random value."""


def create_s3_client(
    *,
    endpoint_url: str | None = None,
    addressing_style: "AddressingStyle" = "virtual",
    session: "boto3.Session | None" = None,
) -> "S3Client":
    """Create a client, which the caller closes; None stands for boto3's defaults.

    `endpoint_url` is that of another server with S3's protocol, most of which have the bucket in
    the path of an address instead of its host.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 3, "mode": "standard"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        max_pool_connections=CONNECTIONS,
        signature_version="s3v4",
        # Links name the region's host: the global one redirects new buckets, and a signature covers
        # its host (S3 user guide, temporary redirects).
        s3={"addressing_style": addressing_style, "us_east_1_regional_endpoint": "regional"},
    )
    source = session or boto3.Session()
    return source.client("s3", endpoint_url=endpoint_url, config=config)


class S3Store:
    """Objects in one bucket. Safe for threads and processes. The client's creator closes it."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def require_abilities(self) -> None:
        """Try what is needed of a server; raises Misconfigured, naming what it lacks."""
        from mixer.store.s3_checks import require_abilities

        require_abilities(self, self._bucket)

    def head(self, key: str) -> StoredObject | None:
        """Look up an object's metadata; None if it does not exist."""
        validate_key(key)
        try:
            with translate_s3_errors(key):
                found = self._client.head_object(
                    Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"
                )
        except NotFound:
            return None
        return _parse_head(key, found)

    def get(self, key: str) -> bytes:
        """Read an object."""
        return self._read(key, lambda body: body.read())

    def fetch(self, key: str, path: Path) -> None:
        """Copy an object to a local file."""

        def write_file(body: "StreamingBody") -> None:
            with open_atomic(path, is_durable=False) as file:
                copyfileobj(body, file, COPY_BYTES)

        self._read(key, write_file)

    def read_into(self, key: str, file: IO[bytes], begin: int = 0, end: int | None = None) -> None:
        """Append an object, or a range of it, to an open file, which can be cut off again."""
        start = file.tell()

        def append(body: "StreamingBody") -> None:
            file.seek(start)
            file.truncate()
            copyfileobj(body, file, COPY_BYTES)

        self._read(key, append, f"bytes={begin}-{'' if end is None else end - 1}")

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write an object, replacing an existing one.

        Sealed objects go in one request, with the SHA-256 that `head` returns; other large files go
        in parts, in parallel.
        """
        validate_key(key)
        about = dict(metadata or {})
        if isinstance(content, bytes):
            self._put_body(key, content, content_type, about)
        elif SEAL in about:
            with _require_file(content).open("rb") as file:
                self._put_body(key, file, content_type, about)
        else:
            extra = {"ContentType": content_type, "Metadata": about}
            with translate_s3_errors(key):
                self._client.upload_file(
                    str(_require_file(content)), self._bucket, key, ExtraArgs=extra
                )

    @contextmanager
    def open_writer(self, key: str, max_bytes: int, content_type: str) -> Iterator[IO[bytes]]:
        """Write an object as a stream of parts; it appears complete if the block succeeds."""
        target = UploadTarget(self._bucket, validate_key(key), content_type)
        writer = MultipartWriter(self._client, target, max_bytes)
        try:
            yield cast("IO[bytes]", writer)
            writer.complete()
        except BaseException:
            writer.abort()
            raise

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object unless it exists.

        boto3 sends a request again whose response is lost: then its own object is in the way.
        """
        validate_key(key)
        about = {CLAIM: token_hex(8)}
        try:
            with translate_s3_errors(key):
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, Metadata=about, IfNoneMatch="*"
                )
        except WriteConflict as error:
            return error.is_repeated and self._is_own_claim(key, about[CLAIM])
        return True

    def digest(self, key: str) -> str:
        """Compute the SHA-256 of an object's content by reading it."""

        def hash_body(body: "StreamingBody") -> str:
            content = sha256()
            for block in body.iter_chunks(COPY_BYTES):
                content.update(block)
            return content.hexdigest()

        return self._read(key, hash_body)

    def set_aside(self, key: str) -> None:
        """Nothing to do: the next write replaces the object, and its version stays for a while."""

    def touch(self, key: str) -> None:
        """Set an object's time of modification to now by a copy onto itself; a newer write wins."""
        validate_key(key)
        with translate_s3_errors(key):
            found = self._client.head_object(Bucket=self._bucket, Key=key)
        with suppress(WriteConflict), translate_s3_errors(key):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=key,
                CopySource={"Bucket": self._bucket, "Key": key},
                CopySourceIfMatch=found["ETag"],
                MetadataDirective="REPLACE",
                ContentType=found["ContentType"],
                Metadata=found["Metadata"],
            )

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List objects by prefix in key order, after the key `after`, without metadata."""
        pages = self._client.get_paginator("list_objects_v2")
        with translate_s3_errors(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after):
                for each in page.get("Contents", []):
                    yield StoredObject(each["Key"], each["Size"], each["LastModified"])

    def delete(self, key: str) -> None:
        """Delete an object; in a versioned bucket its older versions stay."""
        validate_key(key)
        with translate_s3_errors(key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def url(self, key: str, expires_s: int, *, for_head: bool = False) -> str:
        """Create a link that expires, at the latest with the credentials that sign it."""
        validate_key(key)
        return self._client.generate_presigned_url(
            "head_object" if for_head else "get_object",
            Params={"Bucket": self._bucket, "Key": key},
            ExpiresIn=expires_s,
        )

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """Make a form for one upload that expires; S3 enforces its limits."""
        validate_key(key)
        made = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[
                {"Content-Type": content_type},
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=expires_s,
        )
        return UploadForm(made["url"], made["fields"], max_bytes, expires_s)

    def _is_own_claim(self, key: str, claim: str) -> bool:
        with suppress(NotFound), translate_s3_errors(key):
            found = self._client.head_object(Bucket=self._bucket, Key=key)
            return found["Metadata"].get(CLAIM) == claim
        return False

    def _read(
        self, key: str, read: "Callable[[StreamingBody], ResultT]", byte_range: str = ""
    ) -> "ResultT":
        """Read an object, again from its start where the connection breaks: boto3 does not."""
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": validate_key(key)}
        if byte_range:
            request["Range"] = byte_range
        attempts = READ_ATTEMPTS
        while True:
            attempts -= 1
            with translate_s3_errors(key):
                response = self._client.get_object(**request)
                with closing(response["Body"]) as body:
                    try:
                        return read(body)
                    except (HTTPClientError, IncompleteReadError):
                        if not attempts:
                            raise

    def _put_body(
        self, key: str, body: bytes | IO[bytes], content_type: str, about: dict[str, str]
    ) -> None:
        with translate_s3_errors(key):
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                Metadata=about,
                ChecksumAlgorithm="SHA256" if SEAL in about else "CRC32",
            )


def _require_file(path: Path) -> Path:
    if not path.is_file():
        raise NotFound(f"The file {path} does not exist.", key=str(path))
    return path


def _parse_head(key: str, head: "HeadObjectOutputTypeDef") -> StoredObject:
    checksum = head.get("ChecksumSHA256", "")
    # with "-" and a number, it is of an upload in parts
    content_sha256 = b64decode(checksum).hex() if "-" not in checksum else ""
    about = {name: value for name, value in head["Metadata"].items() if name != CLAIM}
    return StoredObject(key, head["ContentLength"], head["LastModified"], about, content_sha256)
