"""The clean-up Lambda, run on a schedule. Handler: `sanitation.handler` (docs/sanitation.md)."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mixer.retention.scheduled_run import answer_schedule

if TYPE_CHECKING:
    from mixer.retention.scheduled_run import CleanupContext


def handler(event: Mapping[str, object], context: "CleanupContext") -> Mapping[str, object]:
    """Clean up once; the answer is the report."""
    return answer_schedule(event, context, os.environ)
