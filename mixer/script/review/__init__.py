"""A Script before it is spoken: what it will take, and what deserves a look. Pure."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.script.review.checks import (
        check_directions,
        check_language,
        find_pronunciation_hints,
        review_script,
    )
    from mixer.script.review.estimate import Estimate, estimate_script, list_pausing_files

__getattr__ = export_lazily(__name__)
