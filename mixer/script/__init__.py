"""Text to Script: what is said, in which chunks, with which pauses. Pure, all of it."""
