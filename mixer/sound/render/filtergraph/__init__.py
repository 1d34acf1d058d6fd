"""A segment of a Timeline as one FFmpeg command: its inputs, its filters, its output. Pure.

Voice and music stay apart until the last moment. Each clip is decoded once, trimmed, faded and
levelled, padded with the silence that follows it, and laid end to end with the others: mono, at
the timeline's rate (`voice`). Each cue reads its stretch of a prepared bed, piece by piece where
its level changes (`music`). Only then does the voice become stereo and meet the music (`command`).
`graph` is what they write on.

Everything a sample goes through depends on its place on the timeline alone, never on where the
segment begins; that is why segments join without a trace.
"""

from mixer.sound.render.filtergraph.command import LOUDNESS_STEP, Command, build_segment_command

__all__ = ["LOUDNESS_STEP", "Command", "build_segment_command"]
