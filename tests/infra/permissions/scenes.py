"""What callers, the state machine, the schedule and the pipeline make each role do.

The handlers, steps and clean-up of this project run in this process, each function with the
variables that its template gives it, over the services of an emulator and a strict Polly.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

import boto3
from moto import mock_aws
from moto.awslambda.models import LambdaFunction

from deploy import change_sets, smoke
from mixer.api import (
    answer_authorizer_event,
    build_mix_endpoint,
    build_speech_endpoint,
    build_story_endpoint,
    digest_token,
)
from mixer.api.endpoints import build_preview_endpoint
from mixer.api.handlers import create_requested_story
from mixer.aws import open_listening_function
from mixer.compose import AwsServices, open_story_starter
from mixer.errors import MixerError
from mixer.retention.aws_account import Deadline, create_sns_client, open_account
from mixer.retention.run import ScheduledRun
from mixer.settings import load_settings
from mixer.stories.model import StoryKind
from mixer.stories.renditions import StoredRenditions
from mixer.stories.request import StoryRequest
from mixer.stories.slots import release_all
from mixer.stories.tasks import Step
from mixer.stories.workflow import Workflow
from tests.emulators.strict_polly import StrictPolly
from tests.functional.clouds import OPEN_ALLOWANCES
from tests.functional.lambdas import FakeContext, event_v2
from tests.infra.definition import load_definition
from tests.infra.permissions.deployment import ACCOUNT, GIVEN, REGION, ExampleDeployment
from tests.infra.permissions.recorder import Recorder
from tests.pictures import build_picture
from tests.sounds import MIX_HZ, noise, tone, write_sound

CALLER, TOKEN = "anna", "a token of the scenes"
VOICE = {"voice": "Joanna", "engine": "standard"}
CHUNKS = ["theirs/chunk-1.wav", "theirs/chunk-2.wav"]
BELL, BED, COVER = "uploads/anna/bell.wav", "beds/sea.wav", "uploads/anna/cover.png"
TEXT = (
    f"# One\n\n[[music {BED}]]\n\nThe buoy [[sound {BELL}]] rang.\n\n# Two\n\nThe buoy was silent."
)

SPEECH_STEPS = {Step.PLAN, Step.ACQUIRE_SLOT, Step.SYNTHESIZE, Step.RELEASE_SLOT}
MIX_STEPS = {Step.LAY_OUT, Step.RENDER, Step.JOIN, Step.PUBLISH}

ROLES = {
    "polly_handler.handler": "PollySpeechAPI.SpeechRole",
    "authorizer.handler": "PollySpeechAPI.AuthorizerRole",
    "app.handler": "MixerAppStack.MixerRole",
    "stories.handler": "StoryStack.StoryRole",
    "polly_handler.story_task": "StoryStack.StorySpeechRole",
    "app.story_task": "StoryStack.StoryMixRole",
    "sanitation.handler": "SanitationStack.SanitationRole",
}


@dataclass
class Cloud:
    """The example deployment in an emulator, and who records what is asked of it."""

    deployment: ExampleDeployment
    recorder: Recorder
    services: dict[str, AwsServices] = field(default_factory=dict)

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        return dict(self.deployment.list_functions())

    def environ(self, command: str) -> dict[str, str]:
        """The variables of a function, with the emulator's names."""
        given = self.functions[command]["Environment"]["Variables"]
        names = {ours: theirs for theirs, ours in self.recorder.aliases.items()}
        return {key: names.get(str(value), str(value)) for key, value in given.items()}

    @contextmanager
    def run_as(self, command: str) -> Iterator[AwsServices]:
        """Run a block as a function: with its role and its services."""
        with self.recorder.act_as(ROLES[command]):
            if command not in self.services:
                settings = load_settings(self.environ(command))
                self.services[command] = AwsServices(settings=settings, render_groups=2)
            yield self.services[command]

    @property
    def bucket(self) -> str:
        return self.deployment.physical_id("MixerInfraStack", "OutputBucket")

    @property
    def music(self) -> str:
        return self.deployment.physical_id("MixerInfraStack", "MusicBucket")

    @property
    def repository(self) -> str:
        return self.deployment.physical_id("MixerInfraStack", "ImageRepository")


