"""Calls a module in a process of its own: for libraries in C that read what anyone may send.

Such a library can crash, use all memory or never end, and nothing in the same process could stop
it. `process` starts the other process, waits for its lines and ends it; `answer` runs in it, under
limits. What it answers is bytes, to be checked like the file itself.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.isolation.process import Call, ProcessStopped, iterate_answer

__getattr__ = export_lazily(__name__)
