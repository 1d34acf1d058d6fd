"""Response bodies, and the one table from errors to HTTP statuses.

An error's body holds a sentence, a code, the request's id and JSON details. Unexpected errors are
reported as "internal"; the log has more under the request's id.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Response

from mixer import errors
from mixer.api.events import JSON_TYPE
from mixer.errors import MixerError
from mixer.requests import reword_problem

STATUS: Mapping[type[MixerError], int] = {
    errors.TextTooLong: 413,
    errors.ObjectTooLarge: 413,
    errors.UnplayableAudio: 422,
    errors.UnusablePicture: 422,
    errors.UnknownModel: 404,
    errors.BadInput: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.ProjectChanged: 412,
    errors.Conflict: 409,
    errors.StoryCancelled: 409,
    errors.StoryPlanned: 409,
    errors.TooExpensive: 400,
    errors.CapReached: 429,
    errors.NothingSpoken: 422,
    errors.SpeechFailed: 502,
    errors.StoreFailed: 503,
    errors.OutOfTime: 504,
}
"""By the nearest class of the error tree; classes not listed, such as RenderFailed, are a 500."""

INTERNAL = 500

MAX_ANSWER_BYTES = 6_000_000
"""Of an answer that Lambda returns, as JSON (Lambda quotas)."""

MAX_LINKS_BYTES = 4_000_000
"""Of links in one answer; with a role's credentials each is about 2 kB long."""


@dataclass(frozen=True, slots=True)
class OutputLinks:
    """Makes temporary links from keys of objects in the output store."""

    sign: Callable[[str], str]
    lifetime_s: int

    def describe_chunks(self, keys: Sequence[str]) -> dict[str, Any]:
        """Build the fields with a link to each chunk; with none if they exceed an answer."""
        links = [self.sign(key) for key in keys]
        is_long = sum(map(len, links)) > MAX_LINKS_BYTES
        return {"chunk_urls": [] if is_long else links, "expires_s": self.lifetime_s}


def http_status(error: MixerError) -> int:
    """Return the HTTP status of an error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), INTERNAL)


def json_response(
    status: int,
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """Build a JSON response."""
    text = dump_body(body)
    return Response(
        status_code=status, content_type=JSON_TYPE, body=text, headers=dict(headers or {})
    )


def dump_body(body: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Encode a body as JSON."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False)


def error_response(error: MixerError, request_id: str) -> Response[str]:
    """Build the response to an error."""
    body = error_body(str(error), error.code, request_id, error.details)
    retry_after_s = error.details.get("retry_after_s")
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else {}
    return json_response(http_status(error), body, headers)


def lambda_error_response(error: MixerError, request_id: str) -> dict[str, Any]:
    """Build the response to an error that occurs before there is a resolver."""
    body = error_body(str(error), error.code, request_id, error.details)
    headers = {"Content-Type": JSON_TYPE}
    return {"statusCode": http_status(error), "headers": headers, "body": json.dumps(body)}


def limit_answer(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Replace an answer that Lambda would refuse, which the gateway reports without a reason."""
    if len(json.dumps(answer, ensure_ascii=False).encode()) <= MAX_ANSWER_BYTES:
        return answer
    error = errors.ObjectTooLarge("The answer exceeds 6 MB, the most that Lambda returns.")
    return lambda_error_response(error, request_id)


def validation_response(problems: list[dict[str, Any]], request_id: str) -> Response[str]:
    """Build the response to invalid input from the validator's list; inputs are not repeated."""
    named = [
        (field_name(each.get("loc", ())), reword_problem(str(each.get("msg", ""))))
        for each in problems
    ]
    field, message = named[0]
    details = {"field": field, "fields": [{"field": f, "problem": m} for f, m in named[:20]]}
    return json_response(400, error_body(f"{field}: {message}.", "bad_input", request_id, details))


def internal_error_response(request_id: str) -> Response[str]:
    """Build the response to an unexpected error."""
    text = "Internal error; look up the request's id in the log."
    return json_response(INTERNAL, error_body(text, "internal", request_id, {}))


def error_body(
    sentence: str, code: str, request_id: str, details: Mapping[str, object]
) -> dict[str, Any]:
    """Build the body of an error response."""
    json_details = json.loads(json.dumps(dict(details), default=str))
    return {"error": sentence, "code": code, "request_id": request_id, "details": json_details}


UNION_BRANCH = re.compile(
    r"(str|constrained-str|VoiceObject|int|float|bool|(dict|list|literal)\[.*\])"
)
"""The suffix that pydantic adds to the location of a field with several types."""


def field_name(location: tuple[object, ...]) -> str:
    """Format a location in a body: `chunk_keys.3`, or `body` for the whole."""
    inner = [str(part) for part in location if part not in {"body", "query"}]
    inner = [part for part in inner if not UNION_BRANCH.fullmatch(part)]
    return ".".join(inner) or "body"


def round_db(level_db: float | None) -> float | None:
    """Round a level to the measured precision; None for silence."""
    return round(level_db, 2) if level_db is not None and math.isfinite(level_db) else None
