"""One clean-up run, scheduled or not: list, plan and apply, target by target.

Every target is checked before the first deletion, and a failing one does not stop the others.
Versions of functions come first, since they keep images, then repositories: they are few, and the
images in use were read just before.

A scheduled run reports problems and never raises: an alarm watches the metric `Failed`, and an
error would make Lambda run everything again.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.aws_account import (
    AwsAccount,
    Deadline,
    create_sns_client,
    describe_error,
    open_account,
)
from mixer.retention.bucket_deletion import BucketDeleter
from mixer.retention.bucket_inventory import BucketSource
from mixer.retention.bucket_plan import plan_bucket
from mixer.retention.functions import FunctionSource, plan_functions
from mixer.retention.image_plan import plan_repository
from mixer.retention.plan import DeletionResult, Item, RetentionPlan
from mixer.retention.policy import BucketPolicy, FunctionPolicy, Policy, Refusal, RepositoryPolicy
from mixer.retention.policy_document import read_environment_policy
from mixer.retention.report import (
    SERVICE,
    Mode,
    RunReport,
    TargetReport,
    emit_metrics,
    report_plan,
    report_refusal,
    report_results,
)
from mixer.retention.repository import ImageDeleter, RepositorySource

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

SUBJECT_CHARS = 100
"""Limit of an SNS subject (SNS API reference, Publish)."""

logger = Logger(service=SERVICE)

PlanObserver = Callable[[RetentionPlan[Item]], None]
"""Gets each plan before it is applied."""

ApplyPlan = Callable[[], Iterator[DeletionResult]]


@dataclass(frozen=True, slots=True)
class CleanupTarget:
    """A bucket, repository or functions; `check_access` says why it cannot be cleaned, if so.

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
        deleter = BucketDeleter(source, versioning, deadline)
        return plan, partial(deleter.apply, plan)

    return CleanupTarget(policy.name, source.check_access, plan)


def build_repository_target(account: AwsAccount, policy: RepositoryPolicy) -> CleanupTarget:
    """Build the target of a repository."""
    source = RepositorySource(account, policy)

    def plan(now: datetime) -> tuple[RetentionPlan[Item], ApplyPlan]:
        plan = plan_repository(source.read_listing(), policy, now)
        return plan, partial(ImageDeleter(source).apply, plan)

    return CleanupTarget(policy.name, source.check_access, plan)


def build_function_target(account: AwsAccount, policy: FunctionPolicy) -> CleanupTarget:
    """Build the target of functions' versions."""
    source = FunctionSource(account, policy)

    def plan(now: datetime) -> tuple[RetentionPlan[Item], ApplyPlan]:
        plan = plan_functions(source.read_listing(), policy, now)
        return plan, partial(source.apply, plan)

    return CleanupTarget(policy.name, lambda: "", plan)


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
            *(build_function_target(self.account, rules) for rules in policy.functions),
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


class CleanupContext(Protocol):
    """The part of Lambda's context that is used."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the run."""
        ...


def run_cleanup(event: Mapping[str, object], context: CleanupContext) -> Mapping[str, object]:
    """Run one clean-up as event and environment state; return the report."""
    run = ScheduledRun(
        os.environ,
        account=open_account(context.invoked_function_arn.split(":")[4]),
        sns=create_sns_client(),
        now=datetime.now(UTC),
        deadline=Deadline(remaining_s=lambda: context.get_remaining_time_in_millis() / 1000),
    )
    return run.answer(event if isinstance(event, Mapping) else {})


class ScheduledRun:
    """One clean-up, with all its dependencies as parameters."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        account: AwsAccount,
        sns: "SNSClient",
        now: datetime,
        deadline: Deadline,
    ) -> None:
        self._environ = environ
        self._account = account
        self._sns = sns
        self._now = now
        self._deadline = deadline

    def answer(self, event: Mapping[str, object]) -> Mapping[str, object]:
        """Clean up, log, count and send the report.

        The event's `mode` and `max_share` override the environment; other fields are ignored.
        """
        mode, policy = self._read_request(event)
        report = CleanupRun(self._account, self._now, mode, self._deadline).clean(policy)
        content = report.to_json()
        logger.info("clean-up", extra={"report": content})
        emit_metrics(report, self._environ.get("DEPLOYMENT_NAME") or "local")
        self._publish_report(report)
        return content

    def _read_request(self, event: Mapping[str, object]) -> tuple[Mode, Policy]:
        """Read mode and policy; with an unknown mode, nothing is listed or deleted."""
        mode = event.get("mode") or self._environ.get("SANITATION_MODE") or Mode.DRY_RUN
        if mode not in list(Mode):
            why = f"“{mode}” is not a mode; use {' or '.join(Mode)}"
            return Mode.DRY_RUN, Policy(refusals=(Refusal("SANITATION_MODE", why),))
        override = {"max_share": event["max_share"]} if "max_share" in event else {}
        return Mode(str(mode)), read_environment_policy(self._environ, override)

    def _publish_report(self, report: RunReport) -> None:
        """Send the report to the topic, if any; a failure is only logged."""
        topic = self._environ.get("SANITATION_TOPIC_ARN", "")
        if not topic:
            return
        try:
            self._sns.publish(
                TopicArn=topic,
                Subject=_format_subject(report)[:SUBJECT_CHARS],
                Message=json.dumps(report.to_json(), indent=2),
            )
        except (ClientError, BotoCoreError) as error:
            why = describe_error(error)
            logger.exception("message not sent", extra={"why": why, "topic": topic})


def _format_subject(report: RunReport) -> str:
    deleted = sum(t.items for one in report.targets for t in one.deleted.values())
    state = "stopped" if report.stopped else "needs attention" if report.failed else "OK"
    return f"Mixer clean-up ({report.mode.value}): {state}, {deleted} deleted"