@contextmanager
def open_cloud(recorder: Recorder) -> Iterator[Cloud]:
    """An emulator that has what the example deployment has, and callers' files."""
    cloud = Cloud(ExampleDeployment(), recorder)
    keys = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    with StrictPolly(allowances=OPEN_ALLOWANCES) as polly, mock_aws(), recorder.watch_clients():
        given = {**keys, "AWS_ENDPOINT_URL_POLLY": polly.endpoint_url}
        with _set_environ(given), _run_functions(cloud):
            _create_resources(cloud)
            yield cloud


@contextmanager
def _set_environ(given: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _run_functions(cloud: Cloud) -> Iterator[None]:
    """Make the emulator's functions run in this process: it has no other way to say how."""

    def invoke(function: Any, body: str, _request: Any, _headers: Any) -> bytes:
        event = json.loads(body)
        if function.function_name.endswith("-counter"):
            with cloud.run_as("stories.handler") as services:
                return json.dumps(create_requested_story(services.story_service, event)).encode()
        return json.dumps({"statusCode": 200, "body": "{}"}).encode()

    before = LambdaFunction.invoke
    LambdaFunction.invoke = invoke
    try:
        yield
    finally:
        LambdaFunction.invoke = before


def _create_resources(cloud: Cloud) -> None:
    deployment, aliases = cloud.deployment, cloud.recorder.aliases
    s3 = boto3.client("s3")
    for bucket in (cloud.bucket, cloud.music):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _upload_files(s3, cloud)
    secrets = boto3.client("secretsmanager")
    tokens = json.dumps({CALLER: [digest_token(TOKEN)]})
    for file, name, text in (
        ("StoryStack", "StorySecret", "a secret of the scenes"),
        ("PollySpeechAPI", "TokensSecret", tokens),
    ):
        made = secrets.create_secret(Name=deployment.physical_id(file, name), SecretString=text)
        aliases[made["ARN"]] = deployment.arn(file, name)
    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    aliases[key["KeyMetadata"]["Arn"]] = GIVEN["SigningKeyArn"]
    boto3.client("sns").create_topic(Name=deployment.physical_id("MixerInfraStack", "AlarmTopic"))
    role = _create_role()
    for properties in cloud.functions.values():
        boto3.client("lambda").create_function(
            FunctionName=properties["Arn"].rpartition(":")[2],
            PackageType="Image",
            Role=role,
            Code={"ImageUri": properties["Code"]["ImageUri"]},
        )
    names = {name: deployment.arn("StoryStack", version) for name, version in VERSIONS.items()}
    boto3.client("stepfunctions").create_state_machine(
        name=deployment.physical_id("StoryStack", "StoryMachine"),
        definition=json.dumps(load_definition(names)),
        roleArn=role,
    )


VERSIONS = {
    "SpeechTask": "StorySpeechVersion",
    "MixTask": "StoryMixVersion",
    "EndTask": "StoryVersion",
}


def _create_role() -> str:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [{**trusted, "Action": "sts:AssumeRole"}]}
    made = boto3.client("iam").create_role(
        RoleName="any", AssumeRolePolicyDocument=json.dumps(policy)
    )
    return str(made["Role"]["Arn"])


def _upload_files(s3: Any, cloud: Cloud) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "sound.wav")
        sounds = {
            (cloud.music, BED): noise(4.0, rate_hz=MIX_HZ),
            (cloud.bucket, BELL): tone(0.8, 880.0, MIX_HZ),
            **{(cloud.bucket, key): tone(1.0, 440.0, MIX_HZ) for key in CHUNKS},
        }
        for (bucket, key), sound in sounds.items():
            body = write_sound(path, sound, MIX_HZ).read_bytes()
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.put_object(Bucket=cloud.bucket, Key=COVER, Body=build_picture(320, 320))
    s3.put_object(Bucket=cloud.bucket, Key="uploads/anna/book.md", Body=TEXT.encode())


# ---- Requests ----------------------------------------------------------------------------------


def _ask(endpoint: Callable[..., Any], path: str, body: Any = None, method: str = "POST") -> Any:
    answer = endpoint(event_v2(body, path, method, caller=CALLER), FakeContext())
    if answer["statusCode"] >= 400:
        raise AssertionError(f"{method} {path}: {answer['body']}")
    return json.loads(answer["body"])


