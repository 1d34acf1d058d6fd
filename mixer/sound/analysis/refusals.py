"""Sound files that cannot be measured, and what their owner can do."""

from contextlib import suppress
from pathlib import Path

from mixer.errors import RenderFailed, UnplayableAudio
from mixer.sound import ffmpeg
from mixer.sound.analysis.file_ends import has_second_file
from mixer.sound.analysis.samples import OVERFLOW, SampleReader, decode_samples

MIN_RATE_HZ = 4_000
"""The meter's filters reach up to 2 kHz (ITU-R BS.1770-5, annex 1)."""

MAX_RATE_HZ = 2_822_400
"""The rate at which FFmpeg plays DSD512. Above, memory and the design of filters grow with a rate
that a header of 44 bytes may state as 2,147,483,647 Hz.
"""

STEREO = 2


def require_single_file(path: Path, name: str) -> None:
    """Raise UnplayableAudio for files behind one another: only the first would play."""
    if has_second_file(path):
        raise UnplayableAudio(
            f"{name} is several sound files behind one another, of which only the first would "
            "play: join them with an audio editor, or send each alone.",
            key=name,
        )


def require_measurable(rate_hz: int, name: str) -> None:
    """Raise UnplayableAudio for a sample rate that no sound has."""
    if rate_hz < MIN_RATE_HZ:
        raise UnplayableAudio(
            f"The sample rate of {name} is too low: {rate_hz:,} Hz; at least {MIN_RATE_HZ:,} Hz are"
            " needed.",
            key=name,
        )
    if rate_hz > MAX_RATE_HZ:
        raise UnplayableAudio(
            f"The sample rate of {name} is too high: {rate_hz:,} Hz; at most {MAX_RATE_HZ:,} Hz"
            " are read.",
            key=name,
        )


def explain_failure(error: RenderFailed, path: Path, name: str) -> UnplayableAudio:
    """The error for a file that FFmpeg cannot decode or mix down."""
    return UnplayableAudio(_describe_failure(error, path, name), key=name)


def _describe_failure(error: RenderFailed, path: Path, name: str) -> str:
    if ffmpeg.is_mostly_undecodable(str(error)):
        return f"Most of {name} is damaged, or something else than audio: export it again."
    if str(error) == OVERFLOW:
        return (
            f"{name} has samples that are not numbers, or 120 dB above full scale: export it again."
        )
    if (channels := _count_channels(path)) > STEREO:
        return f"The {channels} channels of {name} cannot be mixed down: export it in stereo."
    return f"FFmpeg finds no audio in {name}."


def _count_channels(path: Path) -> int:
    """How many channels there are before they are mixed down; 0 without sound."""

    def consume(reader: SampleReader) -> int:
        return reader.channels if list(reader.read()) else 0

    with suppress(RenderFailed):
        return decode_samples(path, "atrim=end_sample=1", consume).result
    return 0
