"""What a clean-up did, as values that print as JSON.

A report holds counts, never the items: it fits into one log line however large a bucket is. Of
the items that failed the first few are named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mixer.retention.apply import DeletionResult, Outcome
from mixer.retention.plan import Item, ItemTally, Reason, RetentionPlan
from mixer.retention.policy import Refusal

NAMED_FAILURES = 20
"""How many failed items a report names; the count is always whole."""

GIB = 2**30

USD_PER_GIB_MONTH = {"object": 0.023, "upload": 0.0, "folder": 0.0, "image": 0.10}
"""S3 Standard, first 50 TB, and ECR private storage, us-east-1, 2026. Uploads: size unknown."""


class Mode(StrEnum):
    """Whether a run only tells or also does."""

    DRY_RUN = "dry-run"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class CleanupFailure:
    """An item that was to go and did not."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What became of one bucket or repository.

    Attributes:
        target: `s3://bucket` or `ecr://repository`.
        kept: what the plan keeps, by reason.
        to_delete: what the plan deletes, by reason.
        deleted: what was deleted, by reason; empty in a dry run.
        saved_usd_month: what a month of storing costs less; in a dry run, would cost less.
        spared: items that changed between listing and deleting.
        left: items for which no time was left.
        failed: items that could not be deleted.
        failures: the first few of them.
        stopped: why the plan must not be carried out (the ceiling), or empty.
        refused: what is wrong with the target, or empty.
        trouble: why the target could not be planned, or empty.
        unfinished: whether time ran out before a plan was made.
        warnings: what was protected because it could not be judged.
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
        """Whether somebody should look at it; running out of time alone is no reason."""
        return bool(self.failed or self.refused or self.trouble or self.warnings)

    def to_json(self) -> Mapping[str, object]:
        """JSON values, without what is empty."""
        told: dict[str, object] = {
            "target": self.target,
            "kept": _tallies_to_json(self.kept),
            "doomed": _tallies_to_json(self.to_delete),
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
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a whole run did.

    Attributes:
        mode: whether it deleted.
        started: in UTC.
        targets: one for each that was named, refused ones first.
    """

    mode: Mode
    started: datetime
    targets: Sequence[TargetReport]

    @property
    def stopped(self) -> bool:
        """Whether a ceiling held a run back that would have deleted."""
        return self.mode is Mode.DELETE and any(target.stopped for target in self.targets)

    @property
    def failed(self) -> bool:
        """Whether somebody should look at it."""
        return self.stopped or any(target.has_problems for target in self.targets)

    @property
    def unfinished(self) -> bool:
        """Whether the next run has something left to do."""
        return any(target.left or target.unfinished for target in self.targets)

    @property
    def saved_usd_month(self) -> float:
        """What a month of storing costs less."""
        return sum(target.saved_usd_month for target in self.targets)

    def to_json(self) -> Mapping[str, object]:
        """JSON values."""
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
    """Of a target that is not cleaned."""
    return TargetReport(refusal.target, refused=refusal.why)


def report_plan(plan: RetentionPlan[Item]) -> TargetReport:
    """Of a plan that was not carried out."""
    tallies = plan.tallies()
    doomed = {reason: tally for reason, tally in tallies.items() if reason.deletes}
    return TargetReport(
        target=plan.target,
        kept={reason: tally for reason, tally in tallies.items() if not reason.deletes},
        to_delete=doomed,
        saved_usd_month=sum(_usd_month(verdict.item) for verdict in plan.deletions),
        stopped=plan.stopped,
        warnings=plan.warnings,
    )


def report_results(plan: RetentionPlan[Item], results: Iterable[DeletionResult]) -> TargetReport:
    """Of a plan as it was carried out; consumes the deeds as they happen."""
    planned = report_plan(plan)
    fates = dict.fromkeys(Outcome, 0)
    deleted: dict[Reason, ItemTally] = {}
    failures: list[CleanupFailure] = []
    saved_usd_month = 0.0
    for done in results:
        fates[done.outcome] += 1
        item, reason = done.verdict.item, done.verdict.reason
        if done.outcome is Outcome.DELETED:
            deleted[reason] = deleted.get(reason, ItemTally()).add_item(item)
            saved_usd_month += _usd_month(item)
        elif done.outcome is Outcome.FAILED and len(failures) < NAMED_FAILURES:
            failures.append(CleanupFailure(item.kind, item.name, done.why))
    return TargetReport(
        target=plan.target,
        kept=planned.kept,
        to_delete=planned.to_delete,
        deleted=deleted,
        saved_usd_month=saved_usd_month,
        spared=fates[Outcome.SPARED],
        left=fates[Outcome.LEFT],
        failed=fates[Outcome.FAILED],
        failures=tuple(failures),
        warnings=plan.warnings,
    )


def _usd_month(item: Item) -> float:
    """What keeping an item for a month costs; shared layers of images are counted each time."""
    return item.size_bytes / GIB * USD_PER_GIB_MONTH[item.kind]
