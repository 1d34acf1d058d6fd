"""Structured logs, metrics and traces of requests.

Logs carry the request's id, never the caller's text: of an error only its code, or its type and
location, because messages may quote. Metrics use the embedded metric format, namespace `Mixer`,
with the deployment as a dimension. Subsegments exist only where Lambda traces.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from mixer.errors import locate_error

NAMESPACE = "Mixer"
DEPLOYMENT_VARIABLE = "DEPLOYMENT_NAME"
"""Distinguishes two copies of the service in one account."""

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
    """Log an answered request."""
    logger.info("request", extra={"request_id": request_id, **fields})


def log_unexpected_error(request_id: str, error: BaseException) -> None:
    """Log the type and location of an unexpected error, without its message."""
    about = {"request_id": request_id, "type": type(error).__qualname__}
    logger.error("unforeseen", extra={**about, "where": locate_error(error)})


def emit_metrics(service: str, values: Mapping[str, float]) -> None:
    """Write metrics, named as in UNITS, to standard output for Lambda's log."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    metrics.add_dimension(name="deployment", value=os.environ.get(DEPLOYMENT_VARIABLE) or "local")
    for name, value in values.items():
        metrics.add_metric(name=name, unit=UNITS[name], value=value)
    metrics.flush_metrics()


@contextmanager
def trace_subsegment(name: str) -> Iterator[None]:
    """Trace a block as a subsegment, if Lambda traces."""
    if TRACE_VARIABLE not in os.environ or "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        yield
        return
    from aws_lambda_powertools import Tracer

    with Tracer(service="mixer", auto_patch=False).provider.in_subsegment(name=name):
        yield
