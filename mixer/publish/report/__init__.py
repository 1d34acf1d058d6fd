"""The report on a finished mix: figures, rules, and notes on what was done to its recordings."""

from mixer.publish.report.mix_report import (
    DoubtfulPassage,
    Report,
    ReportChapter,
    SpeechCheck,
    describe_adjustments,
    format_report,
)

__all__ = [
    "DoubtfulPassage",
    "Report",
    "ReportChapter",
    "SpeechCheck",
    "describe_adjustments",
    "format_report",
]
