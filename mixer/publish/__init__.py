"""Everything that goes with the audio.

Tags, covers and chapters are here; captions, the read-aloud book (`epub`), podcast feeds (`feed`),
signed manifests (`provenance`), times of sentences (`timing`) and the picture (`waveform`) have
packages of their own.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.publish.chapters import (
        PODCAST_TYPE,
        FinishedFile,
        cut_chapters,
        format_labels,
        format_podcast_json,
        require_cuttable,
        zip_chapters,
    )
    from mixer.publish.cover import (
        Picture,
        encode_cover,
        read_cover,
        require_cover_size,
        require_picture,
    )
    from mixer.publish.tags import build_tags
    from mixer.publish.zips import unpack_zip, write_zip

__getattr__ = export_lazily(__name__)
