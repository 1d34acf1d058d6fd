"""Uploads from a browser into the folder store, by the API's signed forms.

The form corresponds to a presigned POST of S3: fields with the permission first, the file last and
no larger than signed for; anything after it is ignored. Origin, signature and size are checked
before the file is read, and the file is streamed to disk: a request holds no more than its fields.
"""

import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mixer.devserver.files import refuse_link
from mixer.devserver.guard import HttpRefusal, require_origin
from mixer.files import open_scratch_folder
from mixer.store import FolderStore, LinkStatus, SignedLinks

FILE = "file"
MAX_FIELD_BYTES = 4_096
"""Limit of one field before the file; ours are far shorter."""

MAX_FIELDS = 20

MAX_FIELDS_BYTES = 32_768
"""Limit of everything before the file."""

MAX_TAIL_BYTES = 32_768
"""Allowed after the file; ours have only the closing boundary."""

HEADERS = {"Access-Control-Allow-Origin": "*"}
"""The origin is checked by the server, not by the browser."""

_BOUNDARY = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary="?([^";\s]{1,70})"?', re.IGNORECASE
)
_FIELD_NAME = re.compile(
    rb'content-disposition:\s*form-data\s*;[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE
)


class BadForm(ValueError):
    """A body that is not a form with a file at its end."""


class FileTooLarge(ValueError):
    """A file in a form that is empty or larger than allowed."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """Receives files by signed forms; `origins` are other sites whose pages may send them."""

    store: FolderStore
    links: SignedLinks
    origins: Collection[str] = ()

    async def respond(self, request: Request) -> Response:
        """Answer a POST of a form.

        Raises:
            HttpRefusal: wrong origin; the form is malformed, forged or expired; wrong file size.
        """
        require_origin(request.headers.get("origin", ""), self.origins)
        try:
            await self._store_file(request)
        except BadForm as error:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad_form", str(error), HEADERS) from error
        except FileTooLarge as error:
            status = HTTPStatus.BAD_REQUEST
            raise HttpRefusal(status, "object_too_large", str(error), HEADERS) from error
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=HEADERS)

    async def _store_file(self, request: Request) -> None:
        form = FormReader(request.headers.get("content-type", ""), request.stream())
        fields = await form.read_fields()
        status = self.links.check_form(fields)
        if status is not LinkStatus.VALID:
            raise refuse_link(status, HEADERS, "form")
        max_bytes = int(fields["max_bytes"])
        check_form_size(int(request.headers.get("content-length", "0")), max_bytes)
        with open_scratch_folder("upload") as folder, (folder / "file").open("wb") as file:
            await form.copy_file(file, max_bytes)
            file.flush()
            content, content_type = folder / "file", fields["Content-Type"]
            await run_in_threadpool(
                self.store.put, fields["key"], content, content_type=content_type
            )


def check_form_size(form_bytes: int, max_bytes: int) -> None:
    """Raise FileTooLarge if a form's file must be larger than allowed."""
    if form_bytes > max_bytes + MAX_FIELDS_BYTES + MAX_TAIL_BYTES:
        raise FileTooLarge(f"The file must have 1 to {max_bytes:,} bytes.")


@dataclass
class FormReader:
    """A multipart form (RFC 7578), read as a stream: first the fields, then the file."""

    content_type: str
    chunks: AsyncIterator[bytes]
    _delimiter: bytes = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)

    def __post_init__(self) -> None:
        found = _BOUNDARY.search(self.content_type)
        if not found:
            raise BadForm("An upload is sent as multipart/form-data.")
        self._delimiter = b"--" + found[1].encode("latin-1", "replace")

    async def read_fields(self) -> dict[str, str]:
        """Read the fields before the file.

        Raises:
            BadForm: the fields are too large, or no file follows.
        """
        fields: dict[str, str] = {}
        await self._read_until(self._delimiter)
        while (name := await self._read_name()) != FILE:
            content = await self._read_until(b"\r\n" + self._delimiter)
            if len(content) > MAX_FIELD_BYTES or len(fields) >= MAX_FIELDS:
                raise BadForm("The form has too much data before its file.")
            fields[name] = content.decode(errors="replace")
        return fields

    async def copy_file(self, file: IO[bytes], max_bytes: int) -> None:
        """Write the file's content.

        Raises:
            BadForm: the file has no end.
            FileTooLarge: it is empty or too large.
        """
        end, written = b"\r\n" + self._delimiter, 0
        while (at := self._buffer.find(end)) < 0:
            ready = max(len(self._buffer) - len(end) + 1, 0)
            written += file.write(self._buffer[:ready])
            del self._buffer[:ready]
            if written > max_bytes or not await self._read_more():
                break
        written += file.write(self._buffer[: max(at, 0)])
        if written > max_bytes or (at == 0 and written == 0):
            raise FileTooLarge(f"The file must have 1 to {max_bytes:,} bytes.")
        if at < 0:
            raise BadForm("The form ends in the middle of its file.")

    async def _read_name(self) -> str:
        head = await self._read_until(b"\r\n\r\n")
        if head.startswith(b"--"):
            raise BadForm("The form has no field “file”.")
        name = _FIELD_NAME.search(head)
        return name[1].decode(errors="replace") if name else ""

    async def _read_until(self, mark: bytes) -> bytes:
        """Read up to a mark, and drop the mark."""
        while (at := self._buffer.find(mark)) < 0:
            if len(self._buffer) > MAX_FIELDS_BYTES:
                raise BadForm("The form has too much data before its file.")
            if not await self._read_more():
                raise BadForm("The form has no field “file”.")
        content = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        return content

    async def _read_more(self) -> bool:
        chunk = await anext(self.chunks, b"")
        self._buffer += chunk
        return bool(chunk)
