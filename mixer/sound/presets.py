"""Targets of a finished mix by purpose.

Sources: Apple's podcast requirements (-16 LUFS, -1 dBTP), AES TD1008 (speech -18 LUFS), EBU R128
(-23 LUFS, -1 dBTP), ACX's submission requirements (peak -3 dB, 192 kbit/s).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from mixer.sound.timeline import Treatment

HIGH_PASS_HZ = 60
"""Below are rumble and offsets, no voice."""

ROOM_TONE_DBFS = -72.0
"""12 dB under the noise that the audiobook shop allows: noticed only if it is missing."""

GENTLE = Treatment(high_pass_hz=HIGH_PASS_HZ)


@dataclass(frozen=True, slots=True)
class DuckingEnvelope:
    """Timing of a bed: attack before the first syllable, hold after the last, then release."""

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
    """Targets for a purpose.

    `codec` and `min_kbps` are what a shop accepts (empty, 0: anything). `mono_lufs` is for a voice
    without music, `ceiling_dbtp` for the decoded file, and `margin_s` is the silence before the
    first and after the last word. `rms_db` and `room_tone_dbfs` (plain levels of the whole file and
    of the noise under it) may be None.
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
    codec: str = ""
    min_kbps: int = 0

    def find_conflicts(self, codec: str, kbps: int, *, has_music: bool) -> Iterator[str]:
        """Say what keeps a mix from meeting the rules of the preset, before it is made."""
        if has_music and not self.music:
            yield (
                "Music breaks the preset's rules on the noise floor and on the quiet at both ends:"
                " leave out the music."
            )
        if self.codec and codec != self.codec:
            yield f"The preset requires {self.codec}, but the format is {codec}: use {self.codec}."
        if kbps < self.min_kbps:
            yield (
                f"The preset requires at least {self.min_kbps} kbit/s, but the bit rate is {kbps}:"
                " use a higher one."
            )


PRESETS = MappingProxyType(
    {
        "story": Preset(-18.0, -18.0, -1.0, 128),
        "podcast": Preset(-16.0, -19.0, -1.0, 128),
        "audiobook-acx": Preset(
            stereo_lufs=-20.0,
            mono_lufs=-20.0,
            ceiling_dbtp=-3.0,
            bitrate_kbps=192,
            codec="mp3",
            min_kbps=192,
            music=False,
            margin_s=(0.75, 2.5),
            rms_db=(-23.0, -18.0),
            room_tone_dbfs=ROOM_TONE_DBFS,
        ),
        "broadcast": Preset(-23.0, -23.0, -1.0, 192),
    }
)
