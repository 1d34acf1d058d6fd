"""The report on a finished mix: figures, rules, and notes on what was done to its recordings."""

from mixer.publish.report.mix_report import (
    Report,
    ReportChapter,
    describe_adjustments,
    format_report,
)

__all__ = [
    "Report",
    "ReportChapter",
    "describe_adjustments",
    "format_report",
]
