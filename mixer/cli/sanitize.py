"""`mixer sanitize`: lists what the clean-up would delete and why; with `--delete`, deletes it."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from mixer.cli.strict import StrictCommand
from mixer.cli.terminal import print_table
from mixer.errors import BadOption, StoreFailed
from mixer.lazy import require_extra

if TYPE_CHECKING:
    from mixer.retention import AwsAccount, Item, Policy, RetentionPlan, RunReport, TargetReport


@click.command(cls=StrictCommand)
@click.option(
    "--dry-run/--delete",
    "dry_run",
    default=True,
    help="List what would be deleted (default), or delete it.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A policy document (JSON).  [default: from environment variables]",
)
@click.option(
    "--bucket",
    "buckets",
    metavar="NAME",
    multiple=True,
    help="Clean Mixer's folders in this bucket; may be repeated.",
)
@click.option(
    "--repository",
    "repositories",
    metavar="NAME",
    multiple=True,
    help="Clean this ECR repository; may be repeated.",
)
@click.option("--age-days", metavar="DAYS", help="Age threshold for all targets.")
@click.option(
    "--max-share",
    metavar="SHARE",
    help="The largest share of a target that may be deleted at once, 0 to 1.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Form of the report.",
)
def sanitize(
    *,
    dry_run: bool,
    policy_file: Path | None,
    buckets: Sequence[str],
    repositories: Sequence[str],
    form: str,
    **limits: str | None,
) -> None:
    """Clean up an AWS account: list old objects and images, or delete them."""
    require_extra("aws", "boto3", "The clean-up of an AWS account")
    from mixer.retention import CleanupRun, Mode

    override = {name: value for name, value in limits.items() if value is not None}
    policy = _load_policy(policy_file, buckets, repositories, override)
    plans: list[RetentionPlan[Item]] = []
    run = CleanupRun(
        _open_account(),
        now=datetime.now(UTC),
        mode=Mode.DRY_RUN if dry_run else Mode.DELETE,
        observe_plan=plans.append,
    )
    report = run.clean(policy)
    (_print_json if form == "json" else _print_table)(report, plans)
    if report.failed:
        raise StoreFailed("some deletions failed; see the report above")


def _load_policy(
    policy_file: Path | None,
    buckets: Sequence[str],
    repositories: Sequence[str],
    override: Mapping[str, object],
) -> "Policy":
    from mixer.retention import build_default_policy, parse_policy, read_environment_policy

    if policy_file and (buckets or repositories):
        raise BadOption("--policy cannot be combined with --bucket or --repository")
    if policy_file:
        return parse_policy(_read_policy_file(policy_file), override=override)
    if buckets or repositories:
        return build_default_policy(buckets, repositories, override)
    return read_environment_policy(os.environ, override)


def _read_policy_file(policy_file: Path) -> str:
    try:
        return policy_file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadOption(f"--policy: {policy_file} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise BadOption(f"--policy: {policy_file} cannot be read: {error.strerror}") from error


def _open_account() -> "AwsAccount":
    """Open the account of the default credentials."""
    from botocore.exceptions import BotoCoreError, ClientError

    from mixer.retention import describe_error, open_account

    try:
        return open_account()
    except (BotoCoreError, ClientError) as error:
        raise StoreFailed(
            f"AWS access failed: {describe_error(error)}; set region and credentials with "
            "`aws configure`, or with AWS_DEFAULT_REGION and AWS_PROFILE."
        ) from error


def _print_json(report: "RunReport", plans: "Sequence[RetentionPlan[Item]]") -> None:
    items = {plan.target: [verdict.row() for verdict in plan.verdicts] for plan in plans}
    click.echo(json.dumps({**report.to_json(), "plans": items}, indent=2))


def _print_table(report: "RunReport", plans: "Sequence[RetentionPlan[Item]]") -> None:
    for plan in plans:
        print_table(_build_items_table(plan))
    console = Console(markup=False)
    for target in report.targets:
        console.print(*_format_outcome(target), sep="\n", style=None, highlight=False)
    verb = "would save" if report.mode == "dry-run" else "saves"
    console.print(f"{verb} ${report.saved_usd_month:.2f} a month")


def _build_items_table(plan: "RetentionPlan[Item]") -> Table:
    table = Table(title=plan.target, title_justify="left")
    table.add_column("action")
    table.add_column("bytes", justify="right")
    table.add_column("reason")
    table.add_column("name", overflow="fold")
    for verdict in plan.verdicts:
        row = verdict.row()
        table.add_row(*(str(row[cell]) for cell in ("action", "size_bytes", "reason", "name")))
    return table


def _format_outcome(target: "TargetReport") -> list[str]:
    """Format a target's outcome in sentences."""
    to_delete = sum(tally.items for tally in target.to_delete.values())
    kept = sum(tally.items for tally in target.kept.values())
    deleted = sum(tally.items for tally in target.deleted.values())
    counts = f"{target.target}: {to_delete} to delete, {kept} stay, {deleted} deleted"
    troubles = [target.refused, target.trouble, target.stopped, *target.warnings]
    failures = [f"failed: {failure.name} ({failure.why})" for failure in target.failures]
    return [counts, *(f"  {sentence}" for sentence in [*troubles, *failures] if sentence)]
