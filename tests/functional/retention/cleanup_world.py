"""A small AWS account for the clean-up's tests: moto's services, with ages and meddling hands.

moto stamps everything with the present; `age` moves an object or image into the past. `Meddling`
stands between the clean-up and a client and lets a test act, refuse or answer at one operation.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from moto.backends import get_backend

from mixer.retention import AwsAccount, CleanupRun, Mode, RetentionPlan, RunReport, open_account
from mixer.retention.aws_account import Deadline
from mixer.retention.policy_document import read_policy

REGION = "eu-west-1"
ACCOUNT = "123456789012"
NOW = datetime.now(UTC).replace(microsecond=0)
BUCKET = "mixer-output"
REPOSITORY = "mixer"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
NOWHERE = "https://nowhere.invalid/"
"""Where a refused request goes: botocore asks moto as well before it takes the first answer."""

SLOW_DOWN_XML = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
SLOW_DOWN_JSON = b'{"__type": "TooManyRequestsException", "message": "Rate exceeded"}'


def build_refusal(code: str, status: int = 400) -> ClientError:
    """What boto3 raises when a service says no."""
    answer = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Operation")


class RawBody(BytesIO):
    """A response's body as urllib3 would pass it on."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class InterceptedClient:
    """A client of which some operations go through a test's hands.

    Each handler is given the real operation and the arguments; all else passes.
    """

    def __init__(self, client: Any, **handlers: Callable[..., Any]) -> None:
        self._client = client
        self._handlers = handlers

    def get_paginator(self, name: str) -> Any:
        """The real paginator, whose pages come from the operation as the test handles it."""
        paginator = self._client.get_paginator(name)
        paginator._method = getattr(self, name)
        return paginator

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        return partial(self._handlers[name], real) if name in self._handlers else real


def build_failing_handler(*errors: Exception | None) -> Callable[..., Any]:
    """A handler that answers with these errors in turn, then (and for None) lets calls pass."""
    queue = list(errors)

    def handle(real: Callable[..., Any], **arguments: Any) -> Any:
        error = queue.pop(0) if queue else None
        if error:
            raise error
        return real(**arguments)

    return handle


@cache
def _create_clients() -> tuple[AwsAccount, boto3.Session]:
    """Clients for all tests: making them takes longer than using them."""
    session = boto3.Session("testing", "testing", region_name=REGION)
    return open_account(ACCOUNT, session), session


