"""The embedded voice: speech without an account and without a network."""
