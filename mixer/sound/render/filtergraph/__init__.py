"""Builds the FFmpeg command of a segment: inputs, filters, output. Pure.

`voice` trims, fades and levels each clip and lays them end to end in mono; `music` reads each cue
from its bed, in pieces where the level changes; `command` mixes both. Processing depends on a
sample's place on the timeline, never on the segment's start, so segments join without a trace.
"""

from mixer.sound.render.filtergraph.command import LOUDNESS_STEP, Command, build_segment_command

__all__ = ["LOUDNESS_STEP", "Command", "build_segment_command"]
