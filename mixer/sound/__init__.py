"""Chunk audio to mixdown: the timeline, and FFmpeg carrying it out."""
