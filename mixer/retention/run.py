"""One clean-up run: list, plan and apply, target by target.

Every target is checked before the first deletion, and a failing one does not stop the others.
Repositories come first: they are few, and the images in use were read just before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.apply import DeletionResult
from mixer.retention.aws_account import AwsAccount, Deadline, describe_error
from mixer.retention.bucket_deletion import BucketDeleter
from mixer.retention.bucket_inventory import BucketSource
from mixer.retention.bucket_plan import plan_bucket
from mixer.retention.image_deletion import ImageDeleter
from mixer.retention.image_inventory import RepositorySource
from mixer.retention.image_plan import plan_repository
from mixer.retention.plan import Item, RetentionPlan
from mixer.retention.policy import BucketPolicy, Policy, Refusal, RepositoryPolicy
from mixer.retention.report import (
    Mode,
    RunReport,
    TargetReport,
    report_plan,
    report_refusal,
    report_results,
)

PlanObserver = Callable[[RetentionPlan[Item]], None]
"""Gets each plan before it is applied."""

ApplyPlan = Callable[[], Iterator[DeletionResult]]


@dataclass(frozen=True, slots=True)
class CleanupTarget:
    """A bucket or repository; `check_access` says why it cannot be cleaned, or is empty.

    `plan` returns the plan for a moment, and the function that applies it.
    """

    name: str
    check_access: Callable[[], str]
    plan: Callable[[datetime], tuple[RetentionPlan[Item], ApplyPlan]]


def build_bucket_target(
    account: AwsAccount, policy: BucketPolicy, deadline: Deadline
) -> CleanupTarget:
    """Build the target of a bucket."""
    source = BucketSource(account.s3, account.account_id, policy)

    def plan(now: datetime) -> tuple[RetentionPlan[Item], ApplyPlan]:
        versioning = source.read_versioning()
        plan = plan_bucket(source.read_listing(now, versioning), policy, now)
        deleter = BucketDeleter(account.s3, policy.bucket, account.account_id, versioning, deadline)
        return plan, partial(deleter.apply, plan)

    return CleanupTarget(policy.name, source.check_access, plan)


def build_repository_target(account: AwsAccount, policy: RepositoryPolicy) -> CleanupTarget:
    """Build the target of a repository."""
    source = RepositorySource(account, policy)

    def plan(now: datetime) -> tuple[RetentionPlan[Item], ApplyPlan]:
        plan = plan_repository(source.read_listing(), policy, now)
        return plan, partial(ImageDeleter(source).apply, plan)

    return CleanupTarget(policy.name, source.check_access, plan)


@dataclass(frozen=True, slots=True)
class CleanupRun:
    """Settings of a run; ages count from `now`, in UTC."""

    account: AwsAccount
    now: datetime
    mode: Mode
    deadline: Deadline = field(default_factory=Deadline)
    observe_plan: PlanObserver = lambda _plan: None

    def clean(self, policy: Policy) -> RunReport:
        """Clean every target of a policy; refused ones are only reported."""
        refused = [report_refusal(refusal) for refusal in policy.refusals]
        targets = [
            *(build_repository_target(self.account, rules) for rules in policy.repositories),
            *(build_bucket_target(self.account, rules, self.deadline) for rules in policy.buckets),
        ]
        with self.account.enforce(self.deadline):
            checked = [(target, self._check_target(target)) for target in targets]
            refused += [report for _, report in checked if report]
            cleaned = [self._clean_target(target) for target, report in checked if not report]
        return RunReport(self.mode, self.now, [*refused, *cleaned])

    def _check_target(self, target: CleanupTarget) -> TargetReport | None:

        def check() -> TargetReport | None:
            why = target.check_access()
            return report_refusal(Refusal(target.name, why)) if why else None

        return _catch_service_errors(target.name, check)

    def _clean_target(self, target: CleanupTarget) -> TargetReport:

        def clean() -> TargetReport:
            plan, apply = target.plan(self.now)
            self.observe_plan(plan)
            planned = report_plan(plan)
            if self.mode is Mode.DRY_RUN:
                return planned
            if planned.stopped:
                return replace(planned, saved_usd_month=0.0)
            return report_results(plan, apply())

        return _catch_service_errors(target.name, clean)


Report = TypeVar("Report")


def _catch_service_errors(name: str, work: Callable[[], Report]) -> Report | TargetReport:
    """Turn service errors into a report, so that the other targets are still cleaned."""
    try:
        return work()
    except OutOfTime:
        return TargetReport(name, unfinished=True)
    except (ClientError, BotoCoreError) as error:
        return TargetReport(name, trouble=describe_error(error))
