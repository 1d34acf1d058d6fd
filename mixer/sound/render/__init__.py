"""Renders a timeline in cached segments and joins them into a finished file."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.sound.render.mixdown import (
        Mixdown,
        RenderAttempt,
        RenderJob,
        render,
        render_to_target,
    )
    from mixer.sound.render.render_history import RenderHistory
    from mixer.sound.render.segment_cache import SegmentCache
    from mixer.sound.render.segment_renderer import Renderer, RenderPool, RenderSources
    from mixer.sound.render.segment_streams import render_streams
    from mixer.sound.render.segments import Segment, cut_timeline, source_keys
    from mixer.sound.render.store_join import StreamJoin

__getattr__ = export_lazily(__name__)