def answer_speech_requests(cloud: Cloud) -> None:
    """The speech function answers, and hands a story over."""
    with cloud.run_as("polly_handler.handler") as services:
        endpoint = build_speech_endpoint(services)
        _ask(endpoint, "/voices", method="GET")
        _ask(endpoint, "/estimate", {"text": "A lamp.", **VOICE})
        for _ in range(2):
            _ask(endpoint, "/synthesize", {"text": "A lamp went out.", **VOICE})
        _age_chunks(cloud)
        _ask(endpoint, "/synthesize", {"text": "A lamp went out.", **VOICE})
        _hand_over(services, StoryKind.SPEECH, text="A story of a lamp.")
        _break_upload(services, "narration_chunks/broken.mp3")


def answer_mix_requests(cloud: Cloud) -> None:
    """The mixing function answers, with callers' own files, and hands a story over."""
    with cloud.run_as("app.handler") as services:
        endpoint = build_mix_endpoint(services)
        for music in (BED, BELL):
            asked = {"chunk_keys": CHUNKS, "bucket": cloud.bucket, "music": music}
            _ask(endpoint, "/mixstory", {**asked, "cover": COVER})
        _hand_over(services, StoryKind.MIX, chunk_keys=tuple(CHUNKS))
        _break_upload(services, "mixed/broken.mp3")


def _hand_over(services: AwsServices, kind: StoryKind, **what: Any) -> None:
    start = open_story_starter(services.settings)
    start(StoryRequest(kind, CALLER, {**VOICE} if kind is not StoryKind.MIX else {}, **what))


def _break_upload(services: AwsServices, key: str) -> None:
    """An upload in parts that ends early."""
    part = bytes(9 << 20)
    writer = services.output_store.open_writer(key, max_bytes=1, content_type="audio/mpeg")
    with suppress(ZeroDivisionError), writer as file:
        file.write(part)
        raise ZeroDivisionError


def _age_chunks(cloud: Cloud) -> None:
    """Move all chunks into the past, so that their next use touches them."""
    from moto.backends import get_backend

    stored = get_backend("s3")[ACCOUNT]["aws"].buckets[cloud.bucket].keys
    for key in list(stored):
        if key.startswith("narration_chunks/"):
            for version in stored.getlist(key):
                version.last_modified -= timedelta(days=8)


def answer_story_requests(cloud: Cloud) -> None:
    """Stories are accepted, listed, started again and cancelled; music and uploads are offered."""
    with cloud.run_as("stories.handler") as services:
        endpoint = build_story_endpoint(services)
        _ask(endpoint, "/capabilities", method="GET")
        _ask(endpoint, "/music", method="GET")
        _ask(endpoint, "/uploads", {"name": "b.epub", "size_bytes": 9})
        asked = {"text": "A story to cancel.", **VOICE}
        story = _ask(endpoint, "/stories", asked)["story_id"]
        _ask(endpoint, "/stories", asked)
        again = {"source": "uploads/anna/book.md", "cover": COVER, **VOICE}
        _ask(endpoint, "/stories", again)
        _ask(endpoint, "/stories", method="GET")
        _ask(endpoint, f"/stories/{story}", method="GET")
        _ask(endpoint, f"/stories/{story}", method="DELETE")
        _end_executions(cloud)
        _ask(endpoint, "/stories", asked)
        _ask(endpoint, "/stories", again)


def _end_executions(cloud: Cloud) -> None:
    """End every execution, so that the next attempt needs another name."""
    states = boto3.client("stepfunctions")
    with cloud.recorder.act_as(""):
        arn = cloud.deployment.arn("StoryStack", "StoryMachine")
        for each in states.list_executions(stateMachineArn=arn)["executions"]:
            states.stop_execution(executionArn=each["executionArn"])


def answer_authorizer(cloud: Cloud) -> None:
    """The authorizer checks a token."""
    command = "authorizer.handler"
    with cloud.recorder.act_as(ROLES[command]), _set_environ(cloud.environ(command)):
        event = {"headers": {"authorization": f"Bearer {TOKEN}"}}
        if not answer_authorizer_event(event, None)["isAuthorized"]:
            raise AssertionError("The authorizer rejects the token.")


# ---- Stories -----------------------------------------------------------------------------------


