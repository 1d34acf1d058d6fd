"""Links to stored objects that expire, like S3's presigned URLs, for a folder.

A link carries its expiry and an HMAC over place, key and expiry; without the secret none can be
made, extended, or changed to another key or place. Only a new secret revokes a link before it
expires.
"""

import fcntl
import hashlib
import hmac
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from secrets import token_bytes
from urllib.parse import quote, urlencode, urlsplit

from mixer.files import translate_disk_errors, write_once
from mixer.store.objects import UploadForm

SECRET_BYTES = 32
"""Length of the digest that it keys (RFC 2104, section 3)."""

SECRET_NAME = ".link-secret"  # noqa: S105 (a file's name)
"""In the folder of a store; the leading dot hides it from keys and lists."""

SIGNED_FIELDS = ("key", "Content-Type", "max_bytes")
"""Fields of a form, without the time when it expires."""

MAX_EXPIRY_DIGITS = 12
"""Of a time in seconds; signed links never have more."""


class LinkStatus(Enum):
    """Result of checking a link."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes and checks links under `base_url` (without a trailing slash); `now_s` is Unix time."""

    base_url: str
    secret: bytes
    now_s: Callable[[], float] = time.time

    def sign_link(self, key: str, lifetime_s: float) -> str:
        """Sign a link to an object that expires after so many seconds."""
        expires = str(math.ceil(self.now_s() + lifetime_s))
        query = urlencode({"expires": expires, "signature": self._signature(key, expires)})
        return f"{self.base_url}/{quote(key)}?{query}"

    def check_link(self, key: str, query: Mapping[str, str]) -> LinkStatus:
        """Check the `expires` and `signature` of a link to an object."""
        expires = query.get("expires", "")
        given = query.get("signature", "").encode()
        is_genuine = hmac.compare_digest(given, self._signature(key, expires).encode())
        if not is_genuine or not (expires.isdecimal() and len(expires) <= MAX_EXPIRY_DIGITS):
            return LinkStatus.FORGED
        return LinkStatus.VALID if self.now_s() < int(expires) else LinkStatus.EXPIRED

    def sign_form(self, key: str, content_type: str, max_bytes: int, lifetime_s: int) -> UploadForm:
        """Sign a form to upload one file that expires after so many seconds."""
        expires = str(math.ceil(self.now_s() + lifetime_s))
        fields = {
            "key": key,
            "Content-Type": content_type,
            "max_bytes": str(max_bytes),
            "expires": expires,
        }
        signature = self._signature(_form_text(fields), expires)
        return UploadForm(
            f"{self.base_url}/", {**fields, "signature": signature}, max_bytes, lifetime_s
        )

    def check_form(self, fields: Mapping[str, str]) -> LinkStatus:
        """Check the fields of a form."""
        return self.check_link(_form_text(fields), fields)

    def _signature(self, key: str, expires: str) -> str:
        place = urlsplit(self.base_url).path
        signed = f"{expires}\n{place}\n{key}".encode(errors="surrogatepass")
        return hmac.new(self.secret, signed, hashlib.sha256).hexdigest()


def _form_text(fields: Mapping[str, str]) -> str:
    """A form's signed text; no object key looks like it, so no link is valid as a form."""
    return "\n".join(["POST", *(fields.get(name, "") for name in SIGNED_FIELDS)])


def load_secret(folder: Path) -> bytes:
    """Load a folder's secret, made on first use for its owner alone; raises StoreFailed."""
    path = folder / SECRET_NAME
    with translate_disk_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        with _lock_folder(folder):
            if not _is_private(path):
                path.unlink(missing_ok=True)
                write_once(path, token_bytes(SECRET_BYTES))
            return path.read_bytes()


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Keep other threads and processes out, where the file system has locks."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _is_private(path: Path) -> bool:
    with suppress(FileNotFoundError):
        status = path.stat()
        return not status.st_mode & 0o077 and status.st_size == SECRET_BYTES
    return False
