"""What a finished mix shall measure, by purpose.

Sources: Apple's podcast requirements (-16 LUFS, -1 dBTP), AES TD1008 (speech -18 LUFS), EBU R128
(-23 LUFS, -1 dBTP), ACX's submission requirements (peak -3 dB, 192 kbit/s).
"""

from dataclasses import dataclass
from types import MappingProxyType

from mixer.sound.timeline import Treatment

HIGH_PASS_HZ = 60
"""Below are rumble and offsets, no voice."""

ROOM_TONE_DBFS = -72.0
"""12 dB under the noise that the audiobook shop allows: noticed only where it is missing."""

GENTLE = Treatment(high_pass_hz=HIGH_PASS_HZ)


@dataclass(frozen=True, slots=True)
class DuckingEnvelope:
    """How quickly a bed gives way, and how soon it comes back.

    Attributes:
        attack_s: before the first syllable.
        hold_s: behind the last, until it begins to rise.
    """

    attack_s: float = 0.15
    hold_s: float = 0.2
    release_s: float = 0.5

    @property
    def min_pause_s(self) -> float:
        """Shorter pauses are held through."""
        return self.attack_s + self.hold_s + self.release_s


RADIO = DuckingEnvelope()


@dataclass(frozen=True, slots=True)
class Preset:
    """A purpose's figures.

    Attributes:
        stereo_lufs: integrated loudness of a mix with music.
        mono_lufs: integrated loudness of a voice alone, which stays mono.
        ceiling_dbtp: true peak of the decoded file.
        bitrate_kbps: of its MP3.
        music: whether music belongs to it unless requested.
        margin_s: silence before the first and after the last word.
        treatment: of the voice, unless more is requested.
        envelope: how quickly music gives way to the voice and comes back.
        rms_db: bounds of the plain level of the whole file, where a shop asks for them.
        room_tone_dbfs: plain level of a noise under everything; None for none.
    """

    stereo_lufs: float
    mono_lufs: float
    ceiling_dbtp: float
    bitrate_kbps: int
    music: bool = True
    margin_s: tuple[float, float] = (0.3, 0.5)
    treatment: Treatment = GENTLE
    envelope: DuckingEnvelope = RADIO
    rms_db: tuple[float, float] | None = None
    room_tone_dbfs: float | None = None


PRESETS = MappingProxyType(
    {
        "story": Preset(-18.0, -18.0, -1.0, 128),
        "podcast": Preset(-16.0, -19.0, -1.0, 128),
        "audiobook-acx": Preset(
            stereo_lufs=-20.0,
            mono_lufs=-20.0,
            ceiling_dbtp=-3.0,
            bitrate_kbps=192,
            music=False,
            margin_s=(0.75, 2.5),
            rms_db=(-23.0, -18.0),
            room_tone_dbfs=ROOM_TONE_DBFS,
        ),
        "broadcast": Preset(-23.0, -23.0, -1.0, 192),
    }
)
