"""The routes of stories: POST /stories, GET /stories, GET and DELETE /stories/{story_id}."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from mixer.errors import BadInput, TextTooLong, UnreadableText
from mixer.http.answers import answer, rounded_db
from mixer.http.docs import described
from mixer.http.later import StoryAccepted, accepted
from mixer.http.routing import Api
from mixer.http.story_bodies import StoriesAnswer, StoryAnswer, StoryBody
from mixer.jobs.looking import music_key
from mixer.jobs.story.desk import StoryDesk
from mixer.jobs.story.identity import webhook_secret
from mixer.jobs.story.internet import checked_address
from mixer.jobs.story.orders import Order
from mixer.jobs.story.state import Status
from mixer.jobs.story.values import Kind, State, StoryResult
from mixer.publish.chapters import require_cuttable
from mixer.requests import Options
from mixer.store.objects import checked_key
from mixer.store.uploads import UPLOADS

MONEY_DIGITS = 6


@dataclass(frozen=True, slots=True)
class StoryCounter:
    """Where callers' stories are taken in and handed out.

    Attributes:
        desk: does the work.
        link: makes a link to an object from its key.
        link_lifetime_s: how long a link is good.
        bucket: what answers call the store.
        max_text_chars: of one story.
    """

    desk: StoryDesk
    link: Callable[[str], str]
    link_lifetime_s: int
    bucket: str
    max_text_chars: int


def add_story_routes(api: Api, counter: Callable[[], StoryCounter]) -> None:
    """Give an API the routes of stories.

    Args:
        api: that gets them.
        counter: does the work; asked for when the first request comes.
    """

    @api.post("/stories", **described("Have a story told", StoryAccepted, status=202))
    def begin(body: Annotated[StoryBody, Body()]) -> Response[str]:
        work, caller = counter(), api.call.caller or ""
        key = api.current_event.headers.get("idempotency-key", "")
        order = _order(body, caller, key.strip(), work.max_text_chars)
        story = work.desk.begin(order)
        secret = webhook_secret(work.desk.secret, story) if order.webhook else None
        return accepted(story, order, secret)

    @api.get("/stories", **described("List the caller's stories", StoriesAnswer))
    def page(cursor: Annotated[str, Query(max_length=200)] = "") -> Response[str]:
        found = counter().desk.page(api.call.caller or "", _checked_cursor(cursor))
        listed = [_short(story, status) for story, status in found.stories]
        return answer(200, {"stories": listed, "next": found.cursor})

    @api.get("/stories/<story_id>", **described("Ask how far a story is", StoryAnswer))
    def status(story_id: str) -> Response[str]:
        work = counter()
        return answer(200, _told(work, story_id, work.desk.status(story_id, api.call.caller or "")))

    @api.delete("/stories/<story_id>", **described("Cancel a story", StoryAnswer))
    def cancel(story_id: str) -> Response[str]:
        work = counter()
        return answer(200, _told(work, story_id, work.desk.cancel(story_id, api.call.caller or "")))


def _order(body: StoryBody, caller: str, key: str, most_chars: int) -> Order:
    """What a body asks for, looked at before anything is kept.

    Raises:
        BadInput: there is no text, or two of them.
        BadOption: chapters cannot be cut out of the format that is asked for.
        TextTooLong: longer than a story may be.
    """
    if (body.text is None) == (body.source is None):
        raise BadInput("text: send either a text or the source that was uploaded.", field="text")
    text = body.text or ""
    if body.source is None and not text.strip():
        raise UnreadableText("text: the story holds no words to say.", field="text")
    if len(text) > most_chars:
        raise TextTooLong(
            f"text: {len(text):,} characters are more than the {most_chars:,} of a story.",
            field="text",
            characters=len(text),
            limit=most_chars,
        )
    if body.outputs:
        require_cuttable(body.format or "mp3")
    given = body.model_dump(include={*Options.model_fields}, exclude_unset=True)
    return Order(
        kind=Kind.STORY,
        caller=caller,
        options=given,
        text=text,
        source_key=_source_key(body.source) if body.source is not None else "",
        music=music_key(body.music) if body.music else "",
        webhook=checked_address(body.webhook) if body.webhook else "",
        idempotency_key=key,
        warnings=tuple(body.warnings()),
    )


def _source_key(source: str) -> str:
    try:
        checked_key(source)
    except BadInput as error:
        raise BadInput(f"source: {error}", field="source") from error
    if not source.startswith(UPLOADS):
        raise BadInput("source: it is no key that POST /uploads has answered.", field="source")
    return source


def _checked_cursor(cursor: str) -> str:
    if cursor and not all(part.isalnum() for part in cursor.split("-")):
        raise BadInput("cursor: it is none that GET /stories has answered.", field="cursor")
    return cursor


def _short(story: str, status: Status) -> dict[str, Any]:
    return {
        "story_id": story,
        "title": status.title,
        "state": status.state,
        "progress": status.progress,
        "created_at": datetime.fromtimestamp(status.created_s, UTC).isoformat(timespec="seconds"),
    }


def _told(work: StoryCounter, story: str, status: Status) -> dict[str, Any]:
    failure = status.failure
    body = {
        **_short(story, status),
        "chunks": {"done": status.chunks_done, "total": status.chunks_total},
        "segments": {"done": status.segments_done, "total": status.segments_total},
        "cost_usd": {
            "so_far": round(status.spent_usd, MONEY_DIGITS),
            "predicted": round(status.predicted_usd, MONEY_DIGITS),
        },
        "time_left_s": status.time_left_s,
        "warnings": list(status.warnings),
        "error": None
        if failure is None
        else {"error": failure.error, "code": failure.code, "details": failure.details},
    }
    done = status.result if status.state is State.DONE else None
    return body | (_finished(work, status, done) if done else {})


def _finished(work: StoryCounter, status: Status, result: StoryResult) -> dict[str, Any]:
    """What is only there when a story is done."""
    body: dict[str, Any] = {
        "duration_s": result.duration_s,
        "integrated_loudness_lufs": rounded_db(result.integrated_loudness_lufs),
        "true_peak_dbtp": rounded_db(result.true_peak_dbtp),
    }
    if result.links:
        links: dict[str, Any] = {name: work.link(key) for name, key in result.links.items()}
        body["links"] = {**links, "expires_s": work.link_lifetime_s}
    if status.plan.chunks:
        plan = status.plan
        body |= {"voice": plan.voice, "engine": plan.engine, "language": plan.language}
        body["characters"] = plan.characters
    if status.kind is Kind.SPEECH:
        body |= {"chunk_keys": list(result.chunk_keys), "bucket": work.bucket}
    if status.kind is Kind.MIX:
        body |= _mixed(work, status, result)
    return body


def _mixed(work: StoryCounter, status: Status, result: StoryResult) -> dict[str, Any]:
    """What POST /mixstory would have answered."""
    key = result.links["audio"]
    return {
        "chunk_keys": list(status.chunk_keys),
        "bucket": work.bucket,
        "download_url": work.link(key),
        "expires_s": work.link_lifetime_s,
        "key": key,
    }