def _run_story(cloud: Cloud, request: StoryRequest, *, ends: bool = True) -> str:
    """Run a story's steps with the roles that the state machine gives them; returns its id."""
    with cloud.run_as("stories.handler") as services:
        story = services.story_service.create(request)

    one_at_a_time = Lock()  # a step's threads belong to the role that is set

    def invoke(event: Mapping[str, Any]) -> Any:
        step = Step(event["task"])
        command = "polly_handler.story_task" if step in SPEECH_STEPS else "app.story_task"
        command = command if step in SPEECH_STEPS | MIX_STEPS else "stories.handler"
        with one_at_a_time, cloud.run_as(command) as services:
            tasks = {
                "polly_handler.story_task": lambda: services.speech_tasks,
                "app.story_task": lambda: services.mix_tasks,
                "stories.handler": lambda: services.finish_tasks,
            }[command]()
            return tasks(event, None)

    Workflow(invoke, story, 1).run(request.kind)
    with cloud.run_as("stories.handler") as services:
        status = services.story_service.get_status(story, CALLER)
        if (status.failure is None) != ends:
            raise AssertionError(f"The story {story} ended as {status.state}: {status.failure}")
    return story


def change_stories(cloud: Cloud) -> None:
    """A story is changed: heard, kept, listed, compared, restored."""
    request = StoryRequest(
        StoryKind.STORY, CALLER, {**VOICE, "cover": COVER}, text="It rang. It was late.", music=BELL
    )
    path = f"/stories/{_run_story(cloud, request)}"
    change = {"version": 0, "changes": [{"sentence": 1, "text": "It was early."}]}
    with cloud.run_as("app.story_task") as services:
        _ask(build_preview_endpoint(services), f"{path}/edits", change)
    with cloud.run_as("stories.handler") as services:
        endpoint = build_story_endpoint(services)
        _ask(endpoint, f"{path}/sentences", method="GET")
        _ask(endpoint, f"{path}/versions", change)
        _ask(endpoint, f"{path}/versions", method="GET")
        _ask(endpoint, f"{path}/versions", {"version": 2, "restore": 1})


def run_stories(cloud: Cloud) -> None:
    """Every kind of story: with callers' files, in parts, cached, waiting and failing."""
    extra = {"extra_outputs": ["chapter_files", "read_aloud"]}
    requests = [
        StoryRequest(StoryKind.STORY, CALLER, {**VOICE, "cover": COVER}, text=TEXT, music=BELL),
        StoryRequest(StoryKind.STORY, CALLER, {**VOICE, **_keep_known(extra)}, text=TEXT),
        StoryRequest(StoryKind.STORY, CALLER, {**VOICE}, source_key="uploads/anna/book.md"),
        StoryRequest(StoryKind.SPEECH, CALLER, {**VOICE}, text="A lamp went out."),
        StoryRequest(StoryKind.MIX, CALLER, {"cover": COVER}, chunk_keys=tuple(CHUNKS), music=BELL),
    ]
    for request in requests:
        _run_story(cloud, request)
    with cloud.run_as("polly_handler.story_task") as services:
        if services.speech_slots is not None:
            services.speech_slots.renew("a", "standard")
        _break_upload(services, "narration_chunks/broken.mp3")
        _break_upload(services, "stories/broken/text.txt")
    with cloud.run_as("app.story_task") as services:
        _break_upload(services, "segments/broken.mp3")
    _age_chunks(cloud)
    _run_story(
        cloud, StoryRequest(StoryKind.SPEECH, CALLER, {**VOICE}, text="A lamp went out. Again.")
    )
    _settle_stories(cloud)
    lost = StoryRequest(StoryKind.STORY, CALLER, {**VOICE}, text="[[sound no such.wav]]\n\nA lamp.")
    with suppress(MixerError):
        _run_story(cloud, lost, ends=False)


def publish_feeds(cloud: Cloud) -> None:
    """A feed takes stories, one of them twice; its link is opened, replaced and revoked."""
    with cloud.run_as("stories.handler") as services:
        feeds = replace(services.settings.feeds, is_serving=True)
        serving = replace(services, settings=replace(services.settings, feeds=feeds))
        endpoint = build_story_endpoint(serving)
        made = _ask(endpoint, "/feeds", {"title": "Scenes", "all_stories": True, "cover": COVER})
    for text in ("A lamp went out.", "A lamp was lit."):
        options = {**VOICE, "title": "Lamp", "feed": "Scenes", "cover": COVER}
        _run_story(cloud, StoryRequest(StoryKind.STORY, CALLER, options, text=text))
    path = f"/feeds/{made['feed_id']}"
    with cloud.run_as("stories.handler"):
        _ask(endpoint, "/feeds", method="GET")
        story = _ask(endpoint, path, method="GET")["stories"][0]["story_id"]
        key = made["url"].split("/")[-2]
        for name in ("feed.xml", f"{story}-story.mp3"):
            event = event_v2(None, f"/feed/{key}/{name}", "GET")
            if endpoint(event, FakeContext())["statusCode"] >= 400:
                raise AssertionError(f"{name} cannot be opened.")
        _ask(endpoint, path, {"link": "replace", "remove": [story]})
        _ask(endpoint, path, {"link": "revoke"})
        _ask(endpoint, path, method="DELETE")


