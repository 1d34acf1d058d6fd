"""How many samples an MP3 holds, counted frame by frame; headers that promise a length may lie."""

from collections.abc import Iterator

BITRATES_KBPS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Layer III, by the MPEG version (2 stands for 2.5 as well). Source: ISO 11172-3 and 13818-3."""

RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the version bits of a frame's header: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""

MPEG_1 = 3
LAYER_III = 1
HEADER_BYTES = 4
ID3_HEADER_BYTES = 10


def sample_count(mp3: bytes) -> int:
    """Samples of all whole frames, the decoder's delay and the padding included."""
    return sum(samples for samples, _ in _iterate_frames(mp3))


def _iterate_frames(mp3: bytes) -> Iterator[tuple[int, int]]:
    """Samples and bytes of each frame; bytes that are no frame are skipped."""
    position = _id3_bytes(mp3)
    while position + HEADER_BYTES <= len(mp3):
        samples, size_bytes = _parse_frame(mp3[position : position + HEADER_BYTES])
        if samples and position + size_bytes <= len(mp3):
            yield samples, size_bytes
        position += size_bytes if samples else 1


def _parse_frame(header: bytes) -> tuple[int, int]:
    """Samples and bytes of the frame that a header begins; zeros where it begins none."""
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    is_header = header[0] == 0xFF and header[1] >> 5 == 7 and layer == LAYER_III  # noqa: PLR2004
    if not is_header or version not in RATES_HZ or bitrate in {0, 15} or rate == 3:  # noqa: PLR2004
        return 0, 0
    samples = 1_152 if version == MPEG_1 else 576
    kbps = BITRATES_KBPS[1 if version == MPEG_1 else 2][bitrate]
    padding = header[2] >> 1 & 1
    return samples, samples // 8 * kbps * 1_000 // RATES_HZ[version][rate] + padding


def _id3_bytes(mp3: bytes) -> int:
    """Length of an ID3v2 tag at the start: its size is kept in four bytes of seven bits."""
    if not mp3.startswith(b"ID3"):
        return 0
    size = 0
    for byte in mp3[6:ID3_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    return ID3_HEADER_BYTES + size
