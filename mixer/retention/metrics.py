"""A report as CloudWatch metrics, written to the log in embedded metric format.

Namespace `Mixer`, dimensions `deployment` and `service=sanitation`: what alarms and graphs look at.
Items and bytes by reason carry the dimensions `outcome` and `reason` on top.
"""

from collections.abc import Iterable, Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from mixer.retention.plan import ItemTally, Reason
from mixer.retention.report import RunReport

NAMESPACE = "Mixer"
SERVICE = "sanitation"


def emit_metrics(report: RunReport, deployment: str) -> None:
    """Write a run's metrics to standard output, where Lambda's log takes them up.

    Args:
        report: of the run.
        deployment: tells two copies of the service in one account apart.
    """
    metrics = _create_metrics(deployment)
    for name, value in _flags_and_counts(report).items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.add_metric(name="BytesDeleted", unit=MetricUnit.Bytes, value=_bytes_deleted(report))
    metrics.add_metric(name="SavedUsdPerMonth", unit=MetricUnit.NoUnit, value=_saved_usd(report))
    metrics.flush_metrics()
    for outcome, tallies in tally_by_outcome(report).items():
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


def _bytes_deleted(report: RunReport) -> float:
    return sum(t.size_bytes for one in report.targets for t in one.deleted.values())


def _saved_usd(report: RunReport) -> float:
    """Only what was really deleted."""
    return sum(one.saved_usd_month for one in report.targets if one.deleted)


def tally_by_outcome(report: RunReport) -> Mapping[str, Mapping[Reason, ItemTally]]:
    """Items and bytes by reason over all targets, for `kept`, `doomed` and `deleted`."""
    return {
        "kept": _sum_tallies(one.kept for one in report.targets),
        "doomed": _sum_tallies(one.to_delete for one in report.targets),
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
