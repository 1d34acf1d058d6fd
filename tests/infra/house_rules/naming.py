"""What things are called."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from tests.infra.house_rules.source import HANDLERS, Finding, Module, Source
from tests.infra.house_rules.words import WORDS

CODE = ("mixer", "deploy", "bench", "demo", *HANDLERS)
_TEXT = re.compile(rf"\b(?:{'|'.join(WORDS['texts']['banned'])})\b", re.IGNORECASE)
_MATERIAL = re.compile(r"`[^`]*`|\"[^\"]*\"")
"""Words of a text that a comment quotes; those of Mixer stand outside of the marks."""

_PATTERN = re.compile(r"\\[bsp]|\(\?[:i]")
"""Signs of a regular expression, which has the words that it looks for."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_participle(word: str) -> bool:
    """Whether a word is a participle, past or present."""
    if word in WORDS["functions"]["words"]:
        return False
    return word.endswith(("ed", "ing")) or word in WORDS["functions"]["irregular"]


def list_named_functions(source: Source, *folders: str) -> Iterator[tuple[Module, ast.FunctionDef]]:
    """Functions whose names are ours to choose: no dunders, no properties, no tests."""
    for module in source.select(*folders):
        for node in module.functions:
            decorators = {ast.unparse(each).split("(")[0] for each in node.decorator_list}
            if node.name.startswith(("__", "test_")) or any("property" in d for d in decorators):
                continue
            if not any(each.endswith((".setter", "fixture")) for each in decorators):
                yield module, node


def find_participles(source: Source, *folders: str) -> list[Finding]:
    """Functions named by a participle."""
    allowed = set(WORDS["functions"]["allowed"])
    return [
        module.find(node, f"{node.name}: name it by an imperative verb")
        for module, node in list_named_functions(source, *(folders or CODE))
        if is_participle(_first_word(node.name)) and node.name.lstrip("_") not in allowed
    ]


def count_functions(source: Source) -> int:
    """Functions whose names are ours to choose."""
    return sum(1 for _ in list_named_functions(source, *CODE))


def find_test_participles(source: Source) -> list[Finding]:
    """Helpers of tests named by a participle."""
    return find_participles(source, "tests")


def _first_word(name: str) -> str:
    return name.lstrip("_").split("_")[0]


def find_gerunds(source: Source) -> list[Finding]:
    """Modules named by a gerund."""
    return [
        Finding(module.path, 1, f"{last}: name it by a noun")
        for module in source.select(*CODE)
        if (last := module.name.rpartition(".")[2]).endswith("ing")
        and last not in WORDS["modules"]["allowed"]
    ]


def find_repeated_classes(source: Source) -> list[Finding]:
    """Class names used twice."""
    places = defaultdict(list)
    for module in source.select(*CODE):
        for node in module.nodes:
            if isinstance(node, ast.ClassDef):
                places[node.name].append((module, node))
    return [
        module.find(node, f"class {name} is also in {', '.join(o.path for o, _ in others)}")
        for name, found in sorted(places.items())
        if len(found) > 1
        for module, node in found[1:]
        for others in [[each for each in found if each[1] is not node]]
    ]


def find_banned_identifiers(source: Source) -> list[Finding]:
    """Banned words in names."""
    return [
        finding
        for module in source.select(*CODE)
        for finding in _find_banned_in(module, _list_identifiers(module))
    ]


def _find_banned_in(module: Module, names: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    banned = set(WORDS["identifiers"]["banned"])
    for name, line in sorted(set(names), key=lambda each: each[::-1]):
        words = {name, *_CAMEL.sub("_", name).lower().split("_")}
        for word in sorted(words & banned):
            yield Finding(module.path, line, f"{name}: the word {word!r}")


def _list_identifiers(module: Module) -> Iterator[tuple[str, int]]:
    """Names that a module gives: a name that it only uses is counted where it is given."""
    yield module.name.rpartition(".")[2], 1
    for node in module.nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno


def find_banned_texts(source: Source) -> list[Finding]:
    """Banned words in comments and strings."""
    return [
        Finding(module.path, line, f"the word {found[0]!r}")
        for module in source.select(*CODE)
        for text, line in chain(_list_comments(module), _list_strings(module))
        if not _PATTERN.search(text)
        for found in _TEXT.finditer(_MATERIAL.sub("", text))
    ]


def _list_comments(module: Module) -> Iterator[tuple[str, int]]:
    if "#" in module.text:
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string, token.start[0]


def _list_strings(module: Module) -> Iterator[tuple[str, int]]:
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for offset, line in enumerate(node.value.split("\n")):
                yield line, node.lineno + offset


def find_banned_pages(source: Source) -> list[Finding]:
    """Banned words in documents, page and templates."""
    root = source.root
    files = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    files += [p for p in (root / "web").rglob("*") if p.suffix in (".html", ".js", ".css")]
    files += [*(root / "IaC").glob("*.*"), root / "Makefile"]
    return [
        Finding(str(path.relative_to(root)), number, f"the word {found[0]!r}")
        for path in sorted(files)
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for found in _TEXT.finditer(line)
    ]
