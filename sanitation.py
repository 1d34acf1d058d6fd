"""The clean-up Lambda: `sanitation.handler`."""

from collections.abc import Mapping

from mixer.retention.handler import CleanupContext, run_cleanup


def handler(event: Mapping[str, object], context: CleanupContext) -> Mapping[str, object]:
    """Clean up once."""
    return run_cleanup(event, context)
