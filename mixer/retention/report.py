"""The report of a clean-up, as values that print as JSON.

It holds counts, so it fits into one log line at any bucket size; only the first failed items are
named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from mixer.retention.apply import DeletionResult, Outcome
from mixer.retention.plan import Item, ItemTally, Reason, RetentionPlan, Verdict, tally_reasons
from mixer.retention.policy import Refusal

NAMED_FAILURES = 20
"""Failed items that a report names; the count is always complete."""

GIB = 2**30

USD_PER_GIB_MONTH = {"object": 0.023, "upload": 0.0, "folder": 0.0, "image": 0.10}
"""S3 Standard, first 50 TB, and ECR private storage, us-east-1, 2026. Uploads: size unknown."""


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
