"""The image of the commit that is checked out: built in the cloud, once.

The committed files go as an archive into the artifact bucket, and the build project does the rest
(buildspec.yml). No Docker is needed here. A commit whose image is in the repository already is not
built again.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from delivery.desk import Desk
from delivery.errors import Stopped

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codebuild.type_defs import BuildTypeDef
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client

SOURCE_KEY = "source.zip"
"""Where the build project looks (IaC/MixerInfraStack.yml)."""


@dataclass(frozen=True, slots=True)
class Builder:
    """What building takes.

    Attributes:
        s3, codebuild, ecr: clients.
        infra: the outputs of the infra stack.
    """

    s3: "S3Client"
    codebuild: "CodeBuildClient"
    ecr: "ECRClient"
    infra: Mapping[str, str]


def committed(root: Path) -> str:
    """The commit that is checked out.

    Raises:
        Stopped: files were changed since, so that no commit says what would be deployed.
    """
    changed = _git(root, "status", "--porcelain", "--untracked-files=no").decode()
    if changed:
        first = changed.splitlines()[0].strip()
        raise Stopped(f"There are changes without a commit ({first}); commit or stash them first.")
    return _git(root, "rev-parse", "HEAD").decode().strip()


def archive(root: Path, commit: str) -> bytes:
    """The files of a commit, as a zip archive."""
    return _git(root, "archive", "--format=zip", commit)


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise Stopped("git is not installed; what is deployed is a commit.") from None
    if done.returncode:
        raise Stopped(f"git says: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def digest_of(ecr: "ECRClient", repository: str, commit: str) -> str | None:
    """The digest of a commit's image; None while there is none."""
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": commit}])
    except ecr.exceptions.ImageNotFoundException:
        return None
    return found["imageDetails"][0]["imageDigest"]


def built(root: Path, commit: str, builder: Builder, desk: Desk) -> str:
    """The digest of a commit's image, which is built first if need be.

    Raises:
        Stopped: the build failed; its log is named.
    """
    repository = builder.infra["RepositoryName"]
    digest = digest_of(builder.ecr, repository, commit)
    if digest:
        desk.say(f"image: {commit[:12]} is there already, {digest[:19]}")
        return digest
    _build(root, commit, builder, desk)
    digest = digest_of(builder.ecr, repository, commit)
    if digest is None:
        raise Stopped(f"The build ended well, but {repository} holds no image tagged {commit}.")
    desk.say(f"image: {commit[:12]} was built, {digest[:19]}")
    return digest


def _build(root: Path, commit: str, builder: Builder, desk: Desk) -> None:
    source = archive(root, commit)
    bucket, project = builder.infra["ArtifactBucketName"], builder.infra["BuildProjectName"]
    desk.say(f"image: building {commit[:12]} ({len(source) / 1e6:.1f} MB of source)")
    put = builder.s3.put_object(Bucket=bucket, Key=SOURCE_KEY, Body=source)
    build = builder.codebuild.start_build(
        projectName=project,
        sourceVersion=put["VersionId"],
        environmentVariablesOverride=[{"name": "COMMIT", "value": commit, "type": "PLAINTEXT"}],
    )["build"]
    desk.say(f"image: its log is at {builder.infra['BuildConsoleUrl']}")
    ended = _ended(builder.codebuild, build["id"], desk)
    if ended["buildStatus"] != "SUCCEEDED":
        raise Stopped(f"The build ended as {ended['buildStatus']}: {_why(ended)}")


def _ended(codebuild: "CodeBuildClient", build_id: str, desk: Desk) -> "BuildTypeDef":
    phase = ""
    for _ in desk.ticks():
        (build,) = codebuild.batch_get_builds(ids=[build_id])["builds"]
        if build.get("currentPhase", "") != phase:
            phase = build.get("currentPhase", "")
            desk.say(f"image: {phase.lower().replace('_', ' ')}")
        if build["buildStatus"] != "IN_PROGRESS":
            break
    return build


def _why(build: "BuildTypeDef") -> str:
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") not in {None, "SUCCEEDED"}:
            told = [each.get("message", "") for each in phase.get("contexts", [])]
            return f"{phase.get('phaseType', 'a phase').lower()} failed. {' '.join(told)}".strip()
    return "its log tells why."
