"""Pages: verse, initials, pictures and ornaments."""

import pytest

from mixer.script.document import BlockKind
from mixer.script.readers.web_page import read_html


def read(html: str) -> list[str]:
    """Blocks by their text; a line that the next one continues ends in a slash, `-` is a break."""
    return [
        "-" if block.kind is BlockKind.SCENE_BREAK else block.text + "/" * block.continues
        for block in read_html(html).blocks
    ]


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<p>The sea is wide<br/>The ship is small</p>", ["The sea is wide/", "The ship is small"]),
        ("<p>Home is the sailor<br>\nhome from sea", ["Home is the sailor/", "home from sea"]),
        ("<p>One<br><br>Two", ["One", "Two"]),
        ("<div><span>a tide<br></span><span>a call<br></span></div>", ["a tide/", "a call"]),
        ("<pre>I hear\n  the call</pre>", ["I hear/", "the call"]),
        ("<p>a<br>* * *<br>b</p>", ["a * * * b"]),
        (f"<p>{'long ' * 13}line<br>wrapped</p>", [f"{'long ' * 13}line wrapped"]),
        ("<h1>CHAPTER I<br>The Sea</h1>", ["CHAPTER I: The Sea"]),
    ],
)
def test_each_line_of_verse_is_followed_by_a_rest(html, blocks):
    assert read(html) == blocks


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p><span class="dropcap">O</span>nce upon a time.</p>', "Once upon a time."),
        ('<p><span class="drop">“I</span>t is late.”</p>', "“It is late.”"),
        ('<p><img class="dropcap" src="w.png" alt="W"/>hen it rained.</p>', "When it rained."),
        ('<div class="dropcap">N</div><p>ever again.</p>', "Never again."),
        ('<p class="initial3">I</p><p>was late.</p>', "I was late."),
        ("<p><b>A</b> <small>LONG TIME</small> ago.</p>", "A LONG TIME ago."),
        ("<p>wo<wbr/>rd, un<i>believ</i>able, A<span>&#173;</span>B</p>", "word, unbelievable, AB"),
    ],
)
def test_an_initial_belongs_to_its_word(html, text):
    assert read(html) == [text]


@pytest.mark.parametrize(
    "ornament",
    [
        "* * *", "***", "#", "⁂", "— — —", "~", "o O o", "§", "•", "❦", "+ + +", "x x x", ". . .",
        "† †",
    ],
)  # fmt: skip
def test_an_ornament_is_a_scene_break(ornament):
    assert read(f"<p>One.</p><p>{ornament}</p><p>Two.</p>") == ["One.", "-", "Two."]


@pytest.mark.parametrize(
    "picture",
    [
        '<div class="ornament"><img src="o.png" alt=""/></div>',
        '<div><img src="o.png" alt="ornament"/></div>',
        '<p class="scene-break1"><img src="o.png" alt="break"/></p>',
        '<p><img src="o.png" alt="Fleuron"/></p>',
        '<img class="divider" src="o.png" alt="a wavy line"/>',
    ],
)
def test_a_picture_of_an_ornament_is_a_scene_break(picture):
    assert read(f"<p>One.</p>{picture}<p>Two.</p>") == ["One.", "-", "Two."]


@pytest.mark.parametrize(
    "alt", ["", "Illustration", "image", "IMG_2034.jpg", "Figure 3", "photo-12", "front cover", "7"]
)
def test_a_picture_without_a_description_is_not_mentioned(alt):
    assert read(f'<p>One.</p><p><img src="p.png" alt="{alt}"/></p><p>Two.</p>') == ["One.", "Two."]


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ('<p><img alt="A ship at sea" src="p"/></p>', ["A ship at sea"]),
        (
            '<figure><img alt="A ship" src="p"/><figcaption>A ship</figcaption></figure>',
            ["A ship"],
        ),
        ('<p>It is <math alttext="x squared"><mi>x</mi></math> now.', ["It is x squared now."]),
        ("<p>It is <math><mi>x</mi></math> now.", ["It is x now."]),
        ("<svg><title>Drawing</title></svg><p>Done.", ["Done."]),
        ('<p style="font-family:Symbol">·</p><p>First', ["First"]),
        ("<p><![if !supportLists]>1.<![endif]>Second", ["Second"]),
        ("<p><![CDATA[Said.]]></p>", ["Said."]),
    ],
)
def test_descriptions_of_pictures_and_formulas_are_read_once(html, blocks):
    assert read(html) == blocks
