"""Music and sounds for a story, looked at before anything is paid for the voice."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from mixer.errors import NotFound
from mixer.jobs.fetching import AT_ONCE, request_folder
from mixer.jobs.looking import check_key
from mixer.jobs.mixing import Desk, Stages, music_found
from mixer.jobs.sounding import sound_files
from mixer.jobs.story.folder import MUSIC, SCRIPT, SOUNDS, StoryFolder
from mixer.jobs.story.values import Kind, KnownSounds, StoredScript, StoryRequest
from mixer.parallel import in_parallel, usable_cores
from mixer.sound.cues import Music
from mixer.sound.ffmpeg import Children
from mixer.store.objects import ObjectStore
from mixer.store.uploads import music_home


@dataclass(frozen=True, slots=True)
class Library:
    """Where music and sounds are found.

    Attributes:
        shared: the deployment's music.
        own: where callers' own files lie, with all that is made.
    """

    shared: ObjectStore
    own: ObjectStore

    def home(self, key: str) -> ObjectStore:
        """Where a piece is."""
        return music_home(key, self.shared, self.own)


def sounds_of(
    folder: StoryFolder, request: StoryRequest, library: Library, job: Children
) -> dict[str, Music]:
    """Everything that a story plays besides its voice, by key; measured once for all steps.

    What is only spoken plays nothing.

    Args:
        folder: of the story; its script names sounds, where there is one yet.
        request: names the music.
        library: where they are found.
        job: that measuring belongs to.

    Raises:
        NotFound: there is no such piece; names it, and the line of the text.
        Forbidden: it is nothing to be played.
        UnplayableAudio: there is no sound in it.
        BadInput: it is silent.
    """
    stored = folder.find(SCRIPT, StoredScript)
    wanted = {request.music: 0} if request.music else {}
    if stored is not None and request.kind is Kind.STORY:
        wanted = {**sound_files(stored.script), **wanted}
    known = kept_sounds(folder)
    missing = {key: line for key, line in wanted.items() if key not in known}
    if missing:
        known |= _looked_at(missing, library, job)
        folder.write(SOUNDS, KnownSounds(tuple(known.values())))
    return {key: known[key] for key in wanted}


def kept_sounds(folder: StoryFolder) -> dict[str, Music]:
    """What is known already of a story's music and sounds, by key."""
    kept = folder.find(SOUNDS, KnownSounds)
    if kept is not None:
        return {each.source: each for each in kept.sounds}
    only = folder.find(MUSIC, Music)
    return {only.source: only} if only else {}


def _looked_at(wanted: Mapping[str, int], library: Library, job: Children) -> dict[str, Music]:
    """Fetch and measure some pieces, each named by a line of the text, or (0) by the request."""
    for key, line in wanted.items():
        if line:
            check_key(key, f"line {line}")
    there = in_parallel(wanted, lambda key: library.home(key).head(key), AT_ONCE)
    gone = {key for key, head in there if head.result() is None}
    for key in wanted:
        if key in gone:
            raise _not_there(key, wanted[key])
    with request_folder() as folder:
        files = folder.fetched({("music", key): library.home(key) for key in wanted}, None)
        looked = in_parallel(
            wanted,
            lambda key: _measured(files["music", key], key, wanted[key], job),
            usable_cores(),
        )
        found = {key: outcome.result() for key, outcome in looked}
    return {key: found[key] for key in wanted}


def _not_there(key: str, line: int) -> NotFound:
    if not line:
        return NotFound(f"music: there is no music {key}.", field="music", key=key)
    return NotFound(
        f"line {line}: there is no music or sound {key} in the library or among your uploads.",
        key=key,
        line=line,
    )


def _measured(path: Path, key: str, line: int, job: Children) -> Music:
    name = f"{key}, which line {line} names" if line else key
    found = music_found(Desk(Stages(unwatched), job), path, name)
    assert found is not None  # noqa: S101 - only None is answered with None
    return Music(key, found[1].measured, content_digest(path))


def content_digest(path: Path) -> str:
    """What tells a file from another of the same name."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def unwatched(_stage: str, _share: float) -> None:
    """Nobody looks how far a step is; its objects tell."""
    return
