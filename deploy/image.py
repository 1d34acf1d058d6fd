"""The image of the checked-out commit, built in the cloud, once.

An archive of the committed files goes to the artifact bucket, and the build project does the rest
(buildspec.yml). No Docker is needed here. A commit whose image exists is not built again.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import DeploymentError
from deploy.terminal import Terminal

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codebuild.type_defs import BuildTypeDef
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client

SOURCE_KEY = "source.zip"
"""The build project's source (IaC/MixerInfraStack.yml)."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Clients and settings of a build."""

    s3: "S3Client"
    codebuild: "CodeBuildClient"
    ecr: "ECRClient"
    infra: Mapping[str, str]


def read_commit(root: Path) -> str:
    """Read the checked-out commit.

    Raises:
        DeploymentError: there are uncommitted changes.
    """
    changed = _run_git(root, "status", "--porcelain", "--untracked-files=no").decode()
    if changed:
        first = changed.splitlines()[0].strip()
        raise DeploymentError(
            f"There are uncommitted changes ({first}); commit or stash them first."
        )
    return _run_git(root, "rev-parse", "HEAD").decode().strip()


def archive_commit(root: Path, commit: str) -> bytes:
    """Archive the files of a commit as zip."""
    return _run_git(root, "archive", "--format=zip", commit)


def _run_git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise DeploymentError("git is not installed; a deployment needs a commit.") from None
    if done.returncode:
        raise DeploymentError(f"git failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def find_digest(ecr: "ECRClient", repository: str, commit: str) -> str | None:
    """Find the digest of a commit's image; None if it does not exist."""
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": commit}])
    except ecr.exceptions.ImageNotFoundException:
        return None
    return found["imageDetails"][0]["imageDigest"]


def ensure_image(root: Path, commit: str, builder: Builder, terminal: Terminal) -> str:
    """Return the digest of a commit's image, and build it if needed.

    Raises:
        DeploymentError: the build failed; the message names its log.
    """
    repository = builder.infra["RepositoryName"]
    digest = find_digest(builder.ecr, repository, commit)
    if digest:
        terminal.print_line(f"image: {commit[:12]} already exists, {digest[:19]}")
        return digest
    _build_image(root, commit, builder, terminal)
    digest = find_digest(builder.ecr, repository, commit)
    if digest is None:
        raise DeploymentError(
            f"The build succeeded, but {repository} has no image tagged {commit}."
        )
    terminal.print_line(f"image: {commit[:12]} was built, {digest[:19]}")
    return digest


def _build_image(root: Path, commit: str, builder: Builder, terminal: Terminal) -> None:
    source = archive_commit(root, commit)
    bucket, project = builder.infra["ArtifactBucketName"], builder.infra["BuildProjectName"]
    terminal.print_line(f"image: building {commit[:12]} ({len(source) / 1e6:.1f} MB of source)")
    put = builder.s3.put_object(Bucket=bucket, Key=SOURCE_KEY, Body=source)
    build = builder.codebuild.start_build(
        projectName=project,
        sourceVersion=put["VersionId"],
        environmentVariablesOverride=[{"name": "COMMIT", "value": commit, "type": "PLAINTEXT"}],
    )["build"]
    terminal.print_line(f"image: its log is at {builder.infra['BuildConsoleUrl']}")
    ended = _await_build(builder.codebuild, build["id"], terminal)
    if ended["buildStatus"] != "SUCCEEDED":
        raise DeploymentError(
            f"The build ended as {ended['buildStatus']}: {_describe_failure(ended)}"
        )


def _await_build(codebuild: "CodeBuildClient", build_id: str, terminal: Terminal) -> "BuildTypeDef":
    phase = ""
    for _ in terminal.poll():
        (build,) = codebuild.batch_get_builds(ids=[build_id])["builds"]
        if build.get("currentPhase", "") != phase:
            phase = build.get("currentPhase", "")
            terminal.print_line(f"image: {phase.lower().replace('_', ' ')}")
        if build["buildStatus"] != "IN_PROGRESS":
            break
    return build


def _describe_failure(build: "BuildTypeDef") -> str:
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") not in {None, "SUCCEEDED"}:
            messages = [each.get("message", "") for each in phase.get("contexts", [])]
            return (
                f"{phase.get('phaseType', 'a phase').lower()} failed. {' '.join(messages)}".strip()
            )
    return "its log shows the reason."
