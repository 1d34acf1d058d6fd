"""The clean-up Lambda, run on a schedule: `sanitation.handler` (docs/sanitation.md)."""

from collections.abc import Mapping

from mixer.retention import CleanupContext, run_cleanup


def handler(event: Mapping[str, object], context: CleanupContext) -> Mapping[str, object]:
    """Clean up once; the answer is the report."""
    return run_cleanup(event, context)
