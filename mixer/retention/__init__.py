"""Clean-up of buckets and repositories: policy -> inventory -> plan -> apply -> report."""

from mixer.retention.aws_account import AwsAccount, describe_error, open_account
from mixer.retention.plan import Item, RetentionPlan
from mixer.retention.policy import Policy
from mixer.retention.policy_document import (
    build_default_policy,
    parse_policy,
    read_environment_policy,
)
from mixer.retention.report import Mode, RunReport, TargetReport
from mixer.retention.run import CleanupContext, CleanupRun, run_cleanup
