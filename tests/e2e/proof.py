"""The steps of the proof, in order; each fills a row of the table or fails the run."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import requests

from deploy.deployment import SENTENCE
from deploy.stacks import SANITATION, STACKS
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, measure
from mixer.store.s3 import S3Store, create_s3_client
from tests.e2e.containers import ROOT, Containers
from tests.e2e.launcher import IDLE, Launch
from tests.e2e.sandbox import build_sandbox_command
from tests.e2e.table import Table
from tests.emulators.strict_polly import StrictPolly

NAME = "proof"
TEXT = SENTENCE
STORY = f"# The lamp\n\n{TEXT}\n\n# The morning\n\nIt was found in the well."
STORY_LUFS, TOLERANCE_LU = -18.0, 1.0
SCHEDULE = "rate(1 minute)"
"""The shortest that the scheduler knows; the default is a day."""

PATIENCE_S = 90.0
SMALL_TMP_MB = 8

PROBE = """
import errno, os
assert os.getuid() == 1001
for place in ("/", "/var/task", "/var/runtime", "/home"):
    try:
        open(place + "/x", "w")
    except OSError as refused:
        assert refused.errno in (errno.EROFS, errno.EACCES), refused
    else:
        raise SystemExit(place + " can be written")
try:
    open("/tmp/x", "wb").write(bytes(9_000_000))
except OSError as full:
    print("read-only root, /tmp full at 8 MB:", os.strerror(full.errno))
else:
    raise SystemExit("/tmp has no bound")
