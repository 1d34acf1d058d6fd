"""Benchmarks: each figure is a ratio against something fair measured in the same run."""
