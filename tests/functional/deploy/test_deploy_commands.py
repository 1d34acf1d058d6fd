"""Deploying and taking away, step by step; `make e2e` runs the whole way."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from deploy import callers, change_sets, image, page, preflight, removal
from deploy.change_sets import StackSpec
from deploy.deployment import Deployment, pass_template
from deploy.errors import DeploymentError
from deploy.removal import destroy, empty_bucket
from deploy.stacks import INFRA, STORY, parse_parameters
from deploy.terminal import Terminal
from mixer.api.auth import find_holder, parse_callers

REGION = "us-east-1"
TEMPLATE = {
    "Parameters": {
        "Days": {"Type": "Number", "Default": 7},
        "InfraStackName": {"Type": "String", "Default": "mixer-infra"},
    },
    "Resources": {
        "OutputBucket": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
        },
        "PageBucket": {"Type": "AWS::S3::Bucket"},
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"DisplayName": {"Fn::Sub": "${InfraStackName} ${Days}"}},
        },
    },
    "Outputs": {
        "Topic": {"Value": {"Ref": "Topic"}},
        "Days": {"Value": {"Ref": "Days"}},
    },
}
BODY = json.dumps(TEMPLATE)


class Talk:
    """A desk that notes what is said and answers as it was told to."""

    def __init__(self, *, yes: bool = True) -> None:
        self.lines: list[str] = []
        self.questions: list[str] = []
        self.yes = yes
        self.desk = Terminal(self.lines.append, self._answer, sleep=lambda _: None)

    def _answer(self, question: str) -> bool:
        self.questions.append(question)
        return self.yes

    @property
    def said(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session("test", "test", region_name=REGION)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def client(session: boto3.Session, service: str) -> Any:
    return session.client(service)


def stack(session: boto3.Session, talk: Talk, **parameters: str) -> dict[str, str]:
    wanted = StackSpec(
        "proof-infra", {"TemplateBody": BODY}, set(TEMPLATE["Parameters"]), parameters
    )
    with closing(client(session, "cloudformation")) as formation:
        return dict(change_sets.deploy_stack(formation, wanted, talk.desk))


def days(session: boto3.Session) -> str:
    return change_sets.read_parameters(client(session, "cloudformation"), "proof-infra")["Days"]


# ---- Change sets -------------------------------------------------------------------------------


def test_changes_are_shown_before_anything_is_made(session, talk):
    stack(session, talk)
    assert days(session) == "7"
    assert talk.questions == ["Apply these changes to proof-infra?"]
    before = talk.said.partition("create complete")[0]
    assert "+  OutputBucket  S3::Bucket" in before


@pytest.mark.parametrize("its", [INFRA, STORY], ids=lambda each: each.short_name)
def test_first_template_goes_with_the_call_and_others_by_its_bucket(session, its):
    client(session, "s3").create_bucket(Bucket="artifacts")
    bucket = "" if its is INFRA else "artifacts"
    template = pass_template(Deployment("proof", session, parse_parameters([]), bucket=bucket), its)
    assert list(template) == ["TemplateURL" if bucket else "TemplateBody"]
    change_set = client(session, "cloudformation").create_change_set(
        StackName="other", ChangeSetName="first", ChangeSetType="CREATE", **template
    )
    assert change_set["Id"]
    with pytest.raises(ClientError, match="bucket does not exist"):
        client(session, "cloudformation").validate_template(
            TemplateURL="https://s3.amazonaws.com/missing/templates/StoryStack.yml"
        )


def test_nothing_is_made_without_consent(session):
    talk = Talk(yes=False)
    with pytest.raises(DeploymentError, match="was not changed"):
        stack(session, talk)
    assert client(session, "s3").list_buckets()["Buckets"] == []


class Formation:
    """CloudFormation with one stack, whose template has got a parameter since."""

    def __init__(self, status="UPDATE_COMPLETE", **given):
        self.status, self.given = status, given

    def describe_stacks(self, StackName):  # noqa: N803 - boto3's name
        given = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in self.given.items()
        ]
        one = {"StackName": StackName, "StackStatus": self.status, "Parameters": given}
        return {"Stacks": [one]}


def test_parameter_stays_as_it_was_given_unless_given_anew():
    formation = Formation(Days="9", InfraStackName="mine", Gone="x")
    wanted = StackSpec("a", {}, {"Days", "InfraStackName", "New"}, {"Days": "11"})
    given = change_sets.build_parameters(formation, wanted)  # type: ignore[arg-type]
    assert given == [
        {"ParameterKey": "Days", "ParameterValue": "11"},
        {"ParameterKey": "InfraStackName", "UsePreviousValue": True},
    ]


def test_stack_that_is_being_changed_is_left_alone(talk):
    busy = Formation("UPDATE_IN_PROGRESS")
    wanted = StackSpec("proof-infra", {"TemplateBody": BODY}, set(), {})
    with pytest.raises(DeploymentError, match="another deployment"):
        change_sets.deploy_stack(busy, wanted, talk.desk)  # type: ignore[arg-type]


def test_missing_stack_is_told_with_what_to_do(session):
    with pytest.raises(DeploymentError, match="make deploy"):
        change_sets.read_outputs(client(session, "cloudformation"), "mixer-speech")


# ---- Source ------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.cc"]
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)

    git("init", "--quiet")
    (tmp_path / "app.py").write_text("handler = None\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return tmp_path


def test_source_of_a_commit_is_always_the_same_bytes(checkout):
    commit = image.read_commit(checkout)
    (checkout / "notes.txt").write_text("not mine to deploy")
    assert image.read_commit(checkout) == commit
    assert image.archive_commit(checkout, commit) == image.archive_commit(checkout, commit)
    assert b"notes.txt" not in image.archive_commit(checkout, commit)


def test_what_is_not_committed_is_not_deployed(checkout):
    (checkout / "app.py").write_text("handler = 1\n")
    with pytest.raises(DeploymentError, match=r"app\.py.*commit or stash"):
        image.read_commit(checkout)


def test_folder_that_is_no_checkout_is_told(tmp_path):
    with pytest.raises(DeploymentError, match="git failed"):
        image.read_commit(tmp_path)


# ---- Callers -----------------------------------------------------------------------------------


@pytest.fixture
def secret(session):
    return client(session, "secretsmanager").create_secret(Name="s", SecretString="{}")["ARN"]


def test_first_token_opens_the_door_and_is_given_once(session, secret):
    secrets = client(session, "secretsmanager")
    token = callers.create_first_token(secrets, secret, "owner")
    assert token
    text = secrets.get_secret_value(SecretId=secret)["SecretString"]
    assert find_holder(parse_callers(text), token) == "owner"
    assert token not in text
    assert callers.create_first_token(secrets, secret, "owner") is None


def test_caller_has_two_tokens_at_most(session, secret):
    secrets = client(session, "secretsmanager")
    tokens = [callers.create_token(secrets, secret, "anna") for _ in range(2)]
    book = parse_callers(secrets.get_secret_value(SecretId=secret)["SecretString"])
    assert [find_holder(book, each) for each in tokens] == ["anna", "anna"]
    with pytest.raises(DeploymentError, match="anna has 2 tokens"):
        callers.create_token(secrets, secret, "anna")


# ---- Page --------------------------------------------------------------------------------------


def test_page_goes_into_its_bucket_with_the_address_of_the_api(session, talk, tmp_path):
    s3 = client(session, "s3")
    s3.create_bucket(Bucket="page")
    s3.put_object(Bucket="page", Key="old.html", Body=b"old")
    forgotten: list[str] = []

    class Cache:
        def create_invalidation(self, **asked):
            forgotten.append(asked["DistributionId"])

    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html").write_text("<!doctype html>")
    site = page.PageSite(s3, Cache(), {"PageBucketName": "page", "DistributionId": "D1"})  # type: ignore[arg-type]
    wanted = page.load_files(tmp_path / "web", "https://api.example/prod")
    assert page.publish_files(wanted, site, talk.desk) == 3
    assert forgotten == ["D1"]
    shown = s3.get_object(Bucket="page", Key="index.html")
    assert (shown["ContentType"], shown["Body"].read()) == ("text/html", b"<!doctype html>")
    config = json.loads(s3.get_object(Bucket="page", Key="config.json")["Body"].read())
    assert config == {"api": "https://api.example/prod"}
    assert page.publish_files(wanted, site, talk.desk) == 0
    assert forgotten == ["D1"]


# ---- Preflight ---------------------------------------------------------------------------------


class Quotas:
    """Service Quotas as an account sees it that may ask for Polly's alone."""

    def get_paginator(self, _):
        return self

    def paginate(self, ServiceCode):  # noqa: N803 - boto3's name
        if ServiceCode != "polly":
            told = {"Error": {"Code": "AccessDeniedException", "Message": "You may not ask."}}
            raise ClientError(told, "ListServiceQuotas")
        names = ("Generative SynthesizeSpeech requests", "Lexicons")
        return [{"Quotas": [{"QuotaName": name, "Value": 8.0} for name in names]}]


