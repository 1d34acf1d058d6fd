"""The demo page's files, from web/ into their bucket."""

import json
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from delivery.desk import Desk

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

CONFIG = "config.json"
CACHE = "public, max-age=300"
"""Short: a new page is seen within minutes even where the cache was not emptied."""


def files(folder: Path, api_url: str) -> Mapping[str, bytes]:
    """What belongs into the bucket, by key: the folder, and where the API is."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _paths(folder)}
    return {**found, CONFIG: json.dumps({"api": api_url}).encode()}


def _paths(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


@dataclass(frozen=True, slots=True)
class Site:
    """Where the page is served from.

    Attributes:
        s3, cloudfront: clients.
        web: the outputs of the page's stack.
    """

    s3: "S3Client"
    cloudfront: "CloudFrontClient"
    web: Mapping[str, str]


def publish(wanted: Mapping[str, bytes], site: Site, desk: Desk) -> int:
    """Make the bucket hold some files and nothing else; how many were written or removed.

    Args:
        wanted: from `files`.
        site: where they go.
        desk: told what happened.
    """
    s3, bucket = site.s3, site.web["PageBucketName"]
    there = _there(s3, bucket)
    new = {key: body for key, body in wanted.items() if there.get(key) != _etag(body)}
    for key, body in new.items():
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, CacheControl=CACHE)
    gone = sorted(set(there) - set(wanted))
    for key in gone:
        s3.delete_object(Bucket=bucket, Key=key)
    changed = len(new) + len(gone)
    if changed:
        _forget(site.cloudfront, site.web["DistributionId"])
    desk.say(f"page: {len(wanted)} files, {changed} of them changed")
    return changed


def _there(s3: "S3Client", bucket: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}


def _etag(body: bytes) -> str:
    """As S3 gives it to an object that was put in one piece (S3 API, Object)."""
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


def _forget(cloudfront: "CloudFrontClient", distribution: str) -> None:
    cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "Paths": {"Quantity": 1, "Items": ["/*"]},
            "CallerReference": token_hex(8),
        },
    )
