"""What a bucket of any server with S3's protocol must be able to do, tried before it is used.

The check writes two small objects and one of two parts under `checks/`, and deletes them again.
"""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from secrets import token_bytes, token_hex

from mixer.errors import Misconfigured, MixerError
from mixer.store.objects import ObjectStore, UploadForm
from mixer.store.s3_upload import MIN_PART_BYTES

PREFIX = "checks/"
TIMEOUT_S = 10.0
LINK_LIFETIME_S = 60
SMALL = b"mixer"


def require_abilities(store: ObjectStore, bucket: str) -> None:
    """Try everything that is needed of a bucket.

    Raises:
        Misconfigured: names what the server cannot do.
    """
    failures = list(_find_failures(store))
    if failures:
        raise Misconfigured(
            f"The bucket {bucket} cannot be used: {'; '.join(failures)}. See docs/clients.md for "
            "what a store must be able to do.",
            variable="S3_ENDPOINT_URL",
        )


def _find_failures(store: ObjectStore) -> Iterator[str]:
    """Yield a phrase for each ability that is missing; without the first, no other is tried."""
    name = f"{PREFIX}{token_hex(8)}"
    try:
        store.put(name, SMALL, metadata={"mixer": "1"})
        found = store.head(name)
    except MixerError as error:
        yield f"it cannot be written or read ({error})"
        return
    try:
        if found is None or found.metadata.get("mixer") != "1":
            yield "it loses an object's metadata"
        for phrase, check in _CHECKS.items():
            if not _holds(check, store, name):
                yield phrase
    finally:
        for each in (name, f"{name}-parts", f"{name}-form"):
            with suppress(MixerError):
                store.delete(each)


def _holds(check: Callable[[ObjectStore, str], bool], store: ObjectStore, name: str) -> bool:
    try:
        return check(store, name)
    except (MixerError, OSError):
        return False


def _refuses_second_write(store: ObjectStore, name: str) -> bool:
    return not store.claim(name, b"another") and store.get(name) == SMALL


def _joins_parts(store: ObjectStore, name: str) -> bool:
    content = token_bytes(1024) * (MIN_PART_BYTES // 1024) + SMALL
    with store.open_writer(f"{name}-parts", len(content), "application/octet-stream") as file:
        file.write(content)
    return store.get(f"{name}-parts") == content


def _touches(store: ObjectStore, name: str) -> bool:
    store.touch(name)
    return store.get(name) == SMALL


def _lists_in_order(store: ObjectStore, name: str) -> bool:
    listed = [each.key for each in store.list(name)]
    return listed[:1] == [name] and name not in [each.key for each in store.list(name, name)]


def _serves_links(store: ObjectStore, name: str) -> bool:
    with urllib.request.urlopen(store.url(name, LINK_LIFETIME_S), timeout=TIMEOUT_S) as answer:  # noqa: S310 - the address is of the settings
        return bool(answer.read() == SMALL)


def _takes_forms(store: ObjectStore, name: str) -> bool:
    """Whether a signed form uploads a file, and one that is too large is refused."""
    form = store.upload_form(f"{name}-form", "text/plain", len(SMALL), LINK_LIFETIME_S)
    _post_form(form, SMALL)
    try:
        _post_form(form, SMALL * 2)
    except urllib.error.HTTPError:
        return store.get(f"{name}-form") == SMALL
    return False


def _post_form(form: UploadForm, content: bytes) -> None:
    boundary = token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
    body = "".join([*parts, head, "Content-Type: text/plain\r\n\r\n"]).encode() + content
    request = urllib.request.Request(  # noqa: S310 - the address is of the settings
        form.url,
        body + f"\r\n--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        pass


_CHECKS = {
    "it overwrites an object although the request forbids it (conditional writes, If-None-Match)": (
        _refuses_second_write
    ),
    "it does not join an upload in parts with checksums (multipart)": _joins_parts,
    "it does not copy an object onto itself": _touches,
    "it does not list objects in order after a key (ListObjectsV2, StartAfter)": _lists_in_order,
    "its signed links do not work (is the endpoint's address the one that listeners use?)": (
        _serves_links
    ),
    "it does not take signed forms, or ignores their limits (POST policy)": _takes_forms,
}
"""By the phrase for a server that fails it."""