def test_preflight_names_the_account_its_quotas_and_what_it_cannot_know(session):
    account = preflight.PreflightClients(
        sts=client(session, "sts"),
        functions=client(session, "lambda"),
        polly=client(session, "polly"),
        quotas=Quotas(),  # type: ignore[arg-type]
    )
    rows = preflight.inspect_account(account, REGION).rows
    assert rows[0][:2] == ("account", "123456789012")
    assert rows[-2] == ("polly", "8", "Generative SynthesizeSpeech requests")
    assert rows[-1][:2] == ("codebuild quotas", "unknown")
    assert "You may not ask." in rows[-1][2]


def test_preflight_stops_without_credentials():
    class Nobody:
        def get_caller_identity(self):
            raise NoCredentialsError

    account = preflight.PreflightClients(*[Nobody()] * 4)  # type: ignore[arg-type]
    with pytest.raises(DeploymentError, match="credentials"):
        preflight.inspect_account(account, REGION)


@pytest.mark.parametrize(
    ("partition", "found", "message"),
    [
        ("aws-us-gov", "voices", "The account is in aws-us-gov; only AWS's standard"),
        ("aws", None, "Amazon Polly cannot be reached in ca-west-1; set AWS_REGION"),
    ],
)
def test_preflight_stops_where_a_service_is_missing(session, partition, found, message):
    class Place:
        def get_caller_identity(self):
            return {"Account": "1", "Arn": f"arn:{partition}:sts::1:assumed-role/a/b"}

        def describe_voices(self, **_):
            if not found:
                raise EndpointConnectionError(endpoint_url="https://polly.ca-west-1.amazonaws.com")
            return {"Voices": []}

    account = preflight.PreflightClients(
        Place(),  # type: ignore[arg-type]
        client(session, "lambda"),
        Place(),  # type: ignore[arg-type]
        Quotas(),  # type: ignore[arg-type]
    )
    with pytest.raises(DeploymentError, match=message):
        preflight.inspect_account(account, "ca-west-1")


