"""What a mix is made of, and how its options become a layout and an encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mixer.errors import BadInput
from mixer.formats import DEFAULT_FORMAT
from mixer.parallel import run_in_parallel, usable_cores
from mixer.requests import Options, PresetName
from mixer.sound import PRESETS, DuckingEnvelope, ProcessGroup, Timeline
from mixer.sound.analysis import MUSIC_CHANNELS, ComplianceRule, Measurement, Verification, measure
from mixer.sound.arrange import MixStyle, SoundFile
from mixer.sound.formats import MP3, Encoding

OUTLINE_COLUMNS = 1_600
"""Of the waveform picture."""

DEFAULT_GAP_MS = 1_000
"""After chunks that say nothing of their end (the contract's default)."""


@dataclass(frozen=True, slots=True)
class MixMeasurements:
    """What a finished file measures besides its loudness and its peak, and what follows from it.

    Attributes:
        loudness_range_lu: None where there was too little to measure it, or it was not looked at.
        rms_dbfs: plain level of the whole, likewise.
        noise_floor_dbfs: plain level of the quietest half second, likewise.
        bed_below_speech_lu: how far the music lies below the voice while it speaks, likewise.
        rules: of the preset, on all that was measured.
        unmeasured: names of what was not looked at, because the file is too long for it.
    """

    loudness_range_lu: float | None = None
    rms_dbfs: float | None = None
    noise_floor_dbfs: float | None = None
    bed_below_speech_lu: float | None = None
    rules: tuple[ComplianceRule, ...] = ()
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix.

    Attributes:
        timeline: what it is made of.
        verification: what the finished file measures.
        sounds: what is played besides the voice, by source.
        preset: by whose rules it is judged.
        encoding: of the finished file.
        flaws: of the recordings, by source.
        measurements: what was found out of it before; None: told by `checked`.
    """

    timeline: Timeline
    verification: Verification
    sounds: Mapping[str, SoundFile]
    preset: PresetName = "story"
    encoding: Encoding = MP3
    flaws: Mapping[str, Sequence[str]] = field(default_factory=dict)
    measurements: MixMeasurements | None = None

    @property
    def peaks_dbtp(self) -> dict[str, float]:
        """True peaks of what is played besides the voice, by source."""
        return {source: each.measured.true_peak_dbtp for source, each in self.sounds.items()}


def measure_music(path: Path, name: str, processes: ProcessGroup) -> SoundFile:
    """Measure music, before anything is paid for the voice.

    Args:
        name: what errors and the timeline call it.

    Raises:
        UnplayableAudio: there is no sound in it.
        BadInput: it is silent.
    """
    measured = measure(path, name, channels=MUSIC_CHANNELS, processes=processes)
    if measured.loudness_lufs is None:
        raise BadInput(f"The music {name} is silent.", key=name)
    return SoundFile(name, measured)


def measure_files(files: Mapping[str, Path], processes: ProcessGroup) -> dict[str, Measurement]:
    """Measure files of the voice on all cores.

    Args:
        files: by the name that errors give them.
    """

    def measure_file(file: tuple[str, Path]) -> Measurement:
        return measure(file[1], file[0], processes=processes)

    measured = run_in_parallel(files.items(), measure_file, usable_cores())
    return {name: outcome.result() for (name, _), outcome in measured}


def select_encoding(options: Options) -> Encoding:
    """The format and the bit rate that are asked for, or the preset's own."""
    kbps = options.bitrate_kbps or PRESETS[options.preset].bitrate_kbps
    return Encoding(options.format or DEFAULT_FORMAT, kbps)


def mix_style(options: Options) -> MixStyle:
    """The options of a mix as the layout wants them."""
    return MixStyle(
        preset=PRESETS[options.preset],
        level_offset_db=select_encoding(options).level_offset_db,
        music_level_lu=options.music_level_lu,
        duck_db=options.duck_db,
        envelope=_ramping(options),
        de_ess=options.de_ess,
        intro_s=options.music_intro_s,
        outro_s=options.music_outro_s,
        fade_out_s=options.fade_out_s,
    )


def _ramping(options: Options) -> DuckingEnvelope:
    """The times that are asked for, the preset's own where none are."""
    own = PRESETS[options.preset].envelope
    return DuckingEnvelope(
        own.attack_s if options.duck_attack_s is None else options.duck_attack_s,
        own.hold_s if options.duck_hold_s is None else options.duck_hold_s,
        own.release_s if options.duck_release_s is None else options.duck_release_s,
    )