def listen_to_stories(cloud: Cloud) -> None:
    """A story is listened to while it is made: the function that renders for it is started."""
    request = StoryRequest(StoryKind.STORY, CALLER, {**VOICE}, text="A lamp was lit at nine.")
    story = _run_story(cloud, request)
    with cloud.run_as("stories.handler") as services:
        endpoint = build_story_endpoint(services)
        links = services.listen_links.build("", story)
        query = dict(parse_qsl(links["playlist"].partition("?")[2]))
        renditions = StoredRenditions(
            services.output_store,
            lambda asked: _write_rendition(cloud, services, asked),
            services.link_output,
        )
        _, playlist = renditions.await_playlist(story)
        for name in ("listen.m3u8", *(f"listen-001-{n:06}.ts" for n in range(playlist.pieces))):
            event = event_v2(None, f"/stories/{story}/{name}", "GET", query=query)
            if endpoint(event, FakeContext())["statusCode"] >= 400:
                raise AssertionError(f"{name} cannot be opened.")


def _write_rendition(cloud: Cloud, services: AwsServices, story: str) -> None:
    with suppress(MixerError):  # the emulator has no versions of functions
        open_listening_function(services.settings.stories.listen_function)(story)
    with cloud.run_as("app.story_task") as rendering:
        rendering.rendition_writer.write(story, 600.0)


def keep_projects(cloud: Cloud) -> None:
    """A project is saved until old states go, changed in two places, listed, opened and deleted."""
    path = f"/projects/{'a' * 32}"
    with cloud.run_as("stories.handler") as services:
        endpoint = build_story_endpoint(services)

        def save(text: str, if_match: str, path: str = path) -> int:
            body = {"name": "Scenes", "text": text, "cover": COVER}
            headers = {"if-match": if_match} if if_match else {}
            event = event_v2(body, path, "PUT", caller=CALLER, headers=headers)
            return int(endpoint(event, FakeContext())["statusCode"])

        saved = [save(f"The lamp went out {n} times.", "*" if n else "") for n in range(7)]
        saved.append(save("The lamp was kept.", "", f"{path}-kept"))
        if {*saved} != {200} or save("Something else.", "an old state") != 412:
            raise AssertionError(f"Projects are not kept: {saved}.")
        _ask(endpoint, "/projects", method="GET")
        _ask(endpoint, path, method="GET")
        _ask(endpoint, path, method="DELETE")


ROLES_THAT_SETTLE = (
    *("polly_handler.handler", "polly_handler.story_task", "app.story_task", "stories.handler"),
)


def _settle_stories(cloud: Cloud) -> None:
    """Stories that cost other than predicted are settled when they end, their slots released."""
    for command in ROLES_THAT_SETTLE:
        with cloud.run_as("polly_handler.story_task") as services:
            entry = services.budget.reserve(CALLER, 0.01)
            if services.speech_slots is not None:
                services.speech_slots.acquire("a-story", "standard")
        with cloud.run_as(command) as services:
            services.budget.settle(entry, 0.02)
            if command == "stories.handler":
                release_all(services.output_store, "a-story")


def _keep_known(options: dict[str, Any]) -> dict[str, Any]:
    from mixer.requests import Options

    return {key: value for key, value in options.items() if key in Options.model_fields}


# ---- Clean-up and deployment -------------------------------------------------------------------


def run_cleanup(cloud: Cloud) -> None:
    """The scheduled clean-up deletes objects, uploads, images and versions."""
    _fill_for_cleanup(cloud)
    command = "sanitation.handler"
    with cloud.recorder.act_as(ROLES[command]):
        policy = {
            "buckets": [{"bucket": "other-bucket", "prefixes": [{"prefix": "drafts/"}]}],
            "repositories": [{"repository": "other"}],
        }
        for more in ({}, {"SANITATION_POLICY": json.dumps(policy)}):
            run = ScheduledRun(
                {**cloud.environ(command), **more},
                account=open_account(ACCOUNT),
                sns=create_sns_client(),
                now=datetime.now(UTC) + timedelta(days=60),
                deadline=Deadline(),
            )
            report = run.answer({"mode": "delete", "max_share": 1})
            if report["failed"]:
                raise AssertionError(json.dumps(report, indent=2))


