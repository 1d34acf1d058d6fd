"""How the options of a mix become its layout and its encoding. Pure."""

from mixer.formats import DEFAULT_FORMAT
from mixer.requests import Options
from mixer.sound import PRESETS, DuckingEnvelope
from mixer.sound.arrange import MixStyle
from mixer.sound.formats import Encoding


def select_encoding(options: Options) -> Encoding:
    """Select the requested format and bit rate, or those of the preset."""
    kbps = options.bitrate_kbps or PRESETS[options.preset].bitrate_kbps
    return Encoding(options.format or DEFAULT_FORMAT, kbps)


def mix_style(options: Options) -> MixStyle:
    """Convert the options of a mix for the layout."""
    encoding = select_encoding(options)
    return MixStyle(
        preset=PRESETS[options.preset],
        level_offset_db=encoding.level_offset_db,
        section_grid=encoding.stream.section_grid,
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
