"""The report of a clean-up, as values that print as JSON, and its metrics.

It holds counts, so it fits into one log line at any bucket size; only the first failed items are
named.

Metrics use the embedded metric format: namespace `Mixer`, dimensions `deployment` and
`service=sanitation`. Items and bytes by reason also have the dimensions `outcome` and `reason`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from mixer.retention.plan import (
    DeletionResult,
    Item,
    ItemTally,
    Outcome,
    Reason,
    RetentionPlan,
    Verdict,
    tally_reasons,
)
from mixer.retention.policy import Refusal

NAMED_FAILURES = 20
"""Failed items that a report names; the count is always complete."""

GIB = 2**30

USD_PER_GIB_MONTH = {"object": 0.023, "upload": 0.0, "folder": 0.0, "image": 0.10, "version": 0.0}
"""S3 Standard, first 50 TB, and ECR private storage, us-east-1, 2026. Uploads: size unknown."""

NAMESPACE = "Mixer"
SERVICE = "sanitation"


class Mode(StrEnum):
    """Whether a run deletes or only reports what it would delete."""

    DRY_RUN = "dry-run"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class CleanupFailure:
    """An item that could not be deleted."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class TargetReport:
    """The outcome for one target, `s3://bucket` or `ecr://repository`.

    `spared` items changed after the listing; for `left` items no time was left. `stopped`,
    `refused` and `trouble` say why nothing was deleted (limit, invalid target, failed planning), or
    are empty. `saved_usd_month` is a forecast in a dry run.
    """

    target: str
    kept: Mapping[Reason, ItemTally] = field(default_factory=dict)
    to_delete: Mapping[Reason, ItemTally] = field(default_factory=dict)
    deleted: Mapping[Reason, ItemTally] = field(default_factory=dict)
    saved_usd_month: float = 0.0
    spared: int = 0
    left: int = 0
    failed: int = 0
    failures: tuple[CleanupFailure, ...] = ()
    stopped: str = ""
    refused: str = ""
    trouble: str = ""
    unfinished: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def has_problems(self) -> bool:
        """Whether an operator should check it; running out of time alone does not count."""
        return bool(self.failed or self.refused or self.trouble or self.warnings)

    def to_json(self) -> Mapping[str, object]:
        """Convert to JSON values, without empty fields."""
        fields: dict[str, object] = {
            "target": self.target,
            "kept": _tallies_to_json(self.kept),
            "to_delete": _tallies_to_json(self.to_delete),
            "deleted": _tallies_to_json(self.deleted),
            "saved_usd_month": round(self.saved_usd_month, 4),
            "spared": self.spared,
            "left": self.left,
            "failed": self.failed,
            "failures": [{"kind": f.kind, "name": f.name, "why": f.why} for f in self.failures],
            "stopped": self.stopped,
            "refused": self.refused,
            "trouble": self.trouble,
            "unfinished": self.unfinished,
            "warnings": list(self.warnings),
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class RunReport:
    """The outcome of a run, with refused targets first; `started` is in UTC."""

    mode: Mode
    started: datetime
    targets: Sequence[TargetReport]

    @property
    def stopped(self) -> bool:
        """Whether a limit held back a run that would have deleted."""
        return self.mode is Mode.DELETE and any(target.stopped for target in self.targets)

    @property
    def failed(self) -> bool:
        """Whether an operator should check it."""
        return self.stopped or any(target.has_problems for target in self.targets)

    @property
    def unfinished(self) -> bool:
        """Whether work is left for the next run."""
        return any(target.left or target.unfinished for target in self.targets)

    @property
    def saved_usd_month(self) -> float:
        """Storage cost saved each month."""
        return sum(target.saved_usd_month for target in self.targets)

    def to_json(self) -> Mapping[str, object]:
        """Convert to JSON values."""
        return {
            "mode": self.mode.value,
            "started": self.started.isoformat(),
            "failed": self.failed,
            "stopped": self.stopped,
            "unfinished": self.unfinished,
            "saved_usd_month": round(self.saved_usd_month, 4),
            "targets": [target.to_json() for target in self.targets],
        }


def _tallies_to_json(tallies: Mapping[Reason, ItemTally]) -> Mapping[str, Mapping[str, int]]:
    return {
        reason.value: {"items": tally.items, "bytes": tally.size_bytes}
        for reason, tally in tallies.items()
    }


def report_refusal(refusal: Refusal) -> TargetReport:
    """Report a target that is not cleaned."""
    return TargetReport(refusal.target, refused=refusal.why)


def report_plan(plan: RetentionPlan[Item]) -> TargetReport:
    """Report a plan that was not applied."""
    tallies = plan.tallies()
    return TargetReport(
        target=plan.target,
        kept={reason: tally for reason, tally in tallies.items() if not reason.deletes},
        to_delete={reason: tally for reason, tally in tallies.items() if reason.deletes},
        saved_usd_month=sum(_usd_month(verdict.item) for verdict in plan.deletions),
        stopped=plan.stopped,
        warnings=plan.warnings,
    )


def report_results(plan: RetentionPlan[Item], results: Iterable[DeletionResult]) -> TargetReport:
    """Report a plan while its results are read."""
    counts = dict.fromkeys(Outcome, 0)
    deleted: list[Verdict[Item]] = []
    failures: list[CleanupFailure] = []
    for result in results:
        counts[result.outcome] += 1
        item = result.verdict.item
        if result.outcome is Outcome.DELETED:
            deleted.append(result.verdict)
        elif result.outcome is Outcome.FAILED and len(failures) < NAMED_FAILURES:
            failures.append(CleanupFailure(item.kind, item.name, result.why))
    return replace(
        report_plan(plan),
        stopped="",
        deleted=tally_reasons(deleted),
        saved_usd_month=sum(_usd_month(verdict.item) for verdict in deleted),
        spared=counts[Outcome.SPARED],
        left=counts[Outcome.LEFT],
        failed=counts[Outcome.FAILED],
        failures=tuple(failures),
    )


def _usd_month(item: Item) -> float:
    """Storage cost of an item per month; shared layers of images count each time."""
    return item.size_bytes / GIB * USD_PER_GIB_MONTH[item.kind]


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
