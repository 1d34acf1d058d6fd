"""Objects joined inside S3: a multipart upload whose parts S3 copies from other objects.

An upload that fails is called off, so that its parts do not stay in the bucket; if even that
fails, the bucket's lifecycle rule removes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.errors import MixerError
from mixer.parallel import run_in_parallel
from mixer.store import multipart
from mixer.store.multipart import ObjectSlice, Part, Piece
from mixer.store.objects import validate_key
from mixer.store.s3_errors import translate_s3_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

CONCURRENT_PARTS = 8
"""Parts in the making: each of those that are sent is held in memory, 10 MiB at most."""


@dataclass(frozen=True, slots=True)
class SpliceTarget:
    """The object that is made: its key, and what is told with it."""

    key: str
    content_type: str
    metadata: Mapping[str, str]


def splice(
    client: "S3Client", bucket: str, target: SpliceTarget, pieces: Sequence[bytes | str]
) -> None:
    """Write an object that consists of others of its bucket, and bytes between them.

    Args:
        client: of S3.
        bucket: of all objects.
        target: the object to write.
        pieces: in order: content, or the key of an object.
    """
    parts = list(multipart.plan_parts([_resolve_piece(client, bucket, each) for each in pieces]))
    with translate_s3_errors(target.key):
        begun = client.create_multipart_upload(
            Bucket=bucket,
            Key=target.key,
            ContentType=target.content_type,
            Metadata=target.metadata,
        )
    upload = _MultipartUpload(client, bucket, target.key, begun["UploadId"])
    try:
        upload.complete(upload.send_parts(parts))
    except BaseException:
        with suppress(MixerError):
            upload.abort()
        raise


def _resolve_piece(client: "S3Client", bucket: str, piece: bytes | str) -> Piece:
    if isinstance(piece, bytes):
        return piece
    with translate_s3_errors(validate_key(piece)):
        found = client.head_object(Bucket=bucket, Key=piece)
    return ObjectSlice(piece, 0, found["ContentLength"])


@dataclass(frozen=True, slots=True)
class _MultipartUpload:
    """A multipart upload that has begun."""

    client: "S3Client"
    bucket: str
    key: str
    upload_id: str

    def send_parts(self, parts: Sequence[Part]) -> "list[CompletedPartTypeDef]":
        """Copy and send all parts; what S3 calls them, in order."""
        done = {}
        for (number, _), outcome in run_in_parallel(
            enumerate(parts, start=1), self._send_part, CONCURRENT_PARTS
        ):
            done[number] = outcome.result()
        return [{"PartNumber": number, "ETag": done[number]} for number in sorted(done)]

    def complete(self, parts: "Iterable[CompletedPartTypeDef]") -> None:
        """Let the object appear."""
        with translate_s3_errors(self.key):
            self.client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                MultipartUpload={"Parts": list(parts)},
            )

    def abort(self) -> None:
        """Let S3 forget the parts."""
        with translate_s3_errors(self.key):
            self.client.abort_multipart_upload(
                Bucket=self.bucket, Key=self.key, UploadId=self.upload_id
            )

    def _send_part(self, numbered: tuple[int, Part]) -> str:
        number, part = numbered
        return (
            self._copy_part(number, part)
            if isinstance(part, ObjectSlice)
            else self._put_part(number, part)
        )

    def _copy_part(self, number: int, span: ObjectSlice) -> str:
        with translate_s3_errors(span.key):
            answer = self.client.upload_part_copy(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                PartNumber=number,
                CopySource={"Bucket": self.bucket, "Key": span.key},
                CopySourceRange=f"bytes={span.begin}-{span.end - 1}",
            )
        return answer["CopyPartResult"]["ETag"]

    def _put_part(self, number: int, pieces: Sequence[Piece]) -> str:
        content = b"".join(
            piece if isinstance(piece, bytes) else self._fetch_slice(piece) for piece in pieces
        )
        with translate_s3_errors(self.key):
            answer = self.client.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                PartNumber=number,
                Body=content,
            )
        return answer["ETag"]

    def _fetch_slice(self, span: ObjectSlice) -> bytes:
        stretch = f"bytes={span.begin}-{span.end - 1}"
        with translate_s3_errors(span.key):
            answer = self.client.get_object(Bucket=self.bucket, Key=span.key, Range=stretch)
            with closing(answer["Body"]) as body:
                return body.read()
