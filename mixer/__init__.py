"""Text in, finished audio out: narrated, mixed with music, mastered, captioned.

The rooms, from the ground up: `script` decides what is said, `speech` says it, `sound` lays it
out and mixes it, `publish` writes what goes with it, `store` keeps it all, `housekeeping` tidies.
"""

__version__ = "0.1.0"