"""


class Proof:
    """One run.

    Args:
        launch: where the emulator is.
        containers: where images are.
        polly: the strict Polly behind the speech function.
        table: takes the rows.
    """

    def __init__(
        self, launch: Launch, containers: Containers, polly: StrictPolly, table: Table
    ) -> None:
        self.launch, self.containers, self.polly, self.table = launch, containers, polly, table
        self.folder = Path(launch.folder)
        self.session = boto3.Session("test", "test", region_name="us-east-1")
        self.outputs: dict[str, str] = {}
        self.token = self.curl = ""

    def run(self) -> None:
        """Every step."""
        self.deploy()
        self.check_stacks()
        self.check_build()
        self.check_sandbox()
        self.run_readme_command()
        self.call_endpoints()
        self.run_story()
        self.check_refusals()
        self.run_smoke_test()
        self.deploy_again()
        self.await_schedule()
        self.destroy()

    # ---- Steps -----------------------------------------------------------------------------

    def deploy(self) -> None:
        """An empty account becomes a service, by the command that everybody uses."""
        with self.table.row("deploy", f"make deploy NAME={NAME} YES=1") as row:
            said = self.run_make("deploy", "YES=1", f"PARAMETERS=ScheduleExpression='{SCHEDULE}'")
            (self.token,) = re.findall(r"not stored\): (\S+)$", said, re.MULTILINE)
            self.curl = said.strip().splitlines()[-1]
            (commit,) = re.findall(r"image: ([0-9a-f]{12}) was built", said)
            row.result = f"from an empty account; image {commit} built, token shown once"
        for stack in STACKS:
            self.outputs |= self.read_outputs(stack.name(NAME))

    def check_stacks(self) -> None:
        """Every stack is whole; what the emulator only notes is counted."""
        for stack in STACKS:
            with self.table.row("deployed", stack.template) as row:
                found = self.create_client("cloudformation").list_stack_resources(
                    StackName=stack.name(NAME)
                )["StackResourceSummaries"]
                assert all(each["ResourceStatus"] == "CREATE_COMPLETE" for each in found)
                noted = sum(each["ResourceType"] in IDLE for each in found)
                row.result = f"{len(found)} resources" + (f", {noted} only noted" if noted else "")

    def check_build(self) -> None:
        """The build hands over what a pipeline deploys; the page's bucket holds the page."""
        with self.table.row("deployed", "what the build hands over") as row:
            (built,) = self.folder.glob("builds/*/source/out")
            bill = json.loads((built / "sbom.cdx.json").read_text())
            parameters = sorted(path.stem for path in (built / "parameters").iterdir())
            assert (built / "image-digest").read_text().strip().startswith("sha256:")
            row.result = f"digest, bill of {len(bill['components'])} parts, {', '.join(parameters)}"
        with self.table.row("deployed", "web/, into the page's bucket") as row:
            bucket = self.outputs["PageBucketName"]
            listed = self.create_client("s3").list_objects_v2(Bucket=bucket)["Contents"]
            config = self.create_client("s3").get_object(Bucket=bucket, Key="config.json")
            assert json.loads(config["Body"].read()) == {"api": self.outputs["ApiUrl"]}
            pages = {path.relative_to(ROOT / "web").as_posix() for path in ROOT.glob("web/**/*.*")}
            assert {each["Key"] for each in listed} == pages | {"config.json"}
            row.result = f"{len(listed)} files, told where the API is"

    def check_sandbox(self) -> None:
        """Functions run from the pushed image and can write nowhere but to a small /tmp."""
        with self.table.row("image", "pulled by digest, its sandbox") as row:
            function = self.create_client("lambda").get_function(
                FunctionName=self.outputs["SpeechFunctionName"]
            )
            root = self.containers.pull_image(function["Code"]["ImageUri"])
            variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "/var/runtime"}
            command = [
                *build_sandbox_command(root, SMALL_TMP_MB, variables),
                "python3",
                "-c",
                PROBE,
            ]
            row.result = self.run_command(command)

    def run_readme_command(self) -> None:
        """The line that the deployment ends with works as it stands."""
        with self.table.row("called", "the curl line that make deploy prints") as row:
            answer = json.loads(self.run_command(["bash", "-c", self.curl]))
            assert answer["bucket"] == self.outputs["OutputBucketName"], answer
            row.result = f"{len(answer['chunk_keys'])} chunk, {answer['billed_characters']} billed"

    def call_endpoints(self) -> None:
        """The two endpoints over the gateway, then the finished file by its link."""
        self.upload_music()
        with self.table.row("called", "POST /synthesize, once more") as row:
            before = self.polly.counts.calls
            spoken = self.post_json("/synthesize", {"text": TEXT})
            assert (spoken["billed_characters"], self.polly.counts.calls) == (0, before)
            row.result = "the same chunk, nothing billed, Polly not asked"
        with self.table.row("called", "POST /mixstory with music") as row:
            wanted = {key: spoken[key] for key in ("chunk_keys", "bucket")}
            mixed = self.post_json("/mixstory", {**wanted, "music": "quiet.flac"})
            row.result = f"{mixed['duration_s']:.2f} s promised"
        with self.table.row("measured", "the file behind the presigned URL") as row:
            fetched = requests.get(mixed["download_url"], timeout=30)
            assert (fetched.status_code, fetched.headers["Content-Type"]) == (200, "audio/mpeg")
            row.result = self.check_audio(fetched.content, mixed["duration_s"])

    def run_story(self) -> None:
        """A story from text to finished audio, through the state machine."""
        with self.table.row("called", "POST /stories, then GET until it is done") as row:
            asked = self.send_post("/stories", {"text": STORY, "text_type": "markdown"})
            assert asked.status_code == 202, asked.text
            url = f"{self.outputs['ApiUrl']}/stories/{asked.json()['story_id']}"
            headers = {"Authorization": f"Bearer {self.token}"}

            def read_final_status() -> dict[str, Any] | None:
                story_status: dict[str, Any] = requests.get(url, headers=headers, timeout=60).json()
                return (
                    story_status
                    if story_status["state"] in {"done", "failed", "cancelled"}
                    else None
                )

            story = self.wait_for(read_final_status)
            assert story["state"] == "done", story
            row.result = f"{story['chunks']['total']} chunks, {story['duration_s']:.2f} s"
        with self.table.row("measured", "the story behind its link") as row:
            fetched = requests.get(story["links"]["audio"], timeout=30)
            row.result = self.check_audio(fetched.content, story["duration_s"])

    def check_refusals(self) -> None:
        """What must not be answered is not."""
        with self.table.row(
            "called", "without a token, with a wrong one, with an expired link"
        ) as row:
            strangers = [
                self.send_post("/synthesize", {"text": TEXT}, token=each) for each in ("", "x")
            ]
            assert [each.status_code for each in strangers] == [401, 403], strangers
            missing = self.send_post("/mixstory", {"chunk_keys": ["narration_chunks/no.mp3"]})
            assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
            endpoint = self.launch.aws["AWS_ENDPOINT_URL"]
            music = S3Store(
                create_s3_client(session=self.session, endpoint_url=endpoint),
                self.outputs["MusicBucketName"],
            )
            link = music.url("quiet.flac", 1)
            time.sleep(2)
            expired = requests.get(link, timeout=30)
            assert expired.status_code == 403, expired.status_code
            row.result = "401, 403, 403; a chunk that is not there: 404"

    def run_smoke_test(self) -> None:
        """What the pipeline runs after each deployment."""
        with self.table.row("measured", "make smoke") as row:
            row.result = self.run_make("smoke").strip().rpartition("smoke: ")[2]

    def deploy_again(self) -> None:
        """The same commit changes nothing."""
        with self.table.row("deploy", "make deploy, the same commit again") as row:
            said = self.run_make("deploy", "YES=1")
            unchanged = re.findall(r"^(\S+): nothing to change$", said, re.MULTILINE)
            assert unchanged == [stack.name(NAME) for stack in STACKS], said
            assert "already exists" in said
            assert "0 of them changed" in said
            assert "not stored" not in said
            row.result = "nothing pushed, nothing changed, no new token"

    def await_schedule(self) -> None:
        """The scheduler starts the clean-up by itself, which looks around and reports."""
        with self.table.row("called", f"the clean-up, by its schedule {SCHEDULE}") as row:
            report = self.wait_for(self.read_cleanup_report)
            looked = sum(
                tally["items"]
                for target in report["targets"]
                for tally in target.get("kept", {}).values()
            )
            assert not report["failed"], report
            row.result = f"{report['mode']}, {looked} items looked at, none of them due"

    def destroy(self) -> None:
        """Nothing is left, and audio goes only when it is named."""
        with self.table.row("destroy", "make destroy YES=1") as row:
            self.run_make("destroy", "YES=1")
            assert self.list_stacks() == []
            left = self.create_client("s3").list_buckets()["Buckets"]
            assert len(left) == 2, left
            row.result = "no stack left, audio and music kept"
        with self.table.row("destroy", "make destroy YES=1 AUDIO=delete") as row:
            self.run_make("destroy", "YES=1", "AUDIO=delete")
            assert self.create_client("s3").list_buckets()["Buckets"] == []
            assert self.create_client("ecr").describe_repositories()["repositories"] == []
            row.result = "no bucket, no repository left"

    # ---- What steps are made of --------------------------------------------------------------

    def create_client(self, service: str) -> Any:
        make: Callable[..., Any] = self.session.client
        return make(service, endpoint_url=self.launch.aws["AWS_ENDPOINT_URL"])

    def run_make(self, target: str, *given: str) -> str:
        """What a target says; it must end well."""
        return self.run_command(["make", "--silent", target, f"NAME={NAME}", *given])

    def run_command(self, command: list[str]) -> str:
        environ = {**os.environ, **self.launch.aws}
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
        log = self.folder / "logs" / "commands.log"
        with log.open("a") as written:
            written.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
        assert done.returncode == 0, f"{command[:4]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout.strip()

    def read_outputs(self, stack: str) -> dict[str, str]:
        (found,) = self.create_client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}

    def list_stacks(self) -> list[str]:
        found = self.create_client("cloudformation").list_stacks()["StackSummaries"]
        return [each["StackName"] for each in found if each["StackStatus"] != "DELETE_COMPLETE"]

    def upload_music(self) -> None:
        music = self.folder / "quiet.flac"
        self.run_command([sys.executable, "demo/bed.py", str(music)])
        self.create_client("s3").put_object(
            Bucket=self.outputs["MusicBucketName"], Key="quiet.flac", Body=music.read_bytes()
        )

    def send_post(
        self, path: str, payload: dict[str, Any], token: str | None = None
    ) -> requests.Response:
        """An answer of the API, to somebody with our token unless another is given."""
        given = self.token if token is None else token
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        return requests.post(
            self.outputs["ApiUrl"] + path, json=payload, headers=headers, timeout=60
        )

    def post_json(self, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        answer = self.send_post(path, payload)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def check_audio(self, sound: bytes, promised_s: float) -> str:
        path = self.folder / "story.mp3"
        path.write_bytes(sound)
        heard = measure(path, channels=MUSIC_CHANNELS)
        assert abs(heard.duration_s - promised_s) < 0.1, heard.duration_s
        assert heard.loudness_lufs is not None
        assert abs(heard.loudness_lufs - STORY_LUFS) < TOLERANCE_LU, heard.loudness_lufs
        shutil.move(path, self.folder / "logs" / "story.mp3")
        peak = f"{heard.true_peak_dbtp:.1f} dBTP"
        return f"{heard.duration_s:.2f} s, {heard.loudness_lufs:.1f} LUFS, {peak}"

    def read_cleanup_report(self) -> dict[str, Any] | None:
        """The report that the clean-up's log holds, if it has run."""
        logs, group = (
            self.create_client("logs"),
            self.find_log_group(SANITATION.name(NAME), "Sanitation"),
        )
        events = logs.filter_log_events(logGroupName=group)["events"]
        lines = [line for each in events for line in each["message"].splitlines()]
        found = [json.loads(line) for line in lines if line.startswith("{") and '"report"' in line]
        return found[0]["report"] if found else None

    def find_log_group(self, stack: str, of: str) -> str:
        found = self.create_client("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId=f"{of}LogGroup"
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def wait_for(self, look: Callable[[], Any]) -> Any:
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            found = look()
            if found is not None:
                return found
            time.sleep(1)
        raise AssertionError(f"{look.__name__}: nothing within {PATIENCE_S:.0f} s")
