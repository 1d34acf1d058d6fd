"""One round of cleaning: all targets, one after the other, each gathered, decided, carried out.

Before the first deletion every target is checked, so that what is refused is refused at start. A
target that fails does not stop the others. Repositories come first: they are few, and what
functions run was asked just before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.apply import DeletionResult
from mixer.retention.aws_account import AwsAccount
from mixer.retention.bucket_deletion import BucketDeleter
from mixer.retention.buckets import BucketSource
from mixer.retention.image_deletion import ImageDeleter
from mixer.retention.images import RepositorySource
from mixer.retention.inventory import Uses
from mixer.retention.lambda_images import read_uses
from mixer.retention.plan import Item, RetentionPlan
from mixer.retention.planner import plan_bucket, plan_repository
from mixer.retention.policy import BucketPolicy, Policy, Refusal, RepositoryPolicy
from mixer.retention.report import (
    Mode,
    RunReport,
    TargetReport,
    report_plan,
    report_refusal,
    report_results,
)
from mixer.retention.retries import Retrier, describe_error

PlanObserver = Callable[[RetentionPlan[Item]], None]
"""Is shown each plan before it is carried out."""

ApplyPlan = Callable[[], Iterator[DeletionResult]]
"""Carries out a plan, telling of each item as it goes."""


@dataclass(frozen=True, slots=True)
class CleanupTarget:
    """A bucket or a repository, to a round.

    Attributes:
        name: as reports call it.
        check_access: asks why it cannot be cleaned; an empty answer means that it can.
        plan: what would go at a given moment, and the deed that carries out exactly this.
    """

    name: str
    check_access: Callable[[], str]
    plan: Callable[[datetime], tuple[RetentionPlan[Item], ApplyPlan]]


def build_bucket_target(
    account: AwsAccount, policy: BucketPolicy, retrier: Retrier
) -> CleanupTarget:
    """A bucket to clean."""
    source = BucketSource(account.s3, account.account_id, policy, retrier)

    def plan(now: datetime) -> tuple[RetentionPlan[Item], ApplyPlan]:
        versioning = source.read_versioning()
        plan = plan_bucket(source.read_listing(now, versioning), policy, now)
        eraser = BucketDeleter(account.s3, policy.bucket, account.account_id, versioning, retrier)
        return plan, lambda: eraser.apply(plan)

    return CleanupTarget(policy.name, source.check_access, plan)


def build_repository_target(
    account: AwsAccount, policy: RepositoryPolicy, retrier: Retrier
) -> CleanupTarget:
    """A repository to clean."""

    def uses() -> Uses:
        return read_uses(account.functions, retrier)

    source = RepositorySource(account.ecr, account.account_id, policy, uses, retrier)

    def plan(now: datetime) -> tuple[RetentionPlan[Item], ApplyPlan]:
        plan = plan_repository(source.read_listing(), policy, now)
        return plan, lambda: ImageDeleter(source).apply(plan)

    return CleanupTarget(policy.name, source.check_access, plan)


def clean(
    policy: Policy,
    account: AwsAccount,
    *,
    now: datetime,
    mode: Mode,
    retrier: Retrier,
    observe_plan: PlanObserver = lambda _plan: None,
) -> RunReport:
    """Clean everything that a policy names.

    Args:
        policy: the targets; refused ones are only reported.
        account: where they are.
        now: the moment from which ages count, in UTC.
        mode: whether to delete or only to tell.
        retrier: patience and deadline.
        observe_plan: is shown each plan as soon as it stands.
    """
    targets = [
        *(build_repository_target(account, rules, retrier) for rules in policy.repositories),
        *(build_bucket_target(account, rules, retrier) for rules in policy.buckets),
    ]
    checked = [
        (target, _catch_service_errors(target.name, lambda t=target: _check_target(t)))  # type: ignore[misc]
        for target in targets
    ]
    reports = [
        *(report_refusal(refusal) for refusal in policy.refusals),
        *(report for _, report in checked if report),
        *(
            _clean_target(target, now, mode, observe_plan)
            for target, report in checked
            if not report
        ),
    ]
    return RunReport(mode, now, reports)


def _check_target(target: CleanupTarget) -> TargetReport | None:
    """A report of a target that cannot be cleaned."""
    why = target.check_access()
    return report_refusal(Refusal(target.name, why)) if why else None


def _clean_target(
    target: CleanupTarget, now: datetime, mode: Mode, observe_plan: PlanObserver
) -> TargetReport:
    """Gather, decide, show, carry out."""

    def work() -> TargetReport:
        plan, deed = target.plan(now)
        observe_plan(plan)
        planned = report_plan(plan)
        if mode is Mode.DRY_RUN:
            return planned
        if planned.stopped:
            return replace(planned, saved_usd_month=0.0)
        return report_results(plan, deed())

    return _catch_service_errors(target.name, work)


Report = TypeVar("Report")


def _catch_service_errors(name: str, work: Callable[[], Report]) -> Report | TargetReport:
    """Turn what a service refuses into a report, so that the other targets are still cleaned."""
    try:
        return work()
    except OutOfTime:
        return TargetReport(name, unfinished=True)
    except (ClientError, BotoCoreError) as error:
        return TargetReport(name, trouble=describe_error(error))