def _fill_for_cleanup(cloud: Cloud) -> None:
    s3, ecr = boto3.client("s3"), boto3.client("ecr")
    s3.create_bucket(
        Bucket="other-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    for prefix in (
        *("mixed/", "narration_chunks/", "segments/", "speaking/", "spending/", "stories/old/"),
        *("story_index/anna/", "uploads/"),
    ):
        s3.put_object(Bucket=cloud.bucket, Key=f"{prefix}old", Body=b"x")
    s3.put_object(Bucket=cloud.bucket, Key="stories/kept/in_use/request.json", Body=b"{}")
    s3.put_object(Bucket=cloud.bucket, Key="stories/kept/request.json", Body=b"{}")
    s3.create_multipart_upload(Bucket=cloud.bucket, Key="mixed/unfinished")
    s3.put_object(Bucket="other-bucket", Key="drafts/old", Body=b"x")
    s3.create_multipart_upload(Bucket="other-bucket", Key="drafts/unfinished")
    policy = cloud.deployment.resolve(
        cloud.deployment.templates["MixerInfraStack"]["Resources"]["ImageRepository"]["Properties"][
            "RepositoryPolicyText"
        ],
        "MixerInfraStack",
    )
    for repository in (cloud.repository, "other"):
        ecr.create_repository(repositoryName=repository)
        ecr.set_repository_policy(repositoryName=repository, policyText=json.dumps(policy))
        for number in range(6):
            _push(ecr, repository, number)
        _push_list(ecr, repository)
    _publish_versions(cloud)


def _push(ecr: Any, repository: str, number: int) -> None:
    media = "application/vnd.docker.distribution.manifest.v2+json"
    layer = {"size": 1, "digest": f"sha256:{number:064x}"}
    manifest = {"schemaVersion": 2, "mediaType": media, "config": layer, "layers": [layer]}
    ecr.put_image(
        repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=f"v{number}"
    )


def _push_list(ecr: Any, repository: str) -> None:
    media = "application/vnd.oci.image.index.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": media, "manifests": []}
    ecr.put_image(
        repositoryName=repository,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=media,
        imageTag="list",
        imageDigest="sha256:" + "1" * 64,
    )


def _publish_versions(cloud: Cloud) -> None:
    """Three versions of a function of stories, the first of which the state machine calls."""
    functions = boto3.client("lambda")
    arn = cloud.functions["app.story_task"]["Arn"]
    for number in range(3):
        image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/x@sha256:{number:064x}"
        functions.update_function_code(FunctionName=arn, ImageUri=image)
        functions.publish_version(FunctionName=arn)


def run_smoke_test(cloud: Cloud) -> None:
    """The pipeline's last action finds the stacks and invokes two functions."""
    with cloud.recorder.act_as("MixerInfraStack.SmokeRole"):
        formation, functions = boto3.client("cloudformation"), boto3.client("lambda")
        for file, command in (
            ("PollySpeechAPI", "polly_handler.handler"),
            ("MixerAppStack", "app.handler"),
        ):
            with suppress(Exception):
                change_sets.read_outputs(formation, cloud.deployment.stack_names[file])
            name = cloud.functions[command]["Arn"].rpartition(":")[2]
            functions.invoke(
                FunctionName=name, Payload=json.dumps(smoke.build_event("/", {})).encode()
            )


SCENES: tuple[Callable[[Cloud], None], ...] = (
    answer_speech_requests,
    answer_mix_requests,
    answer_story_requests,
    answer_authorizer,
    run_stories,
    change_stories,
    publish_feeds,
    listen_to_stories,
    keep_projects,
    run_smoke_test,
    run_cleanup,
)
"""In this order: later scenes find what earlier ones have stored."""


def record_scenes() -> Recorder:
    """Run all scenes, and return what was recorded."""
    recorder = Recorder()
    with open_cloud(recorder) as cloud:
        for scene in SCENES:
            recorder.scene = (scene.__doc__ or "").strip()
            scene(cloud)
    return recorder
