"""Files that a browser sends into the folder store, by the forms that the API hands out.

The form is what a presigned POST is to S3: the fields come first and carry the permission, the
file comes last and holds no more than was signed for; anything behind it is ignored. Each refusal
has the shape of the API's errors.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from mixer.devserver.messages import Headers, HttpRequest, Reply, error_reply
from mixer.store.folder import FolderStore
from mixer.store.links import LinkStatus, SignedLinks

FILE = "file"
MAX_FIELD_BYTES = 4_096
"""Of one field before the file; ours are far shorter."""

MAX_FIELDS = 20

HEADERS: Headers = (("Access-Control-Allow-Origin", "*"),)
"""The form itself is the permission."""

_BOUNDARY = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary="?([^";\s]{1,70})"?', re.IGNORECASE
)
_FIELD_NAME = re.compile(
    rb'content-disposition:\s*form-data\s*;[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE
)


class BadForm(ValueError):
    """A body that is no form, or not one with a file at its end."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """Takes files in.

    Attributes:
        store: keeps them.
        links: tells genuine forms from others.
    """

    store: FolderStore
    links: SignedLinks

    def reply(self, request: HttpRequest) -> Reply:
        """The reply to a POST of a form."""
        try:
            fields, content = parse_form(request.header("content-type"), request.body)
        except BadForm as error:
            return _refusal(request, HTTPStatus.BAD_REQUEST, "bad_form", str(error))
        verdict = self.links.check_form(fields)
        if verdict is LinkStatus.EXPIRED:
            message = "This form has expired: ask for a new one."
            return _refusal(request, HTTPStatus.FORBIDDEN, "link_expired", message)
        if verdict is LinkStatus.FORGED:
            message = "This form was not made by this server."
            return _refusal(request, HTTPStatus.FORBIDDEN, "bad_link", message)
        if not 0 < len(content) <= int(fields["max_bytes"]):
            message = f"The file must have 1 to {int(fields['max_bytes']):,} bytes."
            return _refusal(request, HTTPStatus.BAD_REQUEST, "object_too_large", message)
        self.store.put(fields["key"], bytes(content), content_type=fields["Content-Type"])
        return Reply(HTTPStatus.NO_CONTENT, HEADERS)


def parse_form(content_type: str, body: bytes) -> tuple[Mapping[str, str], memoryview]:
    """The fields of a form, and the file at its end.

    Args:
        content_type: the header of that name.
        body: the whole of it.

    Raises:
        BadForm: it is no form, or its file is missing.
    """
    found = _BOUNDARY.search(content_type)
    if not found:
        raise BadForm("An upload is sent as multipart/form-data.")
    fields: dict[str, str] = {}
    for name, content in _split_parts(body, b"--" + found[1].encode("latin-1", "replace")):
        if name == FILE:
            return fields, content
        if len(content) > MAX_FIELD_BYTES or len(fields) >= MAX_FIELDS:
            raise BadForm("The form holds more before its file than belongs there.")
        fields[name] = bytes(content).decode(errors="replace")
    raise BadForm("The form holds no field “file”.")


def _split_parts(body: bytes, delimiter: bytes) -> Iterator[tuple[str, memoryview]]:
    """Name and content of each part (RFC 7578, section 4); a part that does not end is none."""
    at = body.find(delimiter)
    while at >= 0:
        begin = at + len(delimiter)
        end = body.find(b"\r\n" + delimiter, begin)
        head_end = body.find(b"\r\n\r\n", begin)
        if end < 0 or not begin <= head_end < end:
            return
        named = _FIELD_NAME.search(body[begin:head_end])
        name = named[1].decode(errors="replace") if named else ""
        yield name, memoryview(body)[head_end + 4 : end]
        at = end + 2


def _refusal(request: HttpRequest, status: HTTPStatus, code: str, message: str) -> Reply:
    return error_reply(status, code, message, request.request_id, HEADERS)
