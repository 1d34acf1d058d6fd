"""Finds and measures a story's music and sounds, before the voice is paid for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixer.errors import BadInput
from mixer.files import hash_file
from mixer.parallel import run_in_parallel, usable_cores
from mixer.publish.timing import list_sound_files
from mixer.sound import ProcessGroup, Timeline
from mixer.sound.analysis import MUSIC_CHANNELS, measure
from mixer.sound.arrange import SoundFile
from mixer.sound.render import RenderSources, Segment, source_keys
from mixer.store import ObjectStore
from mixer.stories.folder import MUSIC, SCRIPT, SOUNDS, StoryFolder
from mixer.stories.inputs.checks import require_sounds, select_music_store
from mixer.stories.model import KnownSounds, StoredRequest, StoredScript, StoryKind
from mixer.stories.request_files import RequestFolder, open_request_folder


@dataclass(frozen=True, slots=True)
class SoundLibrary:
    """The stores of the deployment's music and of callers' uploads."""

    shared: ObjectStore
    uploads: ObjectStore

    def find_store(self, key: str) -> ObjectStore:
        """Find the store of a key."""
        return select_music_store(key, self.shared, self.uploads)

    def load(
        self, folder: StoryFolder, request: StoredRequest, processes: ProcessGroup
    ) -> dict[str, SoundFile]:
        """Load the music and sounds of a story, by key; measured once for all steps.

        Raises:
            NotFound: a file is missing; names it and the line of the text.
            Forbidden: the key is not for callers.
            UnplayableAudio, BadInput: the file has no sound, or is silent.
        """
        stored = folder.find(SCRIPT, StoredScript)
        wanted = {request.music: 0} if request.music else {}
        if stored is not None and request.kind is StoryKind.STORY:
            wanted = {**list_sound_files(stored.script), **wanted}
        known = read_sounds(folder)
        sounds = self.measure(wanted, known, processes)
        if sounds.keys() - known.keys():
            folder.write(SOUNDS, KnownSounds(tuple({**known, **sounds}.values())))
        return sounds

    def measure(
        self, wanted: Mapping[str, int], known: Mapping[str, SoundFile], processes: ProcessGroup
    ) -> dict[str, SoundFile]:
        """Measure the sounds that are not known; `wanted` has the line that names each, or 0.

        Raises NotFound and the other errors of `load`.
        """
        missing = {key: line for key, line in wanted.items() if key not in known}
        measured = _measure_sounds(missing, self, processes) if missing else {}
        return {key: known[key] if key in known else measured[key] for key in wanted}


def read_sounds(folder: StoryFolder) -> dict[str, SoundFile]:
    """Read the sounds that were measured before, by key."""
    kept = folder.find(SOUNDS, KnownSounds)
    if kept is not None:
        return {each.source: each for each in kept.sounds}
    only = folder.find(MUSIC, SoundFile)
    return {only.source: only} if only else {}


def _measure_sounds(
    wanted: Mapping[str, int], library: SoundLibrary, processes: ProcessGroup
) -> dict[str, SoundFile]:
    require_sounds(wanted, library.shared, library.uploads)
    with open_request_folder() as folder:
        files = folder.fetch_all({("music", key): library.find_store(key) for key in wanted}, None)
        looked = run_in_parallel(
            wanted,
            lambda key: _measure_sound(files["music", key], key, wanted[key], processes),
            usable_cores(),
        )
        found = {key: outcome.result() for key, outcome in looked}
    return {key: found[key] for key in wanted}


def _measure_sound(path: Path, key: str, line: int, processes: ProcessGroup) -> SoundFile:
    name = f"{key} (line {line})" if line else key
    return SoundFile(key, measure_music(path, name, processes).measured, hash_file(path))


def measure_music(path: Path, name: str, processes: ProcessGroup) -> SoundFile:
    """Measure music; raises UnplayableAudio if it has no sound, BadInput if it is silent."""
    measured = measure(path, name, channels=MUSIC_CHANNELS, processes=processes)
    if measured.loudness_lufs is None:
        raise BadInput(f"The music {name} is silent.", key=name)
    return SoundFile(name, measured)


def fetch_sources(
    library: SoundLibrary,
    timeline: Timeline,
    segments: Sequence[Segment],
    sounds: Mapping[str, SoundFile],
    scratch: RequestFolder,
    *,
    deadline_s: float | None = None,
) -> RenderSources:
    """Fetch the recordings that some segments need, within a deadline on the monotonic clock."""
    wanted = source_keys(timeline, segments)
    clips = {clip.source for clip in timeline.clips} & wanted
    files = {("chunk", key): library.uploads for key in sorted(clips)}
    files |= {("music", key): library.find_store(key) for key in sorted(sounds) if key in wanted}
    found = scratch.fetch_all(files, deadline_s)
    music = {
        key: (found.get(("music", key), Path(key)), each.measured) for key, each in sounds.items()
    }
    names = {key: each.digest for key, each in sounds.items() if each.digest}
    return RenderSources({key: found["chunk", key] for key in clips}, music, names)
