"""Values of a mix, and how its options become a layout and an encoding."""

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
"""Width of the waveform picture."""

DEFAULT_GAP_MS = 1_000
"""After chunks without metadata of their end (the contract's default)."""


@dataclass(frozen=True, slots=True)
class MixMeasurements:
    """Measurements of a finished file other than loudness and peak.

    Attributes:
        loudness_range_lu: None, as all below, if not measured or too short.
        rms_dbfs: level of the whole file.
        noise_floor_dbfs: level of the quietest half second.
        bed_below_speech_lu: how far the music is below the voice.
        rules: results of the preset's rules.
        unmeasured: names of figures skipped because the file is too long.
    """

    loudness_range_lu: float | None = None
    rms_dbfs: float | None = None
    noise_floor_dbfs: float | None = None
    bed_below_speech_lu: float | None = None
    rules: tuple[ComplianceRule, ...] = ()
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix; `sounds` and `flaws` are by source."""

    timeline: Timeline
    verification: Verification
    sounds: Mapping[str, SoundFile]
    preset: PresetName = "story"
    encoding: Encoding = MP3
    flaws: Mapping[str, Sequence[str]] = field(default_factory=dict)
    measurements: MixMeasurements | None = None

    @property
    def peaks_dbtp(self) -> dict[str, float]:
        """True peaks of the music and sounds, by source."""
        return {source: each.measured.true_peak_dbtp for source, each in self.sounds.items()}


def measure_music(path: Path, name: str, processes: ProcessGroup) -> SoundFile:
    """Measure music; raises UnplayableAudio if it has no sound, BadInput if it is silent."""
    measured = measure(path, name, channels=MUSIC_CHANNELS, processes=processes)
    if measured.loudness_lufs is None:
        raise BadInput(f"The music {name} is silent.", key=name)
    return SoundFile(name, measured)


def measure_files(files: Mapping[str, Path], processes: ProcessGroup) -> dict[str, Measurement]:
    """Measure recordings on all cores, by the names that errors use."""

    def measure_file(file: tuple[str, Path]) -> Measurement:
        return measure(file[1], file[0], processes=processes)

    measured = run_in_parallel(files.items(), measure_file, usable_cores())
    return {name: outcome.result() for (name, _), outcome in measured}


def select_encoding(options: Options) -> Encoding:
    """Select the requested format and bit rate, or those of the preset."""
    kbps = options.bitrate_kbps or PRESETS[options.preset].bitrate_kbps
    return Encoding(options.format or DEFAULT_FORMAT, kbps)


def mix_style(options: Options) -> MixStyle:
    """Convert the options of a mix for the layout."""
    return MixStyle(
        preset=PRESETS[options.preset],
        level_offset_db=select_encoding(options).level_offset_db,
        music_level_lu=options.music_level_lu,
        duck_db=options.duck_db,
        envelope=_build_envelope(options),
        de_ess=options.de_ess,
        intro_s=options.music_intro_s,
        outro_s=options.music_outro_s,
        fade_out_s=options.fade_out_s,
    )


def _build_envelope(options: Options) -> DuckingEnvelope:
    own = PRESETS[options.preset].envelope
    return DuckingEnvelope(
        own.attack_s if options.duck_attack_s is None else options.duck_attack_s,
        own.hold_s if options.duck_hold_s is None else options.duck_hold_s,
        own.release_s if options.duck_release_s is None else options.duck_release_s,
    )
