"""A line of disclosure is spoken where it is wanted, in the text's language."""

from pathlib import Path

import pytest

from mixer.errors import BadOption
from mixer.requests import Options
from mixer.script import LIMITS
from mixer.script.edits import UNWRITTEN, locate_sentences
from mixer.script.normalise import is_same_language, languages
from mixer.script.planning.chapters import build_disclosure
from mixer.script.planning.plan import PlanStyle
from mixer.script.readers import TextType, read_document
from mixer.stories.plan_style import plan_script

BOOK = "# Book\n\n## One\n\nIt was late.\n\n## Two\n\nIt rang."
PLAIN = "It was late."
LINE = "This recording is read by a synthetic voice."


def speak(text, language="en-US", **options):
    document = read_document(text, TextType.MARKDOWN)
    script = plan_script(document, LIMITS["generative"], language, Options(**options))
    return document, script, [u.text for chunk in script.chunks for u in chunk.utterances]


@pytest.mark.parametrize(
    ("text", "options", "spoken"),
    [
        (BOOK, {}, ["Book", "One", "It was late.", "Two", "It rang."]),
        (BOOK, {"disclose": "start"}, ["Book", "One", LINE, "It was late.", "Two", "It rang."]),
        (BOOK, {"disclose": "end"}, ["Book", "One", "It was late.", "Two", "It rang.", LINE]),
        (BOOK, {"disclose": "start", "chapters": "2"}, ["Two", LINE, "It rang."]),
        (PLAIN, {"disclose": "start"}, [LINE, "It was late."]),
        (PLAIN, {"disclose": "end", "disclosure": "By a machine."}, [PLAIN, "By a machine."]),
    ],
)
def test_the_line_is_spoken_at_its_place_and_adds_no_chapter(text, options, spoken):
    document, script, sentences = speak(text, **options)
    assert sentences == spoken
    plain = [each.title for each in speak(text, chapters=options.get("chapters", ""))[1].chapters]
    assert [each.title for each in script.chapters] == plain
    disclosure = build_disclosure(
        options.get("disclose", "none"), options.get("disclosure", ""), script.language
    )
    style = PlanStyle(script.language, chapters=options.get("chapters", ""), disclosure=disclosure)
    unwritten = [each.block == UNWRITTEN for each in locate_sentences(document, script, style)]
    assert unwritten.count(True) == bool(options.get("disclose"))


def test_every_language_has_its_own_line():
    names = {path.stem for path in Path(languages.__file__).parent.glob("*.toml")}
    primary = {name for name in names if "-" not in name}
    lines = {build_disclosure("end", "", name).line for name in primary}
    assert len(lines) == len(primary) > 20
    assert any(is_same_language(name, "de-AT") for name in primary)


def test_a_language_without_a_line_needs_its_words():
    with pytest.raises(BadOption, match="no line in the language eo"):
        speak(PLAIN, "eo", disclose="start")
    assert speak(PLAIN, "eo", disclose="start", disclosure="Robota voĉo.")[2][0] == "Robota voĉo."
