"""Translates S3's errors and lost connections into errors that name the object."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mixer.errors import DamagedObject, NotFound, StoreFailed

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

MISSING_CODES = frozenset({"404", "NoSuchKey", "NotFound"})
CONFLICT_CODES = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
"""Another write was first or concurrent (S3 user guide, conditional writes)."""


class WriteConflict(StoreFailed):
    """A conditional write came second."""


@contextmanager
def translate_s3_errors(key: str) -> Iterator[None]:
    """Translate S3's errors and lost connections into errors that name the object."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

    try:
        yield
    except ClientError as error:
        raise _translate_error(error, key) from error
    except FlexibleChecksumError as error:
        raise DamagedObject(f"The object {key} is damaged: {error}", key=key) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreFailed(f"The object {key} cannot be reached: {error}", key=key) from error


def _translate_error(error: "ClientError", key: str) -> NotFound | StoreFailed:
    code = error.response.get("Error", {}).get("Code", "")
    if code in MISSING_CODES:
        return NotFound(f"The object {key} does not exist.", key=key)
    if code in CONFLICT_CODES:
        return WriteConflict(f"The object {key} was written by another request just now.", key=key)
    return StoreFailed(f"S3 refused the object {key}: {error}", key=key)
