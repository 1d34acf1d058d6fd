"""The clean-up Lambda: runs on a schedule, prunes S3 and ECR, and reports what it did.

What it cleans is in the environment (docs/sanitation.md); whether
it deletes or only tells is `SANITATION_MODE`, `dry-run` unless it says `delete`. An event may
carry `mode` and `max_share` for one run. The answer is the report, which is also logged and
counted in metrics. Problems are part of the report and never raised: an alarm looks at the metric
`Failed`, and raising would only make Lambda run the whole again.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.aws_account import CLIENT_CONFIG, AwsAccount, open_account
from mixer.retention.metrics import emit_metrics
from mixer.retention.policy import Policy, Refusal, read_environment_policy
from mixer.retention.report import Mode, RunReport
from mixer.retention.retries import Retrier, describe_error
from mixer.retention.run import clean

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

SUBJECT_CHARS = 100
"""The longest subject of an SNS message (SNS API reference, Publish)."""

logger = Logger(service="sanitation")


class CleanupContext(Protocol):
    """What the clean-up needs of Lambda's context."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the run."""
        ...


def run_cleanup(event: Mapping[str, object], context: CleanupContext) -> Mapping[str, object]:
    """Answer one event of the schedule."""
    session = boto3.Session()
    return sanitize(
        event or {},
        os.environ,
        account=open_account(session, context.invoked_function_arn.split(":")[4]),
        sns=session.client("sns", config=CLIENT_CONFIG),
        now=datetime.now(UTC),
        retrier=Retrier(remaining_s=lambda: context.get_remaining_time_in_millis() / 1000),
    )


def sanitize(
    event: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    account: AwsAccount,
    sns: "SNSClient",
    now: datetime,
    retrier: Retrier,
) -> Mapping[str, object]:
    """Clean up once, with everything that a test may want to replace as a parameter.

    Args:
        event: `mode` and `max_share` go before the environment; all else is ignored.
        environ: SANITATION_*, OUTPUT_BUCKET, DEPLOYMENT_NAME.
        account: where to clean.
        sns: for the message, if SANITATION_TOPIC_ARN names a topic.
        now: the moment from which ages count, in UTC.
        retrier: patience and deadline.
    """
    mode, policy = _read_request(event, environ)
    report = clean(policy, account, now=now, mode=mode, retrier=retrier)
    told = report.to_json()
    logger.info("clean-up", extra={"report": told})
    emit_metrics(report, environ.get("DEPLOYMENT_NAME") or "local")
    _publish_report(report, environ.get("SANITATION_TOPIC_ARN", ""), sns)
    return told


def _read_request(event: Mapping[str, object], environ: Mapping[str, str]) -> tuple[Mode, Policy]:
    """Mode and policy; with a mode that does not exist, nothing is touched."""
    asked = event.get("mode") or environ.get("SANITATION_MODE") or Mode.DRY_RUN
    if asked not in list(Mode):
        why = f"{asked!r} is no mode; use {' or '.join(Mode)}"
        return Mode.DRY_RUN, Policy(refusals=(Refusal("SANITATION_MODE", why),))
    override = {"max_share": event["max_share"]} if "max_share" in event else {}
    return Mode(str(asked)), read_environment_policy(environ, override)


def _publish_report(report: RunReport, topic_arn: str, sns: "SNSClient") -> None:
    """Send the report to a topic; that it could not be sent is only logged."""
    if not topic_arn:
        return
    try:
        sns.publish(
            TopicArn=topic_arn,
            Subject=_format_subject(report)[:SUBJECT_CHARS],
            Message=json.dumps(report.to_json(), indent=2),
        )
    except (ClientError, BotoCoreError) as error:
        logger.exception(
            "message not sent", extra={"why": describe_error(error), "topic": topic_arn}
        )


def _format_subject(report: RunReport) -> str:
    deleted = sum(t.items for one in report.targets for t in one.deleted.values())
    state = "stopped" if report.stopped else "needs a look" if report.failed else "well"
    return f"Mixer clean-up ({report.mode.value}): {state}, {deleted} deleted"
