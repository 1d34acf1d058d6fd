"""The picture of a mix: waveform, music, loudness, chapters and time as a PNG."""

from mixer.publish.waveform.axis import format_clock
from mixer.publish.waveform.picture import WaveformPicture, draw_waveform

__all__ = ["WaveformPicture", "draw_waveform", "format_clock"]
