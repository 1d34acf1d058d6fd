"""Publish the demo page's files from web/ to their bucket."""

import json
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from deploy.terminal import Terminal

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

CONFIG = "config.json"
CACHE = "public, max-age=300"
"""Short: a new page appears within minutes even if the cache is not invalidated."""


def load_files(folder: Path, api_url: str) -> Mapping[str, bytes]:
    """Load the bucket's content by key: the folder, and the address of the API."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _list_paths(folder)}
    return {**found, CONFIG: json.dumps({"api": api_url}).encode()}


def _list_paths(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


@dataclass(frozen=True, slots=True)
class PageSite:
    """The bucket and distribution of the page."""

    s3: "S3Client"
    cloudfront: "CloudFrontClient"
    web: Mapping[str, str]


def publish_files(files: Mapping[str, bytes], site: PageSite, terminal: Terminal) -> int:
    """Make the bucket hold exactly these files (from `load_files`); return how many changed."""
    s3, bucket = site.s3, site.web["PageBucketName"]
    there = _list_etags(s3, bucket)
    new = {key: body for key, body in files.items() if there.get(key) != _etag(body)}
    for key, body in new.items():
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, CacheControl=CACHE)
    gone = sorted(set(there) - set(files))
    for key in gone:
        s3.delete_object(Bucket=bucket, Key=key)
    changed = len(new) + len(gone)
    if changed:
        _invalidate_cache(site.cloudfront, site.web["DistributionId"])
    terminal.print_line(f"page: {len(files)} files, {changed} of them changed")
    return changed


def _list_etags(s3: "S3Client", bucket: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}


def _etag(body: bytes) -> str:
    """Compute the ETag of an object uploaded in one piece (S3 API, Object)."""
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


def _invalidate_cache(cloudfront: "CloudFrontClient", distribution: str) -> None:
    cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "Paths": {"Quantity": 1, "Items": ["/*"]},
            "CallerReference": token_hex(8),
        },
    )
