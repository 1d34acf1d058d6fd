"""The routes of projects: GET /projects, and GET, PUT and DELETE /projects/{project_id}."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from mixer.api.operations import describe_failures, describe_route
from mixer.api.responses import OutputLinks, json_response
from mixer.api.routing import Api
from mixer.api.schemas import ErrorAnswer
from mixer.api.story_schemas import ProjectAnswer, ProjectBody, ProjectDeleted, ProjectsAnswer
from mixer.errors import ProjectChanged
from mixer.services import Project, ProjectService

ProjectId = Annotated[str, Path(pattern=ProjectService.id_pattern)]
CHANGED = {412: "Changed elsewhere; the details have the project's current state."}

Cursor = Annotated[str, Query(pattern=ProjectService.cursor_pattern)]


@dataclass(frozen=True, slots=True)
class ProjectDependencies:
    """What the routes of projects depend on."""

    projects: ProjectService
    links: OutputLinks


def add_project_routes(api: Api, load_dependencies: Callable[[], ProjectDependencies]) -> None:
    """Add the routes of projects; dependencies are built with the first request."""
    routes = _ProjectRoutes(api, load_dependencies)
    path = "/projects/<project_id>"
    api.get("/projects", **describe_route("List the caller's projects", ProjectsAnswer))(
        routes.list_page
    )
    api.get(path, **describe_route("Get a project", ProjectAnswer))(routes.get)
    saving = describe_route("Save a project", ProjectAnswer)
    saving["responses"] |= describe_failures(ErrorAnswer, CHANGED)
    api.put(path, **saving)(routes.save)
    deleting = describe_route("Delete a project", ProjectDeleted)
    deleting["responses"] |= describe_failures(ErrorAnswer, CHANGED)
    api.delete(path, **deleting)(routes.delete)


@dataclass(frozen=True, slots=True)
class _ProjectRoutes:
    api: Api
    load_dependencies: Callable[[], ProjectDependencies]

    def list_page(self, cursor: Cursor = "") -> Response[str]:
        page = self._projects.list_page(self._caller, cursor)
        listed = [_summarize(each) for each in page.projects]
        return json_response(200, {"projects": listed, "next": page.cursor})

    def get(self, project_id: ProjectId) -> Response[str]:
        return self._answer(self._projects.get(self._caller, project_id))

    def save(self, project_id: ProjectId, body: Annotated[ProjectBody, Body()]) -> Response[str]:
        given = body.select_given()
        try:
            saved = self._projects.save(self._caller, project_id, given, self._if_match)
        except ProjectChanged as error:
            raise self._describe_change(error) from error
        return self._answer(saved, body.warnings())

    def delete(self, project_id: ProjectId) -> Response[str]:
        try:
            self._projects.delete(self._caller, project_id, self._if_match)
        except ProjectChanged as error:
            raise self._describe_change(error) from error
        return json_response(200, {"project_id": project_id})

    @property
    def _if_match(self) -> tuple[str, ...]:
        return read_etags(self.api.current_event.headers.get("if-match", ""))

    def _answer(self, project: Project, warnings: Sequence[str] = ()) -> Response[str]:
        body = {**self._describe(project), "warnings": [*warnings]}
        return json_response(200, body, {"ETag": f'"{project.etag}"'})

    def _describe_change(self, error: ProjectChanged) -> ProjectChanged:
        current = error.current
        described = self._describe(current) if isinstance(current, Project) else {}
        return ProjectChanged(str(error), current, project=described)

    def _describe(self, project: Project) -> dict[str, Any]:
        links = self.load_dependencies().links
        return {
            **_identify(project),
            "project": dict(project.fields),
            "links": {key: links.sign(key) for key in project.list_uploads()},
            "expires_s": links.lifetime_s,
        }

    @property
    def _projects(self) -> ProjectService:
        return self.load_dependencies().projects

    @property
    def _caller(self) -> str:
        return self.api.request_context.caller or ""


def read_etags(header: str) -> tuple[str, ...]:
    """Read the states that `If-Match` names (RFC 9110, 13.1.1), or `*`; quotes may be missing."""
    given = [each.strip().removeprefix("W/") for each in header.split(",") if header.strip()]
    return tuple(each if each == "*" else each.strip('"*') for each in given)


def _identify(project: Project) -> dict[str, Any]:
    modified = project.modified.astimezone(UTC)
    return {
        "project_id": project.project_id,
        "etag": project.etag,
        "modified_at": modified.isoformat(timespec="milliseconds"),
    }


def _summarize(project: Project) -> dict[str, Any]:
    names = ("name", "title", "author")
    stories = project.fields.get("stories", [])
    return {
        **_identify(project),
        **{name: str(project.fields.get(name) or "") for name in names},
        "stories": stories,
    }
