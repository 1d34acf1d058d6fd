"""The report on a finished mix: figures, rules, and notes on what was done to its recordings."""

from mixer.publish.report.mix_notes import bed_below_speech_lu, bed_outline, describe_adjustments
from mixer.publish.report.report_file import Report, ReportChapter, ReportRule, format_report

__all__ = [
    "Report",
    "ReportChapter",
    "ReportRule",
    "bed_below_speech_lu",
    "bed_outline",
    "describe_adjustments",
    "format_report",
]
