"""Script to chunk audio: the speech engines and the pool that drives them."""
