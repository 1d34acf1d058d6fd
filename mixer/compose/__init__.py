"""The only place that builds adapters: from settings to the parts of a process.

Each part is built at first use and kept, so nothing unneeded is imported or connected. The first
use of a part is not safe for several threads.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.compose.aws import (
        AwsServices,
        open_bucket_services,
        open_cloud_services,
        open_story_starter,
    )
    from mixer.compose.engines import is_polly, list_engines, list_local_voices, open_local_engine
    from mixer.compose.installation import Installation
    from mixer.compose.laptop import (
        LaptopServices,
        build_story_runner,
        mix_local_files,
        open_folder_services,
        open_speaker_model,
    )
    from mixer.compose.services import Services

__getattr__ = export_lazily(__name__)
