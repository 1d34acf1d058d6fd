"""What goes with the audio: captions, the waveform picture, the report."""
