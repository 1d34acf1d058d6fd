"""Records what the clients of boto3 ask of AWS, as IAM sees it: action, resource, conditions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from botocore import handlers as botocore_handlers

from tests.infra.permissions.deployment import ACCOUNT, REGION

Params = Mapping[str, Any]
Wanted = tuple[str, str, dict[str, str]]
"""Action, resource and context of a request."""


@dataclass(frozen=True)
class Request:
    """What a role asks for, and where it comes from: a scene, or a source."""

    role: str
    action: str
    resource: str
    source: str
    context: tuple[tuple[str, str], ...] = ()

    @property
    def identity(self) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
        """What makes two requests the same for an evaluator."""
        return self.role, self.action, self.resource, self.context


def _bucket_arn(params: Params) -> str:
    return f"arn:aws:s3:::{params['Bucket']}"


def _object_arn(params: Params) -> str:
    return f"{_bucket_arn(params)}/{params['Key']}"


def _read(params: Params) -> Iterator[Wanted]:
    yield "s3:GetObject", _object_arn(params), {}
    # Who may not list gets "forbidden" instead of "not found" (S3 API, GetObject, Permissions).
    yield "s3:ListBucket", _bucket_arn(params), {}


def _write(params: Params) -> Iterator[Wanted]:
    yield "s3:PutObject", _object_arn(params), {}


def _copy(params: Params) -> Iterator[Wanted]:
    yield "s3:GetObject", f"arn:aws:s3:::{unquote(params['CopySource'])}", {}
    yield from _write(params)


def _delete(params: Params) -> Iterator[Wanted]:
    kind = "s3:DeleteObjectVersion" if params.get("VersionId") else "s3:DeleteObject"
    yield kind, _object_arn(params), {}


def _delete_many(params: Params) -> Iterator[Wanted]:
    for each in params["Delete"]["Objects"]:
        yield from _delete({"Bucket": params["Bucket"], **each})
        if "ETag" in each:  # a conditional deletion reads what it compares
            yield "s3:GetObject", f"{_bucket_arn(params)}/{each['Key']}", {}


def _on_bucket(action: str) -> Callable[[Params], Iterator[Wanted]]:
    def want(params: Params) -> Iterator[Wanted]:
        yield action, _bucket_arn(params), {}

    return want


def _on_object(action: str) -> Callable[[Params], Iterator[Wanted]]:
    def want(params: Params) -> Iterator[Wanted]:
        yield action, _object_arn(params), {}

    return want


def _on(action: str, resource: Callable[[Params], str]) -> Callable[[Params], Iterator[Wanted]]:
    def want(params: Params) -> Iterator[Wanted]:
        yield action, resource(params), {}

    return want


def _function_arn(params: Params) -> str:
    name = str(params["FunctionName"])
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return f"{arn}:{params['Qualifier']}" if params.get("Qualifier") else arn


def _repository_arn(params: Params) -> str:
    named = params.get("repositoryName") or params["repositoryNames"][0]
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{named}"


def _bus_arn(params: Params) -> str:
    bus = params["Entries"][0]["EventBusName"]
    return f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"


def _stack_arn(params: Params) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{params['StackName']}/1"


def _match_all(_params: Params) -> str:
    return "*"


OPERATIONS: dict[tuple[str, str], Callable[[Params], Iterator[Wanted]]] = {
    ("s3", "GetObject"): _read,
    ("s3", "HeadObject"): _read,
    ("s3", "PutObject"): _write,
    ("s3", "CreateMultipartUpload"): _write,
    ("s3", "UploadPart"): _write,
    ("s3", "CompleteMultipartUpload"): _write,
    ("s3", "CopyObject"): _copy,
    ("s3", "AbortMultipartUpload"): _on_object("s3:AbortMultipartUpload"),
    ("s3", "DeleteObject"): _delete,
    ("s3", "DeleteObjects"): _delete_many,
    ("s3", "ListObjectsV2"): _on_bucket("s3:ListBucket"),
    ("s3", "ListObjectVersions"): _on_bucket("s3:ListBucketVersions"),
    ("s3", "ListMultipartUploads"): _on_bucket("s3:ListBucketMultipartUploads"),
    ("s3", "GetBucketVersioning"): _on_bucket("s3:GetBucketVersioning"),
    ("polly", "DescribeVoices"): _on("polly:DescribeVoices", _match_all),
    ("polly", "SynthesizeSpeech"): _on("polly:SynthesizeSpeech", _match_all),
    ("lambda", "Invoke"): _on("lambda:InvokeFunction", _function_arn),
    ("lambda", "GetFunction"): _on("lambda:GetFunction", _function_arn),
    ("lambda", "DeleteFunction"): _on("lambda:DeleteFunction", _function_arn),
    ("lambda", "ListFunctions"): _on("lambda:ListFunctions", _match_all),
    ("stepfunctions", "StartExecution"): _on(
        "states:StartExecution", lambda params: str(params["stateMachineArn"])
    ),
    ("stepfunctions", "DescribeExecution"): _on(
        "states:DescribeExecution", lambda params: str(params["executionArn"])
    ),
    ("stepfunctions", "DescribeStateMachine"): _on(
        "states:DescribeStateMachine", lambda params: str(params["stateMachineArn"])
    ),
    ("secretsmanager", "GetSecretValue"): _on(
        "secretsmanager:GetSecretValue", lambda params: str(params["SecretId"])
    ),
    ("kms", "GetPublicKey"): _on("kms:GetPublicKey", lambda params: str(params["KeyId"])),
    ("kms", "Sign"): _on("kms:Sign", lambda params: str(params["KeyId"])),
    ("events", "PutEvents"): _on("events:PutEvents", _bus_arn),
    ("ecr", "BatchDeleteImage"): _on("ecr:BatchDeleteImage", _repository_arn),
    ("ecr", "BatchGetImage"): _on("ecr:BatchGetImage", _repository_arn),
    ("ecr", "DescribeImages"): _on("ecr:DescribeImages", _repository_arn),
    ("ecr", "DescribeRepositories"): _on("ecr:DescribeRepositories", _repository_arn),
    ("ecr", "GetRepositoryPolicy"): _on("ecr:GetRepositoryPolicy", _repository_arn),
    ("sns", "Publish"): _on("sns:Publish", lambda params: str(params["TopicArn"])),
    ("cloudformation", "DescribeStacks"): _on("cloudformation:DescribeStacks", _stack_arn),
}
"""What each operation of a client asks for (Service Authorization Reference)."""


FORM_OPERATION = "CreateBucket"
"""The call by whose model botocore finds the address of an upload form; it is not made."""


@dataclass
class Recorder:
    """Records requests while a role is set; `aliases` replaces the emulator's names by ours."""

    requests: dict[tuple[Any, ...], Request] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    role: str = ""
    scene: str = ""

    @contextmanager
    def act_as(self, role: str) -> Iterator[None]:
        """Record the calls of a block as those of a role."""
        before, self.role = self.role, role
        try:
            yield
        finally:
            self.role = before

    def add(self, request: Request) -> None:
        """Add a request once, and count it."""
        self.requests.setdefault(request.identity, request)
        self.calls[request.role] = self.calls.get(request.role, 0) + 1

    def record_call(self, params: Params, model: Any, **_: Any) -> None:
        """Handle a client's call before it is sent or signed."""
        if self.role and model.name != FORM_OPERATION:
            service = model.service_model.service_name
            for wanted in OPERATIONS[service, model.name](params):
                self._add_wanted(wanted)

    def record_form(self, request: Any, **_: Any) -> None:
        """Handle the signing of an upload form, whose user writes in the signer's name."""
        fields = request.context.get("s3-presign-post-fields")
        if self.role and fields:
            bucket = request.url.split("//")[1].split(".")[0]
            self._add_wanted(("s3:PutObject", f"arn:aws:s3:::{bucket}/{fields['key']}", {}))

    def _add_wanted(self, wanted: Wanted) -> None:
        action, resource, context = wanted
        for name, ours in self.aliases.items():
            resource = resource.replace(name, ours)
        self.add(Request(self.role, action, resource, self.scene, tuple(sorted(context.items()))))

    @contextmanager
    def watch_clients(self) -> Iterator[None]:
        """Watch every client of sessions that are made within a block."""
        hooks = [
            ("before-parameter-build", self.record_call),
            ("before-sign.s3.PutObject", self.record_form),
        ]
        botocore_handlers.BUILTIN_HANDLERS.extend(hooks)
        try:
            yield
        finally:
            for hook in hooks:
                botocore_handlers.BUILTIN_HANDLERS.remove(hook)