@dataclass(frozen=True)
class CleanupWorld:
    """The account with one versioned bucket and one repository."""

    account: AwsAccount
    session: boto3.Session

    @classmethod
    def build(cls) -> "CleanupWorld":
        world = cls(*_create_clients())
        world.make_bucket(BUCKET, versioned=True)
        world.account.ecr.create_repository(repositoryName=REPOSITORY)
        return world

    def throttle(self, *operations: str, times: int = 1, attempts: int = 3) -> "CleanupWorld":
        """The same account, whose services refuse the first calls of some operations for now.

        Its clients are new: botocore's adaptive retries remember that they were throttled.
        """
        account = open_account(ACCOUNT, self.session, attempts=attempts)
        remaining = dict.fromkeys(operations, times)

        def answer(request: Any, event_name: str, **_: object) -> AWSResponse | None:
            operation = event_name.rpartition(".")[2]
            if not remaining.get(operation):
                return None
            remaining[operation] -= 1
            is_s3 = event_name.split(".")[1] == "s3"
            body = SLOW_DOWN_XML if is_s3 else SLOW_DOWN_JSON
            headers = HTTPHeaders.from_dict({"x-amzn-errortype": "TooManyRequestsException"})
            request.url = NOWHERE
            return AWSResponse(request.url, 503 if is_s3 else 429, headers, RawBody(body))

        for client in (account.s3, account.ecr, account.functions):
            client.meta.events.register_first("before-send", answer)
        return replace(self, account=account)

    def intercept(self, **clients: Mapping[str, Callable[..., Any]]) -> "CleanupWorld":
        """The same account, with handlers for operations of `s3`, `ecr` or `functions`."""
        between = {
            name: InterceptedClient(getattr(self.account, name), **handlers)
            for name, handlers in clients.items()
        }
        return replace(self, account=replace(self.account, **between))

    def clean(
        self,
        document: object = None,
        *,
        mode: Mode = Mode.DELETE,
        deadline: Deadline | None = None,
        now: datetime = NOW,
    ) -> tuple[RunReport, list[RetentionPlan]]:
        """A round over the bucket and the repository, or over what a document names."""
        usual = {"buckets": [{"bucket": BUCKET}], "repositories": [{"repository": REPOSITORY}]}
        plans: list[RetentionPlan] = []
        run = CleanupRun(
            self.account,
            now,
            mode,
            deadline=deadline or Deadline(sleep=lambda _s: None),
            observe_plan=plans.append,
        )
        return run.clean(read_policy(usual if document is None else document)), plans

    # --- S3

    def make_bucket(self, name: str, *, versioned: bool) -> None:
        self.account.s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        if versioned:
            self.set_versioning(name, "Enabled")

    def set_versioning(self, bucket: str, status: str) -> None:
        self.account.s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": status}
        )

    def put(
        self,
        key: str,
        age_days: float,
        body: bytes = b"sound",
        bucket: str = BUCKET,
        **options: Any,
    ) -> None:
        self.account.s3.put_object(Bucket=bucket, Key=key, Body=body, **options)
        self.set_age(key, age_days, bucket)

    def put_many(self, keys: Iterable[str], age_days: float) -> None:
        """Many small objects, past the API, which would take its time."""
        backend = get_backend("s3")[ACCOUNT]["aws"]
        for key in keys:
            backend.put_object(BUCKET, key, b"sound")
            self.set_age(key, age_days)

    def set_age(self, key: str, age_days: float, bucket: str = BUCKET) -> None:
        """Move the latest version of a key (or its delete marker) into the past."""
        backend = get_backend("s3")[ACCOUNT]["aws"]
        versions = backend.buckets[bucket].keys.getlist(key)
        versions[-1].last_modified = (NOW - timedelta(days=age_days)).replace(tzinfo=None)

    def mark_deleted(self, key: str, age_days: float) -> None:
        self.account.s3.delete_object(Bucket=BUCKET, Key=key)
        self.set_age(key, age_days)

    def refresh(self, key: str, bucket: str = BUCKET) -> None:
        """Copy an object onto itself: same bytes, same ETag, a new time."""
        self.account.s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            MetadataDirective="REPLACE",
        )

    def versions(self, bucket: str = BUCKET) -> set[tuple[str, str]]:
        """Key and id of every version and delete marker that is there."""
        pages = self.session.client("s3").get_paginator("list_object_versions")
        return {
            (one["Key"], one["VersionId"])
            for page in pages.paginate(Bucket=bucket)
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        }

    def keys(self, bucket: str = BUCKET) -> set[str]:
        return {key for key, _ in self.versions(bucket)}

    # --- ECR and Lambda

    def push(self, name: str, age_days: float, *tags: str, repository: str = REPOSITORY) -> str:
        """Push an image that is told from others by its name; its digest."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"size": 1_000, "digest": sha256(name.encode()).hexdigest()},
            "layers": [{"size": 1_000, "digest": f"sha256:{name}"}],
        }
        return self._push(name, manifest, age_days, tags, repository)

    def push_list(self, name: str, age_days: float, children: list[str], *tags: str) -> str:
        """Push a manifest list; its digest."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [{"mediaType": MANIFEST, "digest": child} for child in children],
        }
        return self._push(name, manifest, age_days, tags)

    def _push(
        self,
        name: str,
        manifest: Mapping[str, Any],
        age_days: float,
        tags: tuple[str, ...],
        repository: str = REPOSITORY,
    ) -> str:
        digest = "sha256:" + sha256(name.encode()).hexdigest()
        text = json.dumps(manifest)
        for tag in tags or ("passing",):
            self.account.ecr.put_image(
                repositoryName=repository,
                imageManifest=text,
                imageManifestMediaType=manifest["mediaType"],
                imageTag=tag,
                imageDigest=digest,
            )
        image = next(i for i in self._list_stored_images(repository) if i.image_digest == digest)
        image.image_pushed_at = int((NOW - timedelta(days=age_days)).timestamp())
        if not tags:
            image.image_tags.clear()
            image.image_tag = None
        return digest

    def _list_stored_images(self, repository: str) -> list[Any]:
        return get_backend("ecr")[ACCOUNT][REGION].repositories[repository].images

    def digests(self, repository: str = REPOSITORY) -> set[str]:
        return {image.image_digest for image in self._list_stored_images(repository)}

    def make_function(self, name: str, digest: str) -> None:
        self.account.functions.create_function(
            FunctionName=name,
            PackageType="Image",
            Role=self._create_role(),
            Code={"ImageUri": self.uri(digest)},
        )

    def deploy(self, name: str, digest: str) -> str:
        """Point a function to another image and publish it; the version's number."""
        functions = self.account.functions
        functions.update_function_code(FunctionName=name, ImageUri=self.uri(digest))
        return functions.publish_version(FunctionName=name)["Version"]

    def uri(self, digest: str) -> str:
        """How Lambda is told of an image."""
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}@{digest}"

    def _create_role(self) -> str:
        iam = self.session.client("iam")
        try:
            return iam.get_role(RoleName="lambda")["Role"]["Arn"]
        except ClientError:
            document = json.dumps({"Version": "2012-10-17", "Statement": []})
            role = iam.create_role(RoleName="lambda", AssumeRolePolicyDocument=document)
            return role["Role"]["Arn"]


def build_deadline(*readings_s: float) -> Deadline:
    """A deadline whose remaining time is read off a list; the last reading holds from then on."""
    left: Iterator[float] = iter(readings_s)
    last = readings_s[-1]
    return Deadline(remaining_s=lambda: next(left, last), sleep=lambda _s: None)
