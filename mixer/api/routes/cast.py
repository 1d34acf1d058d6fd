"""The route POST /cast: who says what in a book, and the book with a voice for each."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from mixer import services
from mixer.api.operations import describe_route
from mixer.api.responses import json_response
from mixer.api.routes.speech import (
    SpeechServices,
    fetch_source,
    require_one_text,
    validate_source_key,
)
from mixer.api.routing import Api
from mixer.api.schemas import CastAnswer, CastBody
from mixer.errors import BadOption, OutOfTime, TextTooLong, UnreadableText
from mixer.script import readers, speakers

if TYPE_CHECKING:
    from mixer.services import SpeakerModel

NAME = "The book"
MAX_DIGITS = 7


def add_cast_route(
    api: Api,
    load_services: Callable[[], SpeechServices],
    max_text_chars: int,
    open_model: "Callable[[], SpeakerModel | None]" = lambda: None,
) -> None:
    """Add the route; the services are built with the first request."""

    @api.post("/cast", **describe_route("Find who says what in a book", CastAnswer))
    def cast(body: Annotated[CastBody, Body()]) -> Response[str]:
        speech = load_services()
        text = _read_book(body, speech, api.request_context.deadline_s)
        if len(text) > max_text_chars:
            raise TextTooLong(
                f"The book has {len(text):,} characters; the limit is {max_text_chars:,}."
            )
        found = speakers.read_cast(text, NAME)
        listed = speech.for_stories.list_voices(api.request_context.deadline_s)
        book = services.assign_voices(text, found, listed, body.narrator or "", is_plain=False)
        if body.model:
            book = _require_model(open_model()).label(book, api.request_context.deadline_s)
        book = book.correct(_parse_numbers(body.speakers), body.voices)
        answer = {**book.describe(), "marked_text": book.write_marks()}
        return json_response(200, {**answer, "warnings": body.warnings()})


def _require_model(model: "SpeakerModel | None") -> "SpeakerModel":
    if model is None:
        raise BadOption("model: this server has no language model (MODEL_URL).", field="model")
    return model


def _read_book(body: CastBody, speech: SpeechServices, deadline_s: float) -> str:
    require_one_text(body.text, body.source)
    content: str | bytes = body.text or ""
    if body.source is not None:
        stored = fetch_source(speech.for_stories.store, validate_source_key(body.source))
        content = readers.decode_upload(stored)
    text_type = readers.detect_text_type(content, NAME)
    if text_type is readers.TextType.SSML:
        raise UnreadableText(f"{NAME} is SSML, which names its voices itself.")
    if isinstance(content, str) and text_type is readers.TextType.TEXT:
        return content
    check_time = partial(_require_time, deadline_s)
    return readers.read_document(content, text_type, NAME, check_time=check_time).write_markdown()


def _require_time(deadline_s: float) -> None:
    if time.monotonic() > deadline_s:
        raise OutOfTime(f"{NAME} takes too long to read; send it in parts.")


def _parse_numbers(numbered: Mapping[str, str]) -> dict[int, str]:
    for number in numbered:
        if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
            message = f"speakers: “{number[:20]}” is not the number of a quotation."
            raise BadOption(message, field="speakers")
    return {int(number): name for number, name in numbered.items()}