# ---- Removal -----------------------------------------------------------------------------------


def fill_bucket(session, name):
    """Three objects, one of them in two versions and one deleted, and an unfinished upload."""
    s3 = client(session, "s3")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "b", "b", "c"):
        s3.put_object(Bucket=name, Key=key, Body=b"sound")
    s3.delete_object(Bucket=name, Key="c")
    s3.create_multipart_upload(Bucket=name, Key="d")
    return s3


def test_emptying_leaves_no_version_marker_or_upload(session):
    client(session, "s3").create_bucket(Bucket="old")
    s3 = fill_bucket(session, "old")
    empty_bucket(s3, "old")
    s3.delete_bucket(Bucket="old")
    empty_bucket(s3, "old")


def bucket_of(session, place):
    found = client(session, "cloudformation").describe_stack_resource(
        StackName="proof-infra", LogicalResourceId=place
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


def buckets(session):
    return [each["Name"] for each in client(session, "s3").list_buckets()["Buckets"]]


def test_audio_stays_unless_somebody_says_otherwise(session, talk):
    stack(session, talk)
    audio = bucket_of(session, "OutputBucket")
    fill_bucket(session, audio)
    fill_bucket(session, bucket_of(session, "PageBucket"))
    destroy("proof", session, talk.desk, audio=False)
    assert buckets(session) == [audio]
    assert f"Kept: {audio}: 5 objects" in talk.said
    asked = Talk(yes=False)
    destroy("proof", session, asked.desk, audio=None)
    assert buckets(session) == [audio]
    assert len(asked.questions) == 1
    destroy("proof", session, talk.desk, audio=True)
    assert buckets(session) == []


def test_nothing_is_deleted_without_consent(session, talk):
    stack(session, talk)
    with pytest.raises(DeploymentError, match="Nothing was deleted"):
        destroy("proof", session, Talk(yes=False).desk, audio=True)
    assert len(buckets(session)) == 2


def test_nothing_there_is_said(session, talk):
    destroy("proof", session, talk.desk, audio=True)
    assert talk.lines == ["proof is not deployed."]


def test_other_deployments_audio_is_not_ours(session, talk):
    client(session, "s3").create_bucket(Bucket="proof2-infra-outputbucket-1")
    destroy("proof", session, talk.desk, audio=True)
    assert buckets(session) == ["proof2-infra-outputbucket-1"]
    assert removal.KEPT_BUCKETS == ("OutputBucket", "MusicBucket")


# ---- Machines of builds, secrets ---------------------------------------------------------------


def report(**builds):
    named = {preflight.BUILD_QUOTA.format(size=size): n for size, n in builds.items()}
    return preflight.AccountReport([], concurrency=10, builds=named)


@pytest.mark.parametrize(
    ("builds", "given", "before", "chosen"),
    [
        ({}, None, None, {}),
        ({"Medium": 1}, None, None, {}),
        ({"Medium": 0, "Small": 1}, None, None, {"BuildComputeType": "BUILD_GENERAL1_SMALL"}),
        ({"Medium": 0, "Small": 1}, None, "BUILD_GENERAL1_SMALL", {}),
        (
            {"Small": 0, "Medium": 1},
            None,
            "BUILD_GENERAL1_SMALL",
            {"BuildComputeType": "BUILD_GENERAL1_MEDIUM"},
        ),
    ],
)
def test_build_runs_on_a_machine_that_the_account_may_use(builds, given, before, chosen):
    assert report(**builds).choose_build_machine(given, before) == chosen


@pytest.mark.parametrize(
    ("builds", "given"),
    [
        ({"Medium": 0, "Small": 0, "Large": 0}, None),
        ({"Medium": 0, "Small": 1}, "BUILD_GENERAL1_MEDIUM"),
    ],
)
def test_account_that_may_not_build_stops_with_the_quota_to_request(builds, given):
    with pytest.raises(DeploymentError, match=r"Linux/Medium environment.*Service Quotas"):
        report(**builds).choose_build_machine(given, None)


@pytest.mark.parametrize(("limit", "groups"), [(1, 1), (10, 5), (50, 25), (120, 60), (1_000, 60)])
def test_groups_at_a_time_follow_from_the_limit_of_the_account(limit, groups):
    assert preflight.choose_render_concurrency(limit) == groups


@pytest.mark.parametrize(("audio", "kept"), [(False, True), (True, False)])
def test_secret_of_stories_is_named_or_deleted_with_the_audio(session, talk, audio, kept):
    secrets = client(session, "secretsmanager")
    for name, stack_name in (("StorySecret-1", "proof-stories"), ("StorySecret-2", "other")):
        tags = [{"Key": removal.SECRET_TAG, "Value": stack_name}]
        secrets.create_secret(Name=name, SecretString="s", Tags=tags)
    destroy("proof", session, talk.desk, audio=audio)
    left = {each["Name"] for each in secrets.list_secrets()["SecretList"]}
    assert left == ({"StorySecret-1", "StorySecret-2"} if kept else {"StorySecret-2"})
    assert "0.40 USD a month" in talk.said
