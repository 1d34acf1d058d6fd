"""Compiled patterns and tables that are kept between starts."""

import json
import re
import tomllib
from pathlib import Path
from zlib import crc32

import pytest

from mixer import start_cache
from mixer.start_cache import compile_pattern, open_start_cache, parse_toml

LANGUAGES = Path(start_cache.__file__).parent / "script" / "normalise" / "languages"
PATTERNS = [
    ("", 0),
    (r"\d+(?:st|nd|rd|th)", 0),
    (r"(?P<edit>[A-Z][\w'’-]+)(?: (?P<number>[IVX]+))?", 0),
    (r"(?<![\w.])(?:Dr|Mr|Mrs)\.(?= [A-Z])(?!\s+\d)", 0),
    (r"(?i:straße|ΣΊΣΥΦΟΣ)", 0),
    (r"one.+?two$", re.DOTALL | re.MULTILINE | re.IGNORECASE),
    (r"(['\"])(?:a|(b))*\1(?(2)c|d)", 0),
    (r"(?>a+)b*+[^\W\d_]{2,}", 0),
    (r"\bword\B", re.ASCII),
    ("[\ud800-\udfff]|[\x00-\x08\u200b]|[一-龥\U0001f600-\U0001f64f]", 0),
    (r"x{3,70000}", 0),
]
SOURCES = [r"(?P<word>\w+)-(\d+)", r"^[a-f]{2}$"]


@pytest.fixture(autouse=True)
def _close_cache(tmp_path):
    yield
    open_start_cache(tmp_path / "nothing")


def is_same(one, other):
    """Whether two patterns have the same code, which `==` compares, and the same groups."""
    return one == other and one.groups == other.groups and one.groupindex == other.groupindex


def fill(path):
    """Keep the sources in a file."""
    cache = open_start_cache(path)
    for each in SOURCES:
        compile_pattern(each)
    cache.save()


@pytest.mark.parametrize(("pattern", "flags"), PATTERNS)
def test_kept_pattern_is_the_compiled_one(pattern, flags, tmp_path):
    path = tmp_path / "starts" / "kept.json"
    cache = open_start_cache(path)
    expected = re.compile(pattern, flags)
    assert is_same(compile_pattern(pattern, flags), expected)
    cache.save()
    (again,) = json.loads(path.read_bytes().partition(b"\n")[2])["patterns"]
    assert again == f"{int(flags)}:{pattern}"
    open_start_cache(path)
    assert is_same(compile_pattern(pattern, flags), expected)
    assert start_cache._cache.find("patterns", again) is not None


def test_wrong_pattern_raises_its_own_error(tmp_path):
    open_start_cache(tmp_path / "kept.json")
    with pytest.raises(re.error, match="unterminated character set at position 1"):
        compile_pattern("a[")


def test_kept_tables_are_the_parsed_ones(tmp_path):
    texts = [each.read_text("utf-8") for each in sorted(LANGUAGES.glob("*.toml"))]
    for _ in range(2):
        cache = open_start_cache(tmp_path / "kept.json")
        assert [parse_toml(each) for each in texts] == [tomllib.loads(each) for each in texts]
        cache.save()


def seal(content, head=b""):
    """A file of this Python with a valid checksum."""
    return (head or start_cache._build_head(content)) + b"\n" + content


def spoil(entry):
    """A sealed file whose entries of the sources are all this one."""
    patterns = {f"0:{source}": entry for source in SOURCES}
    return seal(json.dumps({"patterns": patterns, "tables": {}}).encode())


def change_byte(content):
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


def change_version(content):
    return content.replace(b"cpython", b"cqython", 1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"\xff\n{}",
        lambda content: content[: len(content) // 2],
        change_byte,
        change_version,
        lambda _: seal(b"{}"),
        lambda _: seal(b"[1, 2]"),
        lambda _: seal(b"[" * 100_000),
        lambda _: seal(b'{"patterns": 3, "tables": {}}'),
        lambda _: seal(b'{"patterns": {}, "tables": {}}', b"%d" % crc32(b"")),
        lambda _: spoil(None),
        lambda _: spoil(7),
        lambda _: spoil([0, 2, {"word": 1}, "not base 64"]),
        lambda _: spoil([0, 2, {"word": 1}, "AAAAAAEAAAD/////"]),
        lambda _: spoil([0, 2, {"word": 9}, ""]),
        lambda _: spoil([0, 4_000_000_000, {}, ""]),
        lambda _: spoil([0, -5, {}, ""]),
    ],
)
def test_damaged_file_changes_no_pattern(damage, tmp_path):
    path = tmp_path / "kept.json"
    fill(path)
    path.write_bytes(damage(path.read_bytes()))
    cache = open_start_cache(path)
    assert all(is_same(compile_pattern(each), re.compile(each)) for each in SOURCES)
    cache.save()
    entries = json.loads(path.read_bytes().partition(b"\n")[2])["patterns"]
    assert sorted(entries) == sorted(f"0:{each}" for each in SOURCES)


def test_damaged_table_is_parsed_again(tmp_path):
    path = tmp_path / "kept.json"
    cache = open_start_cache(path)
    parse_toml("a = 1")
    cache.save()
    content = path.read_bytes().partition(b"\n")[2].replace(b'{"a": 1}', b'"a"')
    path.write_bytes(seal(content))
    open_start_cache(path)
    assert parse_toml("a = 1") == {"a": 1}


def test_folder_that_takes_no_file_is_left_alone(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    fill(tmp_path / "file" / "kept.json")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_file_is_written_only_with_something_new(tmp_path):
    path = tmp_path / "kept.json"
    fill(path)
    first = path.stat().st_ino
    fill(path)
    assert path.stat().st_ino == first
    cache = open_start_cache(path)
    compile_pattern("new")
    cache.save()
    entries = json.loads(path.read_bytes().partition(b"\n")[2])["patterns"]
    assert {"0:new", *(f"0:{each}" for each in SOURCES)} == {*entries}


def test_long_file_begins_again_with_what_was_used(tmp_path):
    path = tmp_path / "kept.json"
    fill(path)
    cache = open_start_cache(path)
    long_one = "x" * start_cache.MAX_BYTES
    compile_pattern(SOURCES[0])
    parse_toml(f'a = "{long_one}"')
    cache.save()
    entries = json.loads(path.read_bytes().partition(b"\n")[2])["patterns"]
    assert [*entries] == [f"0:{SOURCES[0]}"]
