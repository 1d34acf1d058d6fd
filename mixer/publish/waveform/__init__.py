"""The picture of a mix: waveform, music, loudness, chapters and time as a PNG."""

from mixer.publish.waveform.picture import WaveformPicture, format_clock

__all__ = ["WaveformPicture", "draw_waveform", "format_clock"]


def draw_waveform(picture: WaveformPicture) -> bytes:
    """Draw a picture as a PNG, 1600 pixels wide; taller where the loudness is known."""
    from mixer.publish.waveform.painter import draw_png  # Pillow is loaded only here

    return draw_png(picture)
