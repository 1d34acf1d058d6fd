"""Text to Script: what is spoken, in which chunks, with which pauses. Pure, all of it.

`readers` turn a source into a Document, `planning` turns a Document into a Script, `normalise`
writes text the way it is spoken. Here is what they share.
"""

from mixer.script.document import Cover, Document, collapse_whitespace
from mixer.script.limits import LIMITS, EngineLimits
from mixer.script.script import (
    NARRATOR,
    BreakKind,
    Chunk,
    CuePlace,
    Role,
    Script,
    SoundCue,
    SoundKind,
    SoundShape,
    Utterance,
)
