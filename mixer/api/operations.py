"""What OpenAPI says of a route: its summary, and its responses by status."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from pydantic import BaseModel

from mixer.api.events import JSON_TYPE
from mixer.api.schemas import ErrorAnswer

FAILURES = {
    400: "Malformed or impossible input; names the field.",
    401: "Not signed in: the token is missing or not accepted.",
    403: "Not allowed for this caller.",
    404: "A chunk, the music or the story does not exist; names the key.",
    409: "Conflicts with an existing request or state.",
    413: "Too long or too large.",
    422: "No audio in a file; names the key.",
    429: "Limit reached; Retry-After says when to try again.",
    500: "A fault of the server.",
    502: "The speech service failed; names the passages. Finished speech is kept.",
    503: "The store does not answer.",
    504: "Time ran out. Finished work is kept: try again.",
}


def describe_route(
    summary: str,
    body: type[BaseModel],
    *alternatives: type[BaseModel],
    status: int = 200,
    deferred: type[BaseModel] | None = None,
    failure: type[BaseModel] = ErrorAnswer,
) -> dict[str, Any]:
    """Build a route's summary and responses for OpenAPI.

    `alternatives` are other bodies of the successful response; `deferred` is the body of a 202.
    """
    accepted = {202: _describe_response(deferred.__doc__ or "", deferred)} if deferred else {}
    return {
        "summary": summary,
        "responses": {
            status: _describe_response(body.__doc__ or "", body, *alternatives),
            **accepted,
            **describe_failures(failure),
        },
    }


def describe_sound_route(
    summary: str, content_types: Iterable[str], failure: type[BaseModel]
) -> dict[str, Any]:
    """Build the summary and responses of a route that answers with sound of these types."""
    sound = {"schema": {"type": "string", "format": "binary"}}
    content = dict.fromkeys(sorted({*content_types}), sound)
    answer = {"description": "The audio, streamed while it is made.", "content": content}
    return {"summary": summary, "responses": {200: answer, **describe_failures(failure)}}


def describe_failures(
    body: type[BaseModel], failures: Mapping[int, str] = FAILURES
) -> dict[int, Any]:
    """Build the responses for failures by status."""
    return {status: _describe_response(why, body) for status, why in failures.items()}


def _describe_response(description: str, *models: type[BaseModel]) -> dict[str, Any]:
    model = reduce(or_, models)
    return {"description": description, "content": {JSON_TYPE: {"model": model}}}
