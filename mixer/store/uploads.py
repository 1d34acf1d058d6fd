"""Forms by which a browser sends one file straight into a store.

S3 knows them as presigned POSTs; a folder's server honours forms of its own with the same fields
before the file. A form is good for one key, one content type, so many bytes, and not for long.
"""

from mixer.store.objects import ObjectStore

UPLOADS_PREFIX = "uploads/"
"""Where callers' own files are. Their names are secrets: whoever knows one may use it."""


def select_music_store(key: str, library: ObjectStore, output: ObjectStore) -> ObjectStore:
    """Where a piece of music is: callers' own files lie with all that is made.

    Args:
        key: of the music.
        library: the deployment's music.
        output: where all that is made is kept.
    """
    return output if key.startswith(UPLOADS_PREFIX) else library
