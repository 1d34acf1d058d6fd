"""Starts the emulator with what it lacks: functions from the image, builds, unknown resources.

It runs in the emulator's own environment (.venv-e2e) and ends with it. What it is told comes as
JSON in E2E_LAUNCH: see Launch.
"""

import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import builds
from tests.e2e.containers import BASE, Containers
from tests.e2e.sandbox import Sandboxes

IDLE = (
    "AWS::CodePipeline::Pipeline",
    "AWS::IAM::RolePolicy",
    "AWS::SecretsManager::ResourcePolicy",
)
"""What the emulator does not know and may do without: it is noted, and does nothing."""

TICK_S = 1
"""Between two looks at the schedules; the emulator's own patience is longer."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What the launcher is told.

    Attributes:
        folder: where images, sources and logs lie.
        port: of the emulator.
        polly_url: of the strict Polly.
    """

    folder: str
    port: int
    polly_url: str

    @property
    def aws(self) -> dict[str, str]:
        """The variables by which everybody finds the emulator."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ENDPOINT_URL_POLLY": self.polly_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def main() -> None:
    """Run the emulator until it is told to stop."""
    launch = Launch(**json.loads(os.environ["E2E_LAUNCH"]))
    folder = Path(launch.folder)
    containers = Containers(folder / "containers", launch.port)
    sandboxes = Sandboxes(containers, folder / "logs", launch.aws)
    _register_resources(launch.port)
    _run_functions(sandboxes)
    _run_builds(launch, containers)
    _raise_missing_images()
    _shorten_ticks()
    from ministack import app

    sys.argv = ["ministack"]
    try:
        app.main()
    finally:
        sandboxes.close()


def _register_resources(port: int) -> None:
    from ministack.services.cloudformation import provisioners

    known = provisioners._RESOURCE_HANDLERS
    for kind in IDLE:
        assert kind not in known, f"The emulator knows {kind} by now: take it from the list."
        known[kind] = {"create": _note_resource, "delete": _forget_resource}
    _let_alarms_calculate(known["AWS::CloudWatch::Alarm"])
    _address_apis(port, known["AWS::ApiGatewayV2::Api"])


def _note_resource(logical_id: str, _: Any, stack: str) -> tuple[str, dict[str, str]]:
    return f"{stack}-{logical_id}", {}


def _forget_resource(*_: Any) -> None:
    """There is nothing to delete."""


def _let_alarms_calculate(alarms: dict[str, Any]) -> None:
    """Alarms on an expression are noted; those on a metric are the emulator's own."""
    own = dict(alarms)

    def create(logical_id: str, properties: Any, stack: str) -> Any:
        if "Metrics" in properties:
            return _note_resource(logical_id, properties, stack)
        return own["create"](logical_id, properties, stack)

    def update(physical: str, old: Any, new: Any, stack: str, logical_id: str) -> Any:
        if "Metrics" in new:
            return physical, {}
        return own["update"](physical, old, new, stack, logical_id)

    def delete(physical: str, properties: Any) -> None:
        if "Metrics" not in properties:
            own["delete"](physical, properties)

    alarms.update(create=create, update=update, delete=delete)


def _address_apis(port: int, apis: dict[str, Any]) -> None:
    """APIs are found under a path of the emulator: a name of their own would need a resolver."""

    def add_endpoint(created: tuple[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
        api, details = created
        return api, {**details, "ApiEndpoint": f"http://127.0.0.1:{port}/_aws/execute-api/{api}"}

    create, update = apis["create"], apis["update"]
    apis["create"] = lambda *given: add_endpoint(create(*given))
    apis["update"] = lambda *given: add_endpoint(update(*given))


def _run_functions(sandboxes: Sandboxes) -> None:
    from ministack.services import lambda_svc

    def run(function: dict[str, Any], event: Any, _: str) -> dict[str, Any]:
        return sandboxes.invoke(function.get("config") or function, event)

    lambda_svc._execute_function_docker = run


def _run_builds(launch: Launch, containers: Containers) -> None:
    from ministack.services import codebuild

    wanted: dict[str, dict[str, str]] = {}
    own_start, lock = codebuild._start_build, threading.Lock()

    def start(request: dict[str, Any]) -> Any:
        asked = request.get("environmentVariablesOverride", [])
        with lock:
            wanted[request["projectName"]] = {each["name"]: each["value"] for each in asked}
            return own_start(request)

    def execute(build_id: str, project: dict[str, Any]) -> None:
        build = codebuild._builds[build_id]
        try:
            variables = {**_read_variables(project), **wanted[project["name"]]}
            went_well = _run_build(launch, containers, project, build, variables)
        except Exception as error:  # noqa: BLE001 - whatever it is, the build failed
            build["phases"].append({"phaseType": "BUILD", "contexts": [{"message": repr(error)}]})
            went_well = False
        codebuild._record_phase(build, "BUILD", "SUCCEEDED" if went_well else "FAILED")
        codebuild._finish_build(build, "SUCCEEDED" if went_well else "FAILED")

    codebuild.EXECUTE_BUILDS = True
    codebuild._start_build, codebuild._execute_build = start, execute


def _raise_missing_images() -> None:
    """ECR says so when it is asked for a tag that is not there; the emulator answers with nothing.

    Source: ECR API reference, DescribeImages, ImageNotFoundException.
    """
    from ministack.core.responses import error_response_json
    from ministack.services import ecr

    own = ecr._describe_images

    def describe(request: dict[str, Any]) -> Any:
        name = request["repositoryName"]
        for asked in request.get("imageIds", []):
            if name in ecr._repositories and ecr._find_image(name, asked) is None:
                return error_response_json("ImageNotFoundException", f"no image {asked}", 400)
        return own(request)

    ecr._describe_images = describe


def _read_variables(project: dict[str, Any]) -> dict[str, str]:
    given = project["environment"]["environmentVariables"]
    return {each["name"]: each["value"] for each in given}


def _run_build(
    launch: Launch,
    containers: Containers,
    project: dict[str, Any],
    build: dict[str, Any],
    variables: dict[str, str],
) -> bool:
    from botocore.session import get_session

    place = Path(launch.folder) / "builds" / build["id"].replace(":", "-")
    place.mkdir(parents=True)
    bucket, _, key = project["source"]["location"].partition("/")
    s3: Any = get_session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=launch.aws["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's
    )
    version = build.get("sourceVersion")
    fetched = s3.get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
    (place / "source.zip").write_bytes(fetched["Body"].read())
    builds.unpack_archive(place / "source.zip", place / "source")
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        **containers.environ,
        **launch.aws,
        "BUILDER": str(containers.builder),
        "BASE_IMAGE": BASE,
        **variables,
    }
    return builds.run_build(place / "source", environ, place / "log")


def _shorten_ticks() -> None:
    from ministack.services import scheduler

    scheduler._SCHEDULE_TICK_INTERVAL = TICK_S


if __name__ == "__main__":
    main()
