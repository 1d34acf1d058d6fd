"""Lays out takes and music on a Timeline, before any audio is processed. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType

from mixer.errors import UnplayableAudio
from mixer.script import CuePlace, SoundKind
from mixer.sound.analysis import Measurement
from mixer.sound.arrange.arrangement import (
    SOUND_GAP_S,
    VoiceLayout,
    arrange_music,
    arrange_sounds,
    extend_gaps,
    sounds_at,
    sounds_duration_s,
)
from mixer.sound.arrange.cues import MusicBedStyle, SoundFile, Span
from mixer.sound.arrange.levels import MasteringTarget, clip_gains_db, compute_mastering
from mixer.sound.arrange.loudness_prediction import Background, predict_loudness
from mixer.sound.arrange.music_levels import (
    Accompaniment,
    build_accompaniment,
    count_silent_windows,
    mean_shares,
    pause_windows,
    speech_spans,
)
from mixer.sound.arrange.placement import (
    MusicPlace,
    PlacedSound,
    SoundAnnotation,
    Take,
    place_takes,
)
from mixer.sound.loudness import DUAL_MONO_LU
from mixer.sound.presets import RADIO, DuckingEnvelope, Preset
from mixer.sound.timeline import MIX_RATE_HZ, Mastering, Timeline

UNMASTERED = Mastering(gain_db=0.0, target_lufs=0.0, ceiling_dbtp=0.0, limit_db=None)
NAMED_TAKES = 20
"""How many silent takes an error names."""


@dataclass(frozen=True, slots=True)
class MixStyle:
    """The style of a mix.

    `level_offset_db` is the encoder's change of level, `duck_db` the rise of the music in long
    pauses, `de_ess` goes from 0 to 1, and `prediction_error_lu` is how much louder than predicted
    the mix was. Sections begin at multiples of `section_grid` samples; there are at least
    `min_channels`. `kept_music` is where music was in the last version of the mix.
    """

    preset: Preset
    level_offset_db: float = 0.0
    music_level_lu: float = 20.0
    duck_db: float = 8.0
    intro_s: float = 0.0
    outro_s: float = 2.0
    fade_out_s: float = 5.0
    envelope: DuckingEnvelope = RADIO
    de_ess: float = 0.0
    prediction_error_lu: float = 0.0
    section_grid: int = 1
    min_channels: int = 1
    kept_music: Mapping[str, MusicPlace] = field(default_factory=dict)


NO_SOUNDS: Mapping[str, SoundFile] = MappingProxyType({})


def build_timeline(
    takes: Sequence[Take],
    music: SoundFile | None,
    style: MixStyle,
    sounds: Mapping[str, SoundFile] = NO_SOUNDS,
) -> Timeline:
    """Lay out a mix; a voice without music and sounds stays mono.

    `music` plays from the beginning, unless the first take sets other music.

    Raises:
        UnplayableAudio: all takes are silent; the message names them.
        BadInput: the music, or a sound, is silent.
    """
    known = {**sounds, **({music.source: music} if music else {})}
    opening = SoundAnnotation(music.source, SoundKind.MUSIC) if music else None
    audible = _select_audible(takes)
    has_cues = bool(music) or any(cue.source for take in audible for cue in take.annotations)
    channels = max(style.min_channels, 2 if has_cues else 1)
    voice = _place_voice(audible, style, opening, known, channels=channels)
    placed = arrange_sounds(voice, known)
    length = _timeline_length(style, voice, placed, has_music=has_cues)
    speech = speech_spans(voice.clips, voice.measurements, voice.rate_hz, style.envelope)
    accompaniment = build_accompaniment(
        arrange_music(opening, placed, voice, length, style.kept_music),
        placed,
        speech,
        known,
        length=length,
        bed_style=_bed_style(style, voice.rate_hz),
    )
    timeline = _compose_timeline(style, voice, accompaniment, length, channels)
    return _master(timeline, style, voice.measurements, accompaniment, speech)


def _compose_timeline(
    style: MixStyle, voice: VoiceLayout, accompaniment: Accompaniment, length: int, channels: int
) -> Timeline:
    return Timeline(
        rate_hz=voice.rate_hz,
        length=length,
        channels=channels,
        clips=voice.clips,
        cues=accompaniment.cues,
        sections=voice.sections,
        mastering=UNMASTERED,
        treatment=replace(style.preset.treatment, de_ess=style.de_ess),
        room_tone_dbfs=style.preset.room_tone_dbfs,
        section_grid=style.section_grid,
    )


def _bed_style(style: MixStyle, rate_hz: int) -> MusicBedStyle:
    return MusicBedStyle(
        rise_db=style.duck_db,
        level_lu=style.music_level_lu,
        fade_out_s=style.fade_out_s,
        rate_hz=rate_hz,
        envelope=style.envelope,
    )


def _select_audible(takes: Sequence[Take]) -> list[Take]:
    audible = [take for take in takes if not take.measured.is_silent]
    if not audible:
        keys = [take.source for take in islice(takes, NAMED_TAKES)]
        raise UnplayableAudio("There is nothing to mix: every chunk is silent or empty.", keys=keys)
    return audible


def _place_voice(
    takes: Sequence[Take],
    style: MixStyle,
    opening: SoundAnnotation | None,
    sounds: Mapping[str, SoundFile],
    *,
    channels: int,
) -> VoiceLayout:
    measured = [take.measured for take in takes]
    level_db = clip_gains_db(measured, channels)
    gains_db = [gain + take.level_db for gain, take in zip(level_db, takes, strict=True)]
    spaced = extend_gaps(takes, sounds)
    lead_s = _lead_s(style, spaced[0], opening, sounds)
    clips, sections = place_takes(spaced, gains_db, lead_s, style.section_grid)
    margin = round(style.preset.margin_s[0] * MIX_RATE_HZ)
    return VoiceLayout(spaced, clips, sections, margin, MIX_RATE_HZ)


def _master(
    timeline: Timeline,
    style: MixStyle,
    measured: Sequence[Measurement],
    accompaniment: Accompaniment,
    speech: Sequence[Span],
) -> Timeline:
    model = predict_loudness(
        timeline.clips,
        measured,
        timeline.length,
        timeline.rate_hz,
        dual_mono_db=DUAL_MONO_LU if timeline.channels > 1 else 0.0,
        background=_find_background(timeline, measured, accompaniment, speech),
    )
    rate_hz = max(each.rate_hz for each in measured)
    mastering = compute_mastering(
        model,
        accompaniment.bed_peak_db,
        MasteringTarget(style.preset, timeline.channels, rate_hz, style.level_offset_db),
        prediction_error_lu=style.prediction_error_lu,
        has_sounds=bool(accompaniment.sound_cues),
    )
    return replace(timeline, mastering=mastering)


def _find_background(
    timeline: Timeline,
    measured: Sequence[Measurement],
    accompaniment: Accompaniment,
    speech: Sequence[Span],
) -> Background:
    length, rate_hz, sounds = timeline.length, timeline.rate_hz, accompaniment.sounds
    under_clips = accompaniment.background_levels(timeline.clips)
    in_pauses: defaultdict[float, float] = defaultdict(float)
    in_pauses.update(pause_windows(speech, accompaniment.cues, length, sounds, rate_hz))
    for level_lufs, share in mean_shares(timeline.clips, under_clips).items():
        in_pauses[level_lufs] += share * count_silent_windows(speech, measured, rate_hz)
    return Background(under_clips, in_pauses)


def _lead_s(
    style: MixStyle, first: Take, opening: SoundAnnotation | None, sounds: Mapping[str, SoundFile]
) -> float:
    before = [
        annotation
        for annotation in sounds_at(first, CuePlace.BEFORE)
        if annotation.kind is not SoundKind.MUSIC
    ]
    last = [
        annotation
        for annotation in [opening, *sounds_at(first, CuePlace.BEFORE)]
        if annotation and annotation not in before
    ]
    intro_s = 0.0
    if last and last[-1].source:
        own_s = last[-1].shape.intro_s
        intro_s = style.intro_s if own_s is None else own_s
    held = sounds_duration_s(before, sounds) + SOUND_GAP_S if before else 0.0
    return style.preset.margin_s[0] + held + intro_s


def _timeline_length(
    style: MixStyle, voice: VoiceLayout, placed_sounds: Sequence[PlacedSound], *, has_music: bool
) -> int:
    margin = round(style.preset.margin_s[1] * voice.rate_hz)
    outro = round(style.outro_s * voice.rate_hz) if has_music else 0
    last_sound = max((each.end for each in placed_sounds), default=0)
    return max(voice.clips[-1].end + max(margin, outro), last_sound + margin)


def split_stems(timeline: Timeline) -> dict[str, Timeline]:
    """Lay out each stem of a mix by name, as long as the mix; only the voice if it has no cues.

    Room tone belongs to the voice. The limit on the sum is left out: without it the stems add up to
    the mix, sample by sample.
    """
    mastering = replace(timeline.mastering, sum_limit_db=None)
    stems = {"voice": replace(timeline, cues=(), mastering=mastering)}
    if timeline.cues:
        music = replace(timeline, clips=(), room_tone_dbfs=None, mastering=mastering)
        stems["music"] = music
    return stems
