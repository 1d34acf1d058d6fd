"""A timeline rendered in segments, cached, joined into a finished file."""
