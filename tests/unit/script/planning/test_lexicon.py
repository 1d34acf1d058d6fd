"""A lexicon: pronunciations of words, in the form that the engine understands."""

import pytest

from mixer.errors import UnreadableText
from mixer.script.document import paragraph
from mixer.script.limits import EMBEDDED_LIMITS, POLLY_LIMITS
from mixer.script.planning.lexicon import Lexicon, Pronunciation, add_entries, read_lexicon
from mixer.script.planning.pauses import NATURAL
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.ssml import SsmlStyle
from mixer.script.readers.text_types import TextType
from tests.scripts import plan_text

WORDS = """\
# names
nginx = engine x
Siobhan = Shivawn /ʃɪˈvɔːn/
New Lanark = New Lannark
[de-DE]
Boot = /boːt/
"""


def plan_ssml(
    text: str, engine: str = "standard", language: str = "en-US", kind=TextType.TEXT
) -> str:
    limits = EMBEDDED_LIMITS if engine == "embedded" else POLLY_LIMITS[engine]
    style = PlanStyle(language, SsmlStyle(limits, NATURAL), lexicon=read_lexicon(WORDS))
    return "".join(chunk.ssml for chunk in plan_text(text, kind, style).chunks)


def test_a_lexicon_is_read_line_by_line():
    assert read_lexicon(WORDS) == (
        Pronunciation("nginx", "engine x"),
        Pronunciation("Siobhan", "Shivawn", "ʃɪˈvɔːn"),
        Pronunciation("New Lanark", "New Lannark"),
        Pronunciation("Boot", "", "boːt", "de-DE"),
    )


def test_sounds_go_to_engines_that_read_them_and_words_to_the_others():
    assert '<phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme>' in plan_ssml("Ask Siobhan.")
    assert '<sub alias="Shivawn">Siobhan</sub>' in plan_ssml("Ask Siobhan.", "embedded")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("NGINX and nginx's Nginx.", 3),
        ("siobhan and SIOBHAN", 0),
        ("nginxes, mynginx, nginx_1", 0),
        ("In New Lanark, nginx-like.", 2),
        ("Das Boot.", 0),
    ],
)
def test_whole_words_are_found_in_the_case_they_are_written_in(text, marked):
    ssml = plan_ssml(text)
    assert ssml.count("<sub") + ssml.count("<phoneme") == marked


def test_a_language_has_words_of_its_own():
    assert '<phoneme alphabet="ipa" ph="boːt">Boot</phoneme>' in plan_ssml(
        "Das Boot.", language="de-AT"
    )


def test_what_the_author_has_judged_is_left_alone():
    inner = '<sub alias="her">Siobhan</sub> <emphasis level="strong">Siobhan</emphasis>'
    ssml = plan_ssml(f"<speak>Ask {inner}</speak>", kind=TextType.SSML)
    assert '<sub alias="her">Siobhan</sub>' in ssml
    assert '<emphasis level="strong"><phoneme' in ssml


def test_ten_thousand_words_are_looked_for_at_once():
    words = [Pronunciation(f"word{number}", "x") for number in range(10_000)]
    lexicon = Lexicon(words, "en", POLLY_LIMITS["neural"].tags)
    block = paragraph("word77 is not word99999, " * 2_000)
    assert len(lexicon.annotate_block(block).annotations) == 2_000


@pytest.mark.parametrize("line", ["nginx", "nginx =", "= x", "nginx = //", "a = b / c"])
def test_a_line_that_says_nothing_is_refused_with_its_number(line):
    with pytest.raises(UnreadableText, match=r"words\.txt has a mistake in line 2: "):
        read_lexicon(f"a = b\n{line}\n", "words.txt")


@pytest.mark.parametrize(
    ("again", "refused_line"),
    [
        ("nginx = engine x", 0),
        ("nginx  =  engine x ", 0),
        ("Nginx = engine", 0),
        ("[de]\nnginx = Enginix", 0),
        ("nginx = engine", 4),
        ("nginx = engine x /ˈɛn/", 4),
        ("[de]\nnginx = a\n[fr]\nx = y\n[DE]\nnginx = b", 9),
    ],
)
def test_a_word_has_one_pronunciation_in_a_section(again, refused_line):
    text = f"# words\nnginx = engine x\nx = y\n{again}\n"
    if not refused_line:
        assert len(read_lexicon(text)) == len(set(read_lexicon(text)))
        return
    reason = rf"mistake in line {refused_line}: line \d defines another pronunciation of “nginx”"
    with pytest.raises(UnreadableText, match=reason):
        read_lexicon(text)


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en-GB", "to-mah-to"), ("en-US", "to-may-to"), ("en-AU", "English"), ("de-DE", "any")],
)
def test_the_nearest_language_counts(language, spoken):
    sections = {"": "any", "en-GB": "to-mah-to", "en": "English", "en-US": "to-may-to"}
    lexicon = "\n".join(
        f"[{each}]\ntomato = {alias}" if each else f"tomato = {alias}"
        for each, alias in sections.items()
    )
    words = Lexicon(read_lexicon(lexicon), language, frozenset({"sub"}))
    (annotation,) = words.annotate_block(paragraph("A tomato.")).annotations
    assert annotation.attributes == (("alias", spoken),)


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        (["nginx = other"], "nginx = other\n# names\n[de]\nBoot = /boːt/"),
        (["Boot = boat", "x = y"], "Boot = boat\nx = y\n# names\nnginx = engine x\n[de]"),
        (["x = y", "x = y"], "x = y\nx = y\n# names\nnginx = engine x\n[de]\nBoot = /boːt/"),
        (["x = y", "x = z"], "line 1 defines another"),
        (["x = y\nx = z"], "line 1 defines another"),
        (["[de]", "x = y"], "sections"),
        (["x = y\n[de]\nz = y"], "sections"),
        (["[de]"], "sections"),
        (["nonsense"], "line 1"),
    ],
)
def test_entries_are_added_in_front_of_sections(lines, result):
    lexicon = "# names\nnginx = engine x\n[de]\nBoot = /boːt/"
    if "=" in result:
        assert add_entries(lexicon, lines) == result
        return
    with pytest.raises(UnreadableText, match=result):
        add_entries(lexicon, lines)
