"""Clean-up of buckets and repositories: policy -> inventory -> plan -> apply -> report."""

from mixer.retention.aws_account import AwsAccount, Deadline, describe_error, open_account
from mixer.retention.plan import Item, RetentionPlan
from mixer.retention.policy import (
    Policy,
    build_default_document,
    parse_policy,
    read_environment_policy,
    read_policy,
)
from mixer.retention.report import Mode, RunReport, TargetReport
from mixer.retention.run import CleanupRun

__all__ = [
    "AwsAccount",
    "CleanupRun",
    "Deadline",
    "Item",
    "Mode",
    "Policy",
    "RetentionPlan",
    "RunReport",
    "TargetReport",
    "build_default_document",
    "describe_error",
    "open_account",
    "parse_policy",
    "read_environment_policy",
    "read_policy",
]
