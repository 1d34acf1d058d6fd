"""What a story hands out with its audio: captions, chapters, picture, report, books."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.stories.outputs.episodes import StoryTexts
    from mixer.stories.outputs.export import (
        AudioSigner,
        chapters_folder,
        export_files,
        list_exports,
    )
    from mixer.stories.outputs.extra_outputs import OutputMaker, StemMaker, StoredAudio
    from mixer.stories.outputs.sidecars import (
        Mix,
        build_captions,
        build_chapters,
        build_outline,
        build_report,
        collect_measurements,
        draw_picture,
    )

__getattr__ = export_lazily(__name__)
