"""The benchmarks: what Mixer is measured by, beside something fair measured in the same run."""
