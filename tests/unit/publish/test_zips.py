"""Archives written into a stream: the bytes that a file would get, an entry at a time on disk."""

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from mixer.publish.zips import add_file, build_entry, open_zip


class Stream(io.RawIOBase):
    """Cannot be sought, and notes how much came in each time."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self.content += bytes(content)
        return len(content)


def fill(archive: ZipFile, path: Path) -> None:
    archive.writestr(build_entry("first"), b"bare")
    archive.writestr(build_entry("second"), b"packed" * 100, ZIP_DEFLATED)
    add_file(archive, "third", path)
    add_file(archive, "fourth", path)


def test_stream_gets_the_bytes_of_a_file(tmp_path: Path):
    path = tmp_path / "sound"
    path.write_bytes(bytes(range(256)) * 10_000)
    with ZipFile(tmp_path / "file.zip", "w") as archive:
        fill(archive, path)
    stream = Stream()
    with open_zip(stream) as archive:  # type: ignore[arg-type]
        fill(archive, path)
        assert 2_560_000 < len(stream.content) < 2 * 2_560_000 + 2_000
    assert stream.content == (tmp_path / "file.zip").read_bytes()
