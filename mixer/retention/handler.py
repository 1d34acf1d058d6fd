"""The scheduled clean-up: an event and the environment in; report, log, metrics, message out.

Problems are reported, never raised: an alarm watches the metric `Failed`, and an error would make
Lambda run everything again.

Metrics use the embedded metric format: namespace `Mixer`, dimensions `deployment` and
`service=sanitation`. Items and bytes by reason also have the dimensions `outcome` and `reason`.
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.aws_account import (
    AwsAccount,
    Deadline,
    create_sns_client,
    describe_error,
    open_account,
)
from mixer.retention.plan import ItemTally, Reason
from mixer.retention.policy import Policy, Refusal, read_environment_policy
from mixer.retention.report import Mode, RunReport
from mixer.retention.run import CleanupRun

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

NAMESPACE = "Mixer"
SERVICE = "sanitation"

SUBJECT_CHARS = 100
"""Limit of an SNS subject (SNS API reference, Publish)."""

logger = Logger(service=SERVICE)


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
    return run.answer(event or {})


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
            why = f"{mode!r} is not a mode; use {' or '.join(Mode)}"
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


def emit_metrics(report: RunReport, deployment: str) -> None:
    """Write a run's metrics to standard output for Lambda's log."""
    metrics = _create_metrics(deployment)
    for name, value in _flags_and_counts(report).items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    bytes_deleted = sum(t.size_bytes for one in report.targets for t in one.deleted.values())
    saved_usd_month = sum(one.saved_usd_month for one in report.targets if one.deleted)
    metrics.add_metric(name="BytesDeleted", unit=MetricUnit.Bytes, value=bytes_deleted)
    metrics.add_metric(name="SavedUsdPerMonth", unit=MetricUnit.NoUnit, value=saved_usd_month)
    metrics.flush_metrics()
    for outcome, tallies in _tally_by_outcome(report).items():
        for reason, tally in tallies.items():
            _emit_reason(_create_metrics(deployment), outcome, reason, tally)


def _flags_and_counts(report: RunReport) -> Mapping[str, float]:
    return {
        "Failed": float(report.failed),
        "Stopped": float(report.stopped),
        "Unfinished": float(report.unfinished),
        "ItemsDeleted": sum(t.items for one in report.targets for t in one.deleted.values()),
        "ItemsKept": sum(t.items for one in report.targets for t in one.kept.values()),
        "ItemsFailed": sum(one.failed for one in report.targets),
        "TargetsRefused": sum(bool(one.refused) for one in report.targets),
    }


def _tally_by_outcome(report: RunReport) -> Mapping[str, Mapping[Reason, ItemTally]]:
    """Tally items and bytes by reason over all targets, for `kept`, `to_delete` and `deleted`."""
    return {
        "kept": _sum_tallies(one.kept for one in report.targets),
        "to_delete": _sum_tallies(one.to_delete for one in report.targets),
        "deleted": _sum_tallies(one.deleted for one in report.targets),
    }


def _sum_tallies(parts: Iterable[Mapping[Reason, ItemTally]]) -> Mapping[Reason, ItemTally]:
    total: dict[Reason, ItemTally] = {}
    for part in parts:
        for reason, tally in part.items():
            so_far = total.get(reason, ItemTally())
            total[reason] = ItemTally(
                so_far.items + tally.items, so_far.size_bytes + tally.size_bytes
            )
    return total


def _create_metrics(deployment: str) -> EphemeralMetrics:
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    metrics.add_dimension(name="deployment", value=deployment)
    return metrics


def _emit_reason(metrics: EphemeralMetrics, outcome: str, reason: Reason, tally: ItemTally) -> None:
    metrics.add_dimension(name="outcome", value=outcome)
    metrics.add_dimension(name="reason", value=reason.name.lower())
    metrics.add_metric(name="Items", unit=MetricUnit.Count, value=tally.items)
    metrics.add_metric(name="Bytes", unit=MetricUnit.Bytes, value=tally.size_bytes)
    metrics.flush_metrics()
