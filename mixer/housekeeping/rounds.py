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
from mixer.housekeeping.account import Account
from mixer.housekeeping.buckets import BucketSource
from mixer.housekeeping.carrying_out import Done
from mixer.housekeeping.erasing import BucketEraser
from mixer.housekeeping.functions import read_uses
from mixer.housekeeping.images import RepositorySource
from mixer.housekeeping.listing import Uses
from mixer.housekeeping.pace import Pace, said
from mixer.housekeeping.plan import Item, Plan
from mixer.housekeeping.policy import BucketPolicy, Policy, Refusal, RepositoryPolicy
from mixer.housekeeping.removing import ImageRemover
from mixer.housekeeping.report import (
    Mode,
    RunReport,
    TargetReport,
    report_deeds,
    report_plan,
    report_refusal,
)
from mixer.housekeeping.retention import plan_bucket, plan_repository

Watcher = Callable[[Plan[Item]], None]
"""Is shown each plan before it is carried out."""

Deed = Callable[[], Iterator[Done]]
"""Carries out a plan, telling of each item as it goes."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bucket or a repository, to a round.

    Attributes:
        name: as reports call it.
        refusal: asks why it cannot be cleaned; an empty answer means that it can.
        plan: what would go at a given moment, and the deed that carries out exactly this.
    """

    name: str
    refusal: Callable[[], str]
    plan: Callable[[datetime], tuple[Plan[Item], Deed]]


def bucket_target(account: Account, policy: BucketPolicy, pace: Pace) -> Target:
    """A bucket to clean."""
    source = BucketSource(account.s3, account.identity, policy, pace)

    def plan(now: datetime) -> tuple[Plan[Item], Deed]:
        versioning = source.versioning()
        plan = plan_bucket(source.gather(now, versioning), policy, now)
        eraser = BucketEraser(account.s3, policy.bucket, account.identity, versioning, pace)
        return plan, lambda: eraser.apply(plan)

    return Target(policy.name, source.refusal, plan)


def repository_target(account: Account, policy: RepositoryPolicy, pace: Pace) -> Target:
    """A repository to clean."""

    def uses() -> Uses:
        return read_uses(account.functions, pace)

    source = RepositorySource(account.ecr, account.identity, policy, uses, pace)

    def plan(now: datetime) -> tuple[Plan[Item], Deed]:
        plan = plan_repository(source.gather(), policy, now)
        return plan, lambda: ImageRemover(source).apply(plan)

    return Target(policy.name, source.refusal, plan)


def clean(
    policy: Policy,
    account: Account,
    *,
    now: datetime,
    mode: Mode,
    pace: Pace,
    watch: Watcher = lambda _plan: None,
) -> RunReport:
    """Clean everything that a policy names.

    Args:
        policy: the targets; refused ones are only reported.
        account: where they are.
        now: the moment from which ages count, in UTC.
        mode: whether to delete or only to tell.
        pace: patience and deadline.
        watch: is shown each plan as soon as it stands.
    """
    targets = [
        *(repository_target(account, rules, pace) for rules in policy.repositories),
        *(bucket_target(account, rules, pace) for rules in policy.buckets),
    ]
    checked = [(target, _guarded(target.name, lambda t=target: _check(t))) for target in targets]  # type: ignore[misc]
    reports = [
        *(report_refusal(refusal) for refusal in policy.refusals),
        *(report for _, report in checked if report),
        *(_clean_target(target, now, mode, watch) for target, report in checked if not report),
    ]
    return RunReport(mode, now, reports)


def _check(target: Target) -> TargetReport | None:
    """A report of a target that cannot be cleaned."""
    why = target.refusal()
    return report_refusal(Refusal(target.name, why)) if why else None


def _clean_target(target: Target, now: datetime, mode: Mode, watch: Watcher) -> TargetReport:
    """Gather, decide, show, carry out."""

    def work() -> TargetReport:
        plan, deed = target.plan(now)
        watch(plan)
        planned = report_plan(plan)
        if mode is Mode.DRY_RUN:
            return planned
        if planned.stopped:
            return replace(planned, saved_usd_month=0.0)
        return report_deeds(plan, deed())

    return _guarded(target.name, work)


Report = TypeVar("Report")


def _guarded(name: str, work: Callable[[], Report]) -> Report | TargetReport:
    """Turn what a service refuses into a report, so that the other targets are still cleaned."""
    try:
        return work()
    except OutOfTime:
        return TargetReport(name, unfinished=True)
    except (ClientError, BotoCoreError) as error:
        return TargetReport(name, trouble=said(error))
