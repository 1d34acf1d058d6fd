"""Lays out what is spoken of a story so far, so that what was played of it never moves. Pure.

Music of which something was played keeps its level. The end of the music and the gain are those of
a story that ends here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mixer.requests import Options
from mixer.sound import Cue, Mastering, Timeline
from mixer.sound.arrange import MixStyle, SoundFile, Take, build_timeline
from mixer.sound.formats import MP3, Encoding
from mixer.stories.mix_options import mix_style, select_encoding

FORMAT_VERSION = 1

BEYOND_S = 60.0
"""Music after the last words so far, so that no fade reaches what can be played."""

UNSETTLED_S = 0.4
"""Before the end of the last recording: its margin and fade depend on the next one, and the
encoder looks ahead."""


@dataclass(frozen=True, slots=True)
class PlayedState:
    """What later layouts must keep: gains of music by its place."""

    attempt: int
    music_gains_db: Mapping[str, float] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class Provisional:
    """A layout of the first takes of a story, or of all."""

    timeline: Timeline
    is_complete: bool

    @property
    def settled_s(self) -> float:
        """How far it can be played."""
        if self.is_complete:
            return self.timeline.duration_s
        end_s = self.timeline.seconds(self.timeline.clips[-1].end)
        return max(0.0, end_s - UNSETTLED_S)

    def keep_played(self, state: PlayedState, end: int) -> PlayedState:
        """Note what must not change once the samples before `end` are played."""
        if self.is_complete:
            return state
        gains = {_name_cue(cue): cue.gain_db for cue in self._list_beds(end)}
        return replace(state, music_gains_db={**gains, **state.music_gains_db})

    def _list_beds(self, end: int) -> list[Cue]:
        return [cue for cue in self.timeline.cues if not cue.plays_once and cue.start < end]


@dataclass(frozen=True, slots=True)
class SpokenStory:
    """What is spoken of a story; `mastering` is that of the finished file, once it is known.

    `has_sounds` counts those that are yet to come.
    """

    takes: Sequence[Take]
    sounds: Mapping[str, SoundFile]
    music: str
    options: Options
    has_sounds: bool
    is_complete: bool
    mastering: Mastering | None = None

    @property
    def encoding(self) -> Encoding:
        """The story's own MP3, or another if its format cannot be played while it is made."""
        own = select_encoding(self.options)
        return own if own.kind is MP3.kind else MP3

    def lay_out(self, state: PlayedState) -> Provisional:
        """Lay out the takes; raises UnplayableAudio if all of them are silent."""
        style = replace(
            mix_style(self.options),
            level_offset_db=self.encoding.level_offset_db,
            min_channels=2 if self.has_sounds else 1,
        )
        timeline = ended = self._build(style)
        if self.has_sounds and not self.is_complete:
            timeline = self._build(replace(style, outro_s=style.outro_s + BEYOND_S))
        timeline = replace(
            timeline,
            cues=tuple(_keep_gain(cue, state) for cue in timeline.cues),
            mastering=self.mastering or ended.mastering,
        )
        return Provisional(timeline, self.is_complete)

    def _build(self, style: MixStyle) -> Timeline:
        return build_timeline(self.takes, self.sounds.get(self.music), style, self.sounds)


def _keep_gain(cue: Cue, state: PlayedState) -> Cue:
    if cue.plays_once:
        return cue
    return replace(cue, gain_db=state.music_gains_db.get(_name_cue(cue), cue.gain_db))


def _name_cue(cue: Cue) -> str:
    return f"{cue.start} {cue.source}"
