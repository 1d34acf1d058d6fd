"""Music for a story, looked at before anything is paid for the voice."""

from mixer.errors import NotFound
from mixer.jobs.fetching import request_folder
from mixer.jobs.mixing import Desk, Stages, music_found
from mixer.sound.cues import Music
from mixer.sound.ffmpeg import Children
from mixer.store.objects import ObjectStore


def look_at_music(store: ObjectStore, key: str, job: Children) -> Music:
    """Fetch and measure a piece of music.

    Raises:
        NotFound: there is no such piece.
        UnplayableAudio: there is no sound in it.
        BadInput: it is silent.
    """
    with request_folder() as folder:
        try:
            (path,) = folder.fetched({("music", key): store}, None).values()
        except NotFound as error:
            raise NotFound(f"music: there is no music {key}.", field="music", key=key) from error
        found = music_found(Desk(Stages(unwatched), job), path, key)
        assert found is not None  # noqa: S101 - only None is answered with None
        return found[1]


def unwatched(_stage: str, _share: float) -> None:
    """Nobody looks how far a step is; its objects tell."""
    return
