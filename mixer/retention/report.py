"""What a clean-up did, as values that print as JSON.

A report holds counts, not items: it fits into one log line however large a bucket is. The first
few items that failed are named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from mixer.retention.apply import DeletionResult, Outcome
from mixer.retention.plan import Item, ItemTally, Reason, RetentionPlan, Verdict, tally_reasons
from mixer.retention.policy import Refusal

NAMED_FAILURES = 20
"""How many failed items a report names; the count is always complete."""

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
    """What became of one bucket or repository.

    Attributes:
        target: `s3://bucket` or `ecr://repository`.
        kept: by reason.
        to_delete: what the plan deletes, by reason.
        deleted: by reason; empty in a dry run.
        saved_usd_month: storage cost saved each month; in a dry run, that would be saved.
        spared: items that changed between listing and deleting.
        left: items for which no time was left.
        failed: items that could not be deleted.
        failures: the first few of them.
        stopped: why the plan must not be applied (the limit), or empty.
        refused: what is wrong with the target, or empty.
        trouble: why the target could not be planned, or empty.
        unfinished: time ran out before a plan was made.
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
        """Whether an operator should look at it; running out of time alone is not a reason."""
        return bool(self.failed or self.refused or self.trouble or self.warnings)

    def to_json(self) -> Mapping[str, object]:
        """JSON values, without what is empty."""
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
    """What a whole run did.

    Attributes:
        started: in UTC.
        targets: one for each target of the policy, refused ones first.
    """

    mode: Mode
    started: datetime
    targets: Sequence[TargetReport]

    @property
    def stopped(self) -> bool:
        """Whether a limit held back a run that would have deleted."""
        return self.mode is Mode.DELETE and any(target.stopped for target in self.targets)

    @property
    def failed(self) -> bool:
        """Whether an operator should look at it."""
        return self.stopped or any(target.has_problems for target in self.targets)

    @property
    def unfinished(self) -> bool:
        """Whether the next run has something left to do."""
        return any(target.left or target.unfinished for target in self.targets)

    @property
    def saved_usd_month(self) -> float:
        """Storage cost saved each month."""
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
    """The report of a target that is not cleaned."""
    return TargetReport(refusal.target, refused=refusal.why)


def report_plan(plan: RetentionPlan[Item]) -> TargetReport:
    """The report of a plan that was not applied."""
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
    """The report of a plan that is applied while its results are read."""
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
    """Storage cost of an item each month; shared layers of images count each time."""
    return item.size_bytes / GIB * USD_PER_GIB_MONTH[item.kind]
