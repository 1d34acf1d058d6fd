"""Links to stored objects that expire: what presigned URLs are to S3, for a folder.

A link carries its expiry and an HMAC over key and expiry. It allows reading that one
object until then; without the secret none can be made, prolonged, or turned to another key.

The price: a link cannot be called back before it expires, unless the secret is changed.
"""

import hashlib
import hmac
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from secrets import token_bytes
from tempfile import NamedTemporaryFile
from urllib.parse import quote, urlencode

from mixer.files import translate_disk_errors
from mixer.store.objects import UploadForm

SECRET_BYTES = 32
"""As long as the digest it keys (RFC 2104, section 3)."""

SECRET_NAME = ".link-secret"  # noqa: S105 (a file's name)
"""In the folder of a store; the leading dot hides it from keys and lists."""

SIGNED_FIELDS = ("key", "Content-Type", "max_bytes")
"""Of a form, without the moment when it expires."""

MAX_EXPIRY_DIGITS = 12
"""Of a time in seconds; no server signs a longer one."""


class LinkStatus(Enum):
    """What a link turns out to be."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes and checks links.

    Attributes:
        base_url: where objects are served, without a slash at the end.
        secret: known to this server alone.
        now_s: seconds since 1970.
    """

    base_url: str
    secret: bytes
    now_s: Callable[[], float] = time.time

    def sign_link(self, key: str, lifetime_s: float) -> str:
        """A link to an object, good for so many seconds from now."""
        expires = str(math.ceil(self.now_s() + lifetime_s))
        query = urlencode({"expires": expires, "signature": self._signature(key, expires)})
        return f"{self.base_url}/{quote(key)}?{query}"

    def check_link(self, key: str, query: Mapping[str, str]) -> LinkStatus:
        """Whether a link may be followed.

        Args:
            key: the requested object.
            query: the link's `expires` and `signature`.
        """
        expires = query.get("expires", "")
        given = query.get("signature", "").encode()
        is_genuine = hmac.compare_digest(given, self._signature(key, expires).encode())
        if not is_genuine or not (expires.isdecimal() and len(expires) <= MAX_EXPIRY_DIGITS):
            return LinkStatus.FORGED
        return LinkStatus.VALID if self.now_s() < int(expires) else LinkStatus.EXPIRED

    def sign_form(self, key: str, content_type: str, max_bytes: int, lifetime_s: int) -> UploadForm:
        """A form to send one file with, good for so many seconds from now.

        Args:
            key: where the file will be.
            lifetime_s: from now.
        """
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
        """Whether a form may be honoured, by its fields."""
        return self.check_link(_form_text(fields), fields)

    def _signature(self, key: str, expires: str) -> str:
        signed = f"{expires}\n{key}".encode(errors="surrogatepass")
        return hmac.new(self.secret, signed, hashlib.sha256).hexdigest()


def _form_text(fields: Mapping[str, str]) -> str:
    """What a form's signature covers; no object's key looks like it, so no link is a form."""
    return "\n".join(["POST", *(fields.get(name, "") for name in SIGNED_FIELDS)])


def load_secret(folder: Path) -> bytes:
    """The secret of a folder, made at first use and readable by its owner alone.

    Links outlive the server that made them. Several processes that start at once get the same.

    Raises:
        StoreFailed: it can be neither read nor written.
    """
    path = folder / SECRET_NAME
    with translate_disk_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_private(path):
            path.unlink(missing_ok=True)
            _create_secret(path)
        return path.read_bytes()


def _is_private(path: Path) -> bool:
    """Whether a whole secret is there that others could not have read."""
    with suppress(FileNotFoundError):
        status = path.stat()
        return not status.st_mode & 0o077 and status.st_size == SECRET_BYTES
    return False


def _create_secret(path: Path) -> None:
    """Put a new secret in place, whole (temporary files have mode 600), unless one is there."""
    with NamedTemporaryFile(dir=path.parent, prefix=".secret.") as file:
        file.write(token_bytes(SECRET_BYTES))
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
