"""Objects joined inside S3: a multipart upload whose parts S3 copies from other objects.

An upload that fails is called off, so that its parts do not stay in the bucket; if even that
fails, the bucket's lifecycle rule removes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.errors import MixerError
from mixer.parallel import in_parallel
from mixer.store import multipart
from mixer.store.multipart import Part, Piece, Span
from mixer.store.objects import checked_key
from mixer.store.s3_errors import errors_named

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

AT_ONCE = 8
"""Parts in the making: each of those that are sent is held in memory, 10 MiB at most."""


@dataclass(frozen=True, slots=True)
class Spliced:
    """The object that is made: its key, and what is told with it."""

    key: str
    content_type: str
    metadata: Mapping[str, str]


def splice(
    client: "S3Client", bucket: str, spliced: Spliced, pieces: Sequence[bytes | str]
) -> None:
    """Write an object that consists of others of its bucket, and bytes between them.

    Args:
        client: of S3.
        bucket: of all objects.
        spliced: the object to write.
        pieces: in order: content, or the key of an object.
    """
    parts = list(multipart.parts([_piece(client, bucket, each) for each in pieces]))
    with errors_named(spliced.key):
        begun = client.create_multipart_upload(
            Bucket=bucket,
            Key=spliced.key,
            ContentType=spliced.content_type,
            Metadata=spliced.metadata,
        )
    upload = _Upload(client, bucket, spliced.key, begun["UploadId"])
    try:
        upload.complete(upload.sent(parts))
    except BaseException:
        with suppress(MixerError):
            upload.call_off()
        raise


def _piece(client: "S3Client", bucket: str, piece: bytes | str) -> Piece:
    if isinstance(piece, bytes):
        return piece
    with errors_named(checked_key(piece)):
        found = client.head_object(Bucket=bucket, Key=piece)
    return Span(piece, 0, found["ContentLength"])


@dataclass(frozen=True, slots=True)
class _Upload:
    """A multipart upload that has begun."""

    client: "S3Client"
    bucket: str
    key: str
    upload_id: str

    def sent(self, parts: Sequence[Part]) -> "list[CompletedPartTypeDef]":
        """Copy and send all parts; what S3 calls them, in order."""
        done = {}
        for (number, _), outcome in in_parallel(enumerate(parts, start=1), self._part, AT_ONCE):
            done[number] = outcome.result()
        return [{"PartNumber": number, "ETag": done[number]} for number in sorted(done)]

    def complete(self, parts: "Iterable[CompletedPartTypeDef]") -> None:
        """Let the object appear."""
        with errors_named(self.key):
            self.client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                MultipartUpload={"Parts": list(parts)},
            )

    def call_off(self) -> None:
        """Let S3 forget the parts."""
        with errors_named(self.key):
            self.client.abort_multipart_upload(
                Bucket=self.bucket, Key=self.key, UploadId=self.upload_id
            )

    def _part(self, numbered: tuple[int, Part]) -> str:
        number, part = numbered
        return self._copied(number, part) if isinstance(part, Span) else self._put(number, part)

    def _copied(self, number: int, span: Span) -> str:
        with errors_named(span.key):
            answer = self.client.upload_part_copy(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                PartNumber=number,
                CopySource={"Bucket": self.bucket, "Key": span.key},
                CopySourceRange=f"bytes={span.begin}-{span.end - 1}",
            )
        return answer["CopyPartResult"]["ETag"]

    def _put(self, number: int, pieces: Sequence[Piece]) -> str:
        content = b"".join(
            piece if isinstance(piece, bytes) else self._fetched(piece) for piece in pieces
        )
        with errors_named(self.key):
            answer = self.client.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                PartNumber=number,
                Body=content,
            )
        return answer["ETag"]

    def _fetched(self, span: Span) -> bytes:
        stretch = f"bytes={span.begin}-{span.end - 1}"
        with errors_named(span.key):
            answer = self.client.get_object(Bucket=self.bucket, Key=span.key, Range=stretch)
            with closing(answer["Body"]) as body:
                return body.read()
