"""The rules of the house: each notices what it is there for."""

import pytest

from tests.infra.house_rules import borders, literals, naming, shape, usage
from tests.infra.house_rules.__main__ import RULES
from tests.infra.house_rules.source import Source


@pytest.fixture
def find(tmp_path):
    """What a rule finds in a tree made of some files."""

    def find_in(rule, files):
        for name, text in {"mixer/__init__.py": "", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = rule(Source(tmp_path))
        return [str(each) for each in found] if isinstance(found, list) else found

    return find_in


BROKEN = [
    (naming.find_participles, {"mixer/a.py": "def chosen(): ..."}, "chosen"),
    (naming.find_participles, {"mixer/a.py": "def f():\n def _packed_file(): ..."}, "_packed_file"),
    (naming.find_test_participles, {"tests/a.py": "def mixed(): ..."}, "mixed"),
    (naming.find_gerunds, {"mixer/fetching.py": ""}, "fetching"),
    (naming.find_repeated_classes, {"mixer/a.py": "class A: ...", "app.py": "class A: ..."}, "A"),
    (naming.find_banned_identifiers, {"mixer/a.py": "told = 1"}, "told"),
    (naming.find_banned_identifiers, {"mixer/a.py": "class KeptReel: ..."}, "reel"),
    (naming.find_banned_identifiers, {"mixer/a.py": "def f(until_s): ..."}, "until_s"),
    (naming.find_banned_texts, {"mixer/a.py": "# Nobody knows."}, "Nobody"),
    (naming.find_banned_texts, {"mixer/a.py": "# `a` was said by `b`."}, "said"),
    (literals.find_adapter_calls, {"mixer/cli/a.py": "KokoroEngine(folder)"}, "KokoroEngine"),
    (naming.find_banned_texts, {"mixer/a.py": '"""It is no name."""'}, "is no"),
    (naming.find_banned_pages, {"docs/a.md": "It is told anew."}, "anew"),
    (shape.find_many_parameters, {"mixer/a.py": "def f(a, b, c, *, d, e, f, g): ..."}, "7"),
    (shape.find_tuple_splats, {"mixer/a.py": "f(*(a, b), c)"}, "unpacks"),
    (shape.find_long_functions, {"mixer/a.py": "def f():\n" + " a = 1\n" * 25}, "26 lines"),
    (shape.find_long_files, {"mixer/a.py": "\n" * 301}, "301 lines"),
    (shape.find_repeating_docstrings, {"mixer/a.py": '"""A.\n\n  url: the url.\n"""'}, "url"),
    (borders.find_loops, {"mixer/a.py": "import mixer.b", "mixer/b.py": "import mixer.a"}, "->"),
    (borders.find_loops, {"app.py": "import mixer.a", "mixer/a.py": "def f():\n import app"}, "->"),
    (borders.find_handler_imports, {"app.py": "", "mixer/a.py": "from app import h"}, "app"),
    (
        borders.find_inner_imports,
        {
            "mixer/p/__init__.py": "",
            "mixer/p/a.py": "x = 1",
            "mixer/b.py": "from mixer.p.a import x",
        },
        "import mixer.p",
    ),
    (
        borders.find_large_exports,
        {"mixer/p/__init__.py": f"from mixer.p.a import {', '.join('abcdefghijklmnop')}"},
        "16",
    ),
    (
        borders.find_single_importers,
        {"mixer/a.py": "", "mixer/b.py": "from mixer import a"},
        "mixer.b",
    ),
    (
        borders.find_layer_modules,
        {
            "pyproject.toml": '[[tool.importlinter.contracts]]\nlayers = ["mixer.p | mixer.p.a"]',
            "mixer/p/__init__.py": "",
            "mixer/p/a.py": "",
        },
        "mixer.p.a",
    ),
    (borders.find_unmirrored_tests, {"tests/unit/test_a.py": ""}, "test_a"),
    (literals.find_adapter_calls, {"mixer/cli/a.py": "S3Store(c, 'b')"}, "S3Store"),
    (literals.find_adapter_calls, {"app.py": "boto3.client('s3')"}, "boto3"),
    (literals.find_format_comparisons, {"mixer/a.py": "x = kind in ('m4a', 'm4b')"}, "m4a"),
    (literals.find_format_comparisons, {"mixer/a.py": "if a.format is F.MP3: ..."}, "MP3"),
    (literals.find_step_literals, {"mixer/a.py": "x = {'task': 'join'}"}, "join"),
    (literals.find_step_literals, {"mixer/a.py": "run('lay_out')"}, "lay_out"),
    (usage.find_unused_symbols, {"mixer/a.py": "def f(): f()", "tests/a.py": "f()"}, "f"),
    (usage.find_unused_symbols, {"mixer/a.py": "class A:\n def m(self): ...\nA()"}, "uses m"),
]

SOUND = [
    (naming.find_participles, {"mixer/a.py": "def feed(): ...\ndef integrated_lufs(): ..."}),
    (naming.find_participles, {"mixer/a.py": "class A:\n @property\n def opened(self): ..."}),
    (naming.find_banned_texts, {"mixer/a.py": '"""There is no longer a limit."""'}),
    (shape.find_many_parameters, {"mixer/a.py": "class A:\n def f(self,a,b,c,d,e,f): ..."}),
    (
        borders.find_inner_imports,
        {
            "mixer/p/__init__.py": "from mixer.p.a import x",
            "mixer/p/a.py": "from mixer.errors import E",
            "mixer/p/q/__init__.py": "",
            "mixer/p/q/b.py": "from mixer.p.a import x",
            "mixer/errors.py": "class E: ...",
            "app.py": "from mixer.p import x",
        },
    ),
    (
        borders.find_loops,
        {
            "mixer/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import mixer.b",
            "mixer/b.py": "import mixer.a",
        },
    ),
    (borders.find_unmirrored_tests, {"tests/unit/p/test_a.py": "", "mixer/p/b.py": ""}),
    (borders.find_unmirrored_tests, {"tests/unit/test_a.py": "", "mixer/a.py": ""}),
    (literals.find_adapter_calls, {"mixer/compose.py": "S3Store(boto3.client('s3'), 'b')"}),
    (literals.find_format_comparisons, {"mixer/sound/formats/a.py": "x = kind == 'mp3'"}),
    (literals.find_step_literals, {"mixer/stories/steps/a.py": "x = {'task': 'join'}"}),
    (naming.find_banned_texts, {"mixer/a.py": '"""What follows, as in `said Tom`."""'}),
    (naming.find_banned_texts, {"mixer/a.py": 'VERBS = r"\\b(?:said|told)\\s"'}),
    (usage.find_unused_symbols, {"app.py": "def handler(): ..."}),
    (usage.find_unused_symbols, {"mixer/a.py": "class A: ...", "app.py": "x: 'A'\nprint(x)"}),
]


@pytest.mark.parametrize(("rule", "files", "word"), BROKEN)
def test_rule_notices(rule, files, word, find):
    assert word in "\n".join(find(rule, files))


@pytest.mark.parametrize(("rule", "files"), SOUND)
def test_rule_lets_pass(rule, files, find):
    assert find(rule, files) == []


def test_reexported_name_belongs_to_the_module_that_defines_it(find):
    files = {
        "mixer/p/__init__.py": "from mixer.p.a import x",
        "mixer/p/a.py": "x = 1",
        "mixer/q/__init__.py": "",
        "mixer/q/b.py": "from mixer.p import x",
    }
    assert find(borders.find_crossing_names, files) == [
        "mixer/p/a.py:1: x is imported by mixer/q/b.py"
    ]
    assert find(borders.find_single_importers, files) == [
        "mixer/p/a.py:1: only imported by mixer.q.b"
    ]


def test_code_and_docstrings_are_counted_apart(find):
    files = {"mixer/a.py": '"""One.\n\nThree."""\n\nX = 1\n"""Unit: s."""\nY = 2\n'}
    assert find(shape.count_code_lines, files) == 2
    assert find(shape.docstring_share, files) == pytest.approx(100 * 4 / 7)


def test_every_rule_has_a_name_of_its_own():
    assert len({rule.name for rule in RULES if rule.name}) == len(RULES)
