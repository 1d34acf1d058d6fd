"""Stories are begun although their function sleeps or the account is busy."""

import io
import json

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from mixer.aws import WAITS_S, SigningVault, StateMachine, StoryFunction, read_secret
from mixer.errors import Misconfigured, StoreFailed
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest

REQUEST = StoryRequest(StoryKind.SPEECH, "anna", {}, text="A lamp.")


class Functions:
    """Lambda that rejects the first calls with some codes."""

    def __init__(self, *codes):
        self.codes = list(codes)

    def invoke(self, **_):
        if self.codes:
            raise ClientError({"Error": {"Code": self.codes.pop(0), "Message": "no"}}, "Invoke")
        return {"Payload": io.BytesIO(json.dumps({"story_id": "s"}).encode())}


@pytest.mark.parametrize(
    "codes",
    [
        (),
        ("CodeArtifactUserPendingException",),
        ("TooManyRequestsException", "ResourceNotReadyException", "ResourceConflictException"),
    ],
)
def test_call_that_is_rejected_for_now_is_tried_again(codes):
    waits_s = []
    function = StoryFunction(Functions(*codes), "f", sleep=waits_s.append)
    assert function.invoke(REQUEST) == "s"
    assert waits_s == list(WAITS_S[: len(codes)])


@pytest.mark.parametrize("codes", [("AccessDeniedException",), ("ServiceException",) * 9])
def test_call_that_fails_for_good_is_reported(codes):
    function = StoryFunction(Functions(*codes), "f", sleep=lambda _s: None)
    with pytest.raises(StoreFailed, match="cannot start a story"):
        function.invoke(REQUEST)


def test_missing_permission_to_look_at_an_execution_is_reported():
    client = boto3.Session("test", "test", region_name="eu-central-1").client("stepfunctions")
    machine = StateMachine(client, "arn:aws:states:eu-central-1:123456789012:stateMachine:stories")
    with Stubber(client) as calls:
        calls.add_client_error("start_execution", "ExecutionAlreadyExists")
        calls.add_client_error("describe_execution", "AccessDeniedException")
        with pytest.raises(StoreFailed, match=r"Step Functions failed: .*AccessDenied"):
            machine.start("story", 1, "speech")


def test_secret_that_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(), pytest.raises(Misconfigured, match="The secret of-stories cannot be read"):
        read_secret("of-stories")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, StoreFailed),
        ("TooManyRequestsException", 400, StoreFailed),
        ("RequestLimitExceeded", 400, StoreFailed),
        ("429", 429, StoreFailed),
        ("KMSInternalException", 500, StoreFailed),
        ("DependencyTimeoutException", 503, StoreFailed),
        ("AccessDeniedException", 400, Misconfigured),
        ("NotFoundException", 400, Misconfigured),
        ("DisabledException", 409, Misconfigured),
    ],
)
def test_signing_key_that_is_busy_may_work_later(code, status, expected):
    client = boto3.Session("test", "test", region_name="eu-central-1").client("kms")
    vault = SigningVault(client, "key")
    with Stubber(client) as calls:
        for method in ("get_public_key", "sign"):
            calls.add_client_error(method, code, http_status_code=status)
        for call in (vault.read_public_key, lambda: vault.sign(b"data")):
            with pytest.raises(expected, match="The signing key key cannot be used"):
                call()


def test_signing_key_that_cannot_be_reached_may_work_later():
    client = boto3.Session("test", "test", region_name="eu-central-1").client("kms")

    def fail(**_):
        raise ConnectTimeoutError(endpoint_url="https://kms.invalid")

    client.meta.events.register("before-send.kms.Sign", fail)
    with pytest.raises(StoreFailed, match="cannot be used"):
        SigningVault(client, "key").sign(b"data")
