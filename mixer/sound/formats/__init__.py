"""Formats of finished files, one module each; `model` explains how to add one."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.sound.formats.encoding import FORMATS, MP3, Encoding
    from mixer.sound.formats.model import (
        AudioSource,
        EncodedStream,
        FileCut,
        FileSpec,
        StreamedFormat,
        StreamFormat,
        WholeFile,
        Workshop,
    )
    from mixer.sound.formats.mpeg_ts import pack_transport_stream
    from mixer.sound.formats.tags import COVER_TYPE, AudioTags, three_letter_code

__getattr__ = export_lazily(__name__)
