"""The routes that change stories: propose a change, hear it, keep it, list, compare, restore.

POST /stories/{story_id}/edits       a change becomes audible; nothing is kept
POST /stories/{story_id}/versions    keep it, or go back to an older version
GET  /stories/{story_id}/versions    all versions
GET  /stories/{story_id}/sentences   the sentences that can be changed
GET  /stories/{story_id}/comparison  what differs between two versions
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from mixer.api.operations import describe_route
from mixer.api.responses import OutputLinks, json_response
from mixer.api.routing import Api
from mixer.api.version_schemas import (
    ComparisonAnswer,
    PreviewAnswer,
    ProposalBody,
    SentencesAnswer,
    VersionAnswer,
    VersionBody,
    VersionsAnswer,
)
from mixer.stories import StoryStatus
from mixer.stories.versions import (
    Preview,
    Proposal,
    SentenceChange,
    SentenceReader,
    StoryEditor,
    StoryPreviews,
    TimedSentence,
    VersionRecord,
)

MONEY_DIGITS = 6
MAX_SENTENCES = 500
MAX_AT_S = 1_000_000.0
TIME_DIGITS = 3


@dataclass(frozen=True, slots=True)
class EditDependencies:
    """What the routes of versions depend on."""

    editor: StoryEditor
    reader: SentenceReader
    links: OutputLinks


def add_preview_routes(
    api: Api, load_previews: Callable[[], StoryPreviews], load_links: Callable[[], OutputLinks]
) -> None:
    """Add the route that makes a change audible, for a process with an engine."""

    def propose(story_id: str, body: Annotated[ProposalBody, Body()]) -> Response[str]:
        context, proposal = api.request_context, _build_proposal(body)
        base, preview = load_previews().propose(
            story_id, context.caller or "", proposal, context.deadline_s
        )
        return json_response(200, _describe_preview(load_links(), base, preview))

    described = describe_route("Preview a change to a story in its place", PreviewAnswer)
    api.post("/stories/<story_id>/edits", **described)(propose)


def add_version_routes(api: Api, load_dependencies: Callable[[], EditDependencies]) -> None:
    """Add the routes of versions; dependencies are built with the first request."""
    routes = _VersionRoutes(api, load_dependencies)
    kept = describe_route("Keep a change, or restore a version", VersionAnswer, status=202)
    api.post("/stories/<story_id>/versions", **kept)(routes.keep)
    listed = describe_route("List the versions of a story", VersionsAnswer)
    api.get("/stories/<story_id>/versions", **listed)(routes.list_versions)
    sentences = describe_route("List sentences of a story", SentencesAnswer)
    api.get("/stories/<story_id>/sentences", **sentences)(routes.list_sentences)
    compared = describe_route("Compare two versions of a story", ComparisonAnswer)
    api.get("/stories/<story_id>/comparison", **compared)(routes.compare)


@dataclass(frozen=True, slots=True)
class _VersionRoutes:
    api: Api
    load_dependencies: Callable[[], EditDependencies]

    def keep(self, story_id: str, body: Annotated[VersionBody, Body()]) -> Response[str]:
        dependencies, context = self.load_dependencies(), self.api.request_context
        editor = dependencies.editor
        if body.restore is not None:
            record = editor.restore(story_id, self._caller, body.restore, body.version)
        else:
            proposal = _build_proposal(body)
            record = editor.keep(story_id, self._caller, proposal, context.deadline_s)
        return json_response(202, self._describe(record))

    def list_versions(self, story_id: str) -> Response[str]:
        dependencies = self.load_dependencies()
        versions = dependencies.reader.texts.reader.load(story_id, self._caller)
        listed = dependencies.editor.list_statuses(versions, self._caller)
        answer = {
            "newest": versions.newest.number,
            "versions": [_describe(dependencies.links, *each) for each in listed],
            "expires_s": dependencies.links.lifetime_s,
        }
        return json_response(200, answer)

    def list_sentences(
        self,
        story_id: str,
        version: Annotated[int, Query(ge=0)] = 0,
        at_s: Annotated[float | None, Query(ge=0, le=MAX_AT_S)] = None,
        first: Annotated[int, Query(ge=0)] = 0,
        count: Annotated[int, Query(ge=1, le=MAX_SENTENCES)] = 1,
    ) -> Response[str]:
        dependencies = self.load_dependencies()
        versions = dependencies.reader.texts.reader.load(story_id, self._caller)
        record, deadline_s = versions.find(version), self.api.request_context.deadline_s
        if at_s is None:
            found = dependencies.reader.list_from(record.story_id, first, count, deadline_s)
        else:
            found = dependencies.reader.list_at(record.story_id, at_s, count, deadline_s)
        if count == 1 and found.sentences:
            dependencies.editor.prepare(record.story_id, found.sentences[0].number)
        answer = {
            "version": record.number,
            "newest": versions.newest.number,
            "total": found.total,
            "speakers": list(found.speakers),
            "sentences": list(map(_describe_sentence, found.sentences)),
        }
        return json_response(200, answer)

    def compare(
        self,
        story_id: str,
        before: Annotated[int, Query(ge=1)],
        after: Annotated[int, Query(ge=1)],
    ) -> Response[str]:
        dependencies = self.load_dependencies()
        versions = dependencies.reader.texts.reader.load(story_id, self._caller)
        one, other = versions.find(before), versions.find(after)
        deadline_s = self.api.request_context.deadline_s
        found = dependencies.reader.compare(one.story_id, other.story_id, deadline_s)
        differences = [
            {
                "before": [_describe_sentence(sentence) for sentence in each.before],
                "after": [_describe_sentence(sentence) for sentence in each.after],
            }
            for each in found
        ]
        answer = {
            "before": self._describe(one),
            "after": self._describe(other),
            "differences": differences,
            "expires_s": dependencies.links.lifetime_s,
        }
        return json_response(200, answer)

    def _describe(self, record: VersionRecord) -> dict[str, Any]:
        dependencies = self.load_dependencies()
        status = dependencies.editor.load_status(record, self._caller)
        return _describe(dependencies.links, record, status)

    @property
    def _caller(self) -> str:
        return self.api.request_context.caller or ""


def _describe_preview(links: OutputLinks, base: VersionRecord, preview: Preview) -> dict[str, Any]:
    return {
        "version": base.number,
        "audio_url": links.sign(preview.key),
        "expires_s": links.lifetime_s,
        "duration_s": preview.duration_s,
        "starts_s": preview.starts_s,
        "ends_s": preview.ends_s,
        "sentence": preview.sentence,
        "cost_usd": round(preview.cost_usd, MONEY_DIGITS),
        "synthesized_chunks": preview.synthesized_chunks,
    }


def _build_proposal(body: ProposalBody) -> Proposal:
    return Proposal(
        body.version,
        tuple(
            SentenceChange(each.sentence, each.text, each.speaker, each.pause_ms, each.take)
            for each in body.changes
        ),
        tuple(body.lexicon),
        body.max_cost_usd,
    )


def _describe(links: OutputLinks, record: VersionRecord, status: StoryStatus) -> dict[str, Any]:
    files = status.result.links if status.result else {}
    signed = {name: links.sign(files[name]) for name in ("audio", "captions_vtt") if name in files}
    created = datetime.fromtimestamp(record.created_s, UTC)
    return {
        "version": record.number,
        "story_id": record.story_id,
        "base": record.base,
        "restored": record.restored or None,
        "created_at": created.isoformat(timespec="seconds"),
        "changes": [asdict(note) for note in record.notes],
        "lexicon": list(record.words),
        "state": status.state,
        "progress": status.progress,
        "audio_url": signed.get("audio"),
        "captions_url": signed.get("captions_vtt"),
        "duration_s": status.result.duration_s if status.result else None,
    }


def _describe_sentence(sentence: TimedSentence) -> dict[str, Any]:
    utterance = sentence.utterance
    return {
        "sentence": sentence.number,
        "text": utterance.text,
        "spoken": utterance.spoken,
        "speaker": utterance.speaker,
        "ending": utterance.ending.value,
        "pause_ms": utterance.pause_ms,
        "chapter": sentence.chapter,
        "start_s": None if sentence.start_s is None else round(sentence.start_s, TIME_DIGITS),
        "end_s": None if sentence.end_s is None else round(sentence.end_s, TIME_DIGITS),
    }
