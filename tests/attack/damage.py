"""Damaged objects of a store: each kind of object × each kind of damage."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice, product
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory

from mixer import MixerError
from tests.attack.campaign import Row, Tally, describe_exception
from tests.attack.stories import STORE, narrate_story, write_music
from tests.engines import ToneEngine

Damage = Callable[[Path, Path, random.Random], None]
"""Damages an object; gets another of its kind, and random numbers."""


def empty_file(path: Path, _other: Path, _draw: random.Random) -> None:
    """What a power cut leaves where nothing was flushed."""
    path.write_bytes(b"")


def cut_file(path: Path, _other: Path, draw: random.Random) -> None:
    """Lose the end."""
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(1, max(2, len(content)))])


def flip_bit(path: Path, _other: Path, draw: random.Random) -> None:
    """Change one bit."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def zero_file(path: Path, _other: Path, _draw: random.Random) -> None:
    """Keep the size, lose the content."""
    path.write_bytes(bytes(path.stat().st_size))


def swap_files(path: Path, other: Path, _draw: random.Random) -> None:
    """Exchange the contents of two objects."""
    content = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)


def replace_by_folder(path: Path, _other: Path, _draw: random.Random) -> None:
    """Put a folder with a file in the object's place."""
    path.unlink()
    path.mkdir()
    (path / "inside").write_bytes(b"1")


def make_unreadable(path: Path, _other: Path, _draw: random.Random) -> None:
    """Make every read fail, for root too: the path leads to itself."""
    path.unlink()
    path.symlink_to(path)


def remove_file(path: Path, _other: Path, _draw: random.Random) -> None:
    """Lose the object."""
    path.unlink()


DAMAGES: tuple[Damage, ...] = (
    empty_file,
    cut_file,
    flip_bit,
    zero_file,
    swap_files,
    replace_by_folder,
    make_unreadable,
    remove_file,
)

REMAKES_SEGMENTS = (False, True)
"""Whether the segments are removed first, so that damaged chunks have to be read again."""


def attack_store(tally: Tally, draw: random.Random, count: int) -> None:
    """Damage one object and narrate twice: the same bytes, or one sentence and then the same."""
    with TemporaryDirectory(prefix="attack-") as name, _silence_log():
        base = Path(name, "base")
        base.mkdir()
        write_music(base)
        expected = narrate_story(base, ToneEngine())
        kinds = _group_objects(base / STORE)
        cases = list(product(sorted(kinds), DAMAGES, REMAKES_SEGMENTS))
        draw.shuffle(cases)
        for number, (kind, damage, remakes) in enumerate(islice(cycle(cases), count)):
            case = Path(name, str(number))
            copytree(base, case)
            chosen = draw.choice(kinds[kind])
            others = [each for each in kinds[kind] if each != chosen] or [chosen]
            if remakes and not chosen.is_relative_to(base / STORE / "segments"):
                rmtree(case / STORE / "segments")
            _damage_object(case, base, (chosen, draw.choice(others)), damage, draw)
            tally.count(_narrate_twice(case, expected, f"{kind} {damage.__name__}"))
            rmtree(case)


def _damage_object(
    case: Path, base: Path, files: tuple[Path, Path], damage: Damage, draw: random.Random
) -> None:
    path, other = (case / each.relative_to(base) for each in files)
    if path.is_file() and other.is_file() and path.stat().st_size:
        damage(path, other, draw)


def _narrate_twice(case: Path, expected: bytes, name: str) -> str:
    try:
        if narrate_story(case, ToneEngine()) != expected:
            return f"{name}: other bytes, silently"
    except MixerError as error:
        if "\n" in str(error):
            return f"{name}: not one sentence: {error}"
    except Exception as error:  # noqa: BLE001 - what must not be is what is looked for
        return f"{name}: {describe_exception(error)}"
    try:
        return "" if narrate_story(case, ToneEngine()) == expected else f"{name}: does not heal"
    except Exception as error:  # noqa: BLE001
        return f"{name}: does not heal: {describe_exception(error)}"


def _group_objects(store: Path) -> dict[str, list[Path]]:
    """The files of a store by kind: folder and suffix."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(each for each in store.rglob("*") if each.is_file()):
        folder = path.parent.relative_to(store).as_posix()
        kinds.setdefault(f"{folder}/*{''.join(path.suffixes)}", []).append(path)
    return kinds


@contextmanager
def _silence_log() -> Iterator[None]:
    """Keep the expected warnings of damage out of the table."""
    logger = logging.getLogger("mixer")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


ROW = Row(
    "damaged objects: kinds × damages",
    "the same bytes or one sentence; the next run heals",
    short=3,
    full=200,
    attack=attack_store,
)
