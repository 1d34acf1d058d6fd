"""Writes an object to S3 as a stream: a multipart upload through a bounded buffer.

Memory holds (CONCURRENT_PARTS + 1) parts. Each part has its CRC32; completion states the CRC32 and
size of the whole, and S3 refuses what differs. A failed upload is aborted; if that fails too, the
bucket's lifecycle rule removes its parts. S3's errors become errors that name the object.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedIOBase
from typing import TYPE_CHECKING
from zlib import crc32

from mixer.errors import DamagedObject, MixerError, NotFound, StoreFailed

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef


MIN_PART_BYTES = 8 << 20
"""S3 requires at least 5 MiB (its documentation, multipart upload limits)."""

MAX_PARTS = 10_000
"""Of one upload (as above)."""

CONCURRENT_PARTS = 4


MISSING_CODES = frozenset({"404", "NoSuchKey", "NotFound"})
CONFLICT_CODES = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
"""Another write was first or concurrent (S3 user guide, conditional writes)."""


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """The object to write."""

    bucket: str
    key: str
    content_type: str


class MultipartWriter(BufferedIOBase):
    """A file that uploads an object; `max_bytes` limits its size and sets that of the parts."""

    def __init__(self, client: "S3Client", target: UploadTarget, max_bytes: int) -> None:
        self._client, self._target = client, target
        self._part_bytes = max(MIN_PART_BYTES, -(-max_bytes // MAX_PARTS))
        self._buffer = bytearray()
        self._pool = ThreadPoolExecutor(CONCURRENT_PARTS, thread_name_prefix="upload")
        self._pending: deque[Future[CompletedPartTypeDef]] = deque()
        self._parts: list[CompletedPartTypeDef] = []
        self._upload_id = ""
        self._size_bytes = self._crc = 0

    def writable(self) -> bool:
        """Always True: the file can only be written."""
        return True

    def write(self, content: "ReadableBuffer") -> int:
        """Append bytes, once earlier parts have been sent; raises StoreFailed if S3 refuses one."""
        view = memoryview(content)
        self._crc = crc32(view, self._crc)
        self._size_bytes += view.nbytes
        self._buffer += view
        while len(self._buffer) >= self._part_bytes:
            self._send_part(bytes(self._buffer[: self._part_bytes]))
            del self._buffer[: self._part_bytes]
        return view.nbytes

    def complete(self) -> None:
        """Make the object appear; raises StoreFailed if S3 refuses a part or the whole."""
        if not self._upload_id:
            self._put_small_object()
            return
        if self._buffer:
            self._send_part(bytes(self._buffer))
        while self._pending:
            self._parts.append(self._pending.popleft().result())
        self._pool.shutdown()
        with translate_s3_errors(self._target.key):
            self._client.complete_multipart_upload(
                Bucket=self._target.bucket,
                Key=self._target.key,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._parts},
                ChecksumType="FULL_OBJECT",
                ChecksumCRC32=_encode_crc(self._crc),
                MpuObjectSize=self._size_bytes,
            )

    def abort(self) -> None:
        """Delete all parts; never fails."""
        self._pool.shutdown(cancel_futures=True)
        if self._upload_id:
            with suppress(MixerError), translate_s3_errors(self._target.key):
                self._client.abort_multipart_upload(
                    Bucket=self._target.bucket, Key=self._target.key, UploadId=self._upload_id
                )

    def _send_part(self, content: bytes) -> None:
        if not self._upload_id:
            self._upload_id = self._create_upload()
        number = len(self._parts) + len(self._pending) + 1
        if number > MAX_PARTS:
            raise StoreFailed(
                f"The object {self._target.key} is larger than announced.", key=self._target.key
            )
        self._pending.append(self._pool.submit(self._upload_part, number, content))
        while len(self._pending) >= CONCURRENT_PARTS:
            self._parts.append(self._pending.popleft().result())

    def _create_upload(self) -> str:
        with translate_s3_errors(self._target.key):
            created = self._client.create_multipart_upload(
                Bucket=self._target.bucket,
                Key=self._target.key,
                ContentType=self._target.content_type,
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )
        return created["UploadId"]

    def _upload_part(self, number: int, content: bytes) -> "CompletedPartTypeDef":
        checksum = _encode_crc(crc32(content))
        with translate_s3_errors(self._target.key):
            sent = self._client.upload_part(
                Bucket=self._target.bucket,
                Key=self._target.key,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=content,
                ChecksumCRC32=checksum,
            )
        return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": checksum}

    def _put_small_object(self) -> None:
        self._pool.shutdown()
        with translate_s3_errors(self._target.key):
            self._client.put_object(
                Bucket=self._target.bucket,
                Key=self._target.key,
                Body=bytes(self._buffer),
                ContentType=self._target.content_type,
                ChecksumCRC32=_encode_crc(self._crc),
            )


def _encode_crc(crc: int) -> str:
    return b64encode(crc.to_bytes(4)).decode()


class WriteConflict(StoreFailed):
    """A conditional write came second.

    `is_repeated`: it was sent again, perhaps since the response to the first was lost.
    """

    is_repeated = False


@contextmanager
def translate_s3_errors(key: str) -> Iterator[None]:
    """Translate S3's errors and lost connections into errors that name the object."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

    try:
        yield
    except ClientError as error:
        raise _translate_error(error, key) from error
    except FlexibleChecksumError as error:
        raise DamagedObject(f"The object {key} is damaged: {error}", key=key) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreFailed(f"The object {key} cannot be reached: {error}", key=key) from error


def _translate_error(error: "ClientError", key: str) -> NotFound | StoreFailed:
    code = error.response.get("Error", {}).get("Code", "")
    if code in MISSING_CODES:
        return NotFound(f"The object {key} does not exist.", key=key)
    if code in CONFLICT_CODES:
        conflict = WriteConflict(f"The object {key} was written by another request.", key=key)
        conflict.is_repeated = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
        return conflict
    return StoreFailed(f"S3 refused the object {key}: {error}", key=key)
