"""Services apart from stories: projects, the music library, inspection, voices for a cast."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.services.book_cast import CastBook, assign_voices
    from mixer.services.inspection import (
        Inspection,
        check_target,
        collect_figures,
        draw_picture,
        inspect,
    )
    from mixer.services.library import (
        SHARED_PREFIX,
        UPLOAD_TYPES,
        MusicLibrary,
    )
    from mixer.services.project_states import Project
    from mixer.services.projects import ProjectService
    from mixer.services.speaker_model import SpeakerModel

__getattr__ = export_lazily(__name__)
