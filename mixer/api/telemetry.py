"""What is known of a request afterwards: structured logs, metrics, traces.

Logs carry the request's id, never the caller's text: of an error they hold its code, or its type
and where it came up, because messages may quote. Metrics go to the log in embedded metric format,
namespace `Mixer`, for each deployment by itself (DEPLOYMENT_NAME). Traces are cut into subsegments
only where Lambda traces.
"""

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Mixer"
DEPLOYMENT_VARIABLE = "DEPLOYMENT_NAME"
"""Tells two copies of the service in one account apart."""

TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
"""Set by the runtime while an invocation is traced."""

UNITS = {
    "CharactersBilled": MetricUnit.Count,
    "CostUsd": MetricUnit.NoUnit,
    "CacheHits": MetricUnit.Count,
    "CacheMisses": MetricUnit.Count,
    "AudioSeconds": MetricUnit.Seconds,
    "RenderSpeed": MetricUnit.NoUnit,
}
"""Every metric. RenderSpeed: seconds of audio mixed in one second."""

logger = Logger(service="mixer", log_record_order=["level", "message", "request_id"])


def log_request(request_id: str, **fields: object) -> None:
    """Note a request that was answered."""
    logger.info("request", extra={"request_id": request_id, **fields})


def log_unexpected_error(request_id: str, error: BaseException) -> None:
    """Note an error that nobody foresaw: where, not with what."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    about = {"request_id": request_id, "type": type(error).__qualname__, "where": where}
    logger.error("unforeseen", extra=about)


def emit_metrics(service: str, values: Mapping[str, float]) -> None:
    """Write metrics to standard output, where Lambda's log takes them up.

    Args:
        service: a dimension, besides the deployment: `speech` or `mix`.
        values: by the names of UNITS.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    metrics.add_dimension(name="deployment", value=os.environ.get(DEPLOYMENT_VARIABLE) or "local")
    for name, value in values.items():
        metrics.add_metric(name=name, unit=UNITS[name], value=value)
    metrics.flush_metrics()


@contextmanager
def trace_subsegment(name: str) -> Iterator[None]:
    """A block as a part of the trace, where there is one."""
    if TRACE_VARIABLE not in os.environ or "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        yield
        return
    from aws_lambda_powertools import Tracer

    with Tracer(service="mixer", auto_patch=False).provider.in_subsegment(name=name):
        yield
