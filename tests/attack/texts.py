"""Mutated texts of every source, with their front matter, and mutated lexicons."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mixer.errors import MixerError
from mixer.requests import Options
from mixer.script import LIMITS
from mixer.script.planning import read_lexicon
from mixer.script.readers import TextType, detect_text_type, read_document
from mixer.stories.steps import plan_script
from tests.attack.campaign import Row, Tally, describe_exception, draw_attempt
from tests.attack.mutation import mutate_bytes, mutate_text
from tests.books import Book, build_page

TIME_LIMIT_S = 30.0
"""For a text of at most 20,000 characters, which takes milliseconds."""

FRONT = """---
title: The Lamp
author: "A. B."
language: en-GB
cast:
  Anna: Joanna
  Ben: Matthew, rate 90%
lexicon:
  Llanelli = /ɬaˈnɛɬi/
---
"""
PLAIN = "The lamp went out at 9.15 on 3 May 1999. Dr. Smith paid $1,200.50.\n\nAnna: “Go!”\n"
TAGS = FRONT + "# One\n\nAnna: Come in. [[pause 2s]] [[say NATO=nay-toe]]\n\nBen: No.\n\n* * *\n"
MARKDOWN = (
    FRONT
    + """# One

- a *b* `c`
- [d](e.html)

> Quote.

| a | b |
|---|---|
| 1 | 2 |
"""
)
NOTES = """Text[^1] with <b>html</b> &amp; more.

[^1]: A note.

```
code
```

## Two

End.
"""
HTML = """<!doctype html><html lang=en><head><title>T</title><style>p{}</style></head><body>
<h1>One</h1><p>Text <em>here</em><br>and <a href='#n'>1</a>.</p><!-- c -->
<table><tr><td>1</td></tr></table><aside id=n>Note.</aside></body></html>"""
SSML = """<speak><p><s>One <break time='500ms'/> two.</s></p><prosody rate='90%'>Three.
</prosody><say-as interpret-as='date'>1.2.2026</say-as><sub alias='a b'>AB</sub>
<phoneme alphabet='ipa' ph='pɪˈkɑːn'>pecan</phoneme></speak>"""
TEXTS = {
    TextType.TEXT: [PLAIN, TAGS],
    TextType.MARKDOWN: [MARKDOWN, NOTES],
    TextType.HTML: [HTML],
    TextType.SSML: [SSML],
}
LEXICONS = ["# words\nLlanelli = /ɬaˈnɛɬi/\nNATO = nay-toe\nDr. = Doctor\nx y z = a b c\n"]
LANGUAGES = ("en-US", "de-DE", "fr-FR", "es-ES", "it-IT", "pt-PT", "zh-CN")

BOOK = Book(
    pages={
        "one.xhtml": build_page("<h1>One</h1><p>Text <a href='two.xhtml#n'>1</a>.</p>"),
        "two.xhtml": build_page("<h2>Two</h2><p id='n'>A note.</p><p>It ends.</p>"),
    },
    contents=[("one.xhtml", "One", 1), ("two.xhtml", "Two", 2)],
)


def attack_texts(tally: Tally, draw: random.Random, count: int) -> None:
    """Read and plan mutated texts; nothing outside the error tree, nothing that takes long."""
    with _open_timer():
        for number in range(count):
            chosen = draw_attempt(draw)
            kind = chosen.choice((*TEXTS, TextType.EPUB, None))
            content, failure = _draw_content(chosen, kind), ""
            try:
                with _limit_time():
                    _read_and_plan(chosen, kind, content)
            except MixerError:
                pass
            except Exception as error:  # noqa: BLE001 - what must not be is what is looked for
                failure = f"{kind} number {number}: {describe_exception(error)}"
            tally.count(failure)


def _draw_content(draw: random.Random, kind: TextType | None) -> str | bytes:
    if kind is TextType.EPUB:
        return _mutate_book(draw)
    return mutate_text(draw, LEXICONS if kind is None else TEXTS[kind])


def _mutate_book(draw: random.Random) -> bytes:
    """A book with a mutated page, table of contents, link or archive."""
    pages = dict(BOOK.pages)
    name = draw.choice(list(pages))
    pages[name] = mutate_text(draw, [str(page) for page in BOOK.pages.values()])
    link = mutate_text(draw, ["one.xhtml", "two.xhtml#n"])[:200]
    contents = [(link, mutate_text(draw, ["One"]), draw.randint(1, 9))]
    metadata = mutate_text(draw, ["<dc:creator>A</dc:creator>", "<meta name='cover' content='c'/>"])
    book = Book(pages=pages, contents=contents, metadata=draw.choice(("", metadata)))
    try:
        content = book.content()
    except UnicodeEncodeError:  # half characters cannot be in a file
        content = BOOK.content()
    return mutate_bytes(draw, content) if draw.random() < 0.5 else content


def _read_and_plan(draw: random.Random, kind: TextType | None, content: str | bytes) -> None:
    if kind is None:
        read_lexicon(str(content))
        return
    detect_text_type(content)
    document = read_document(content, kind)
    options = Options(pauses=draw.choice(("natural", "none", "expressive")))
    plan_script(document, LIMITS["generative"], draw.choice(LANGUAGES), options)


@contextmanager
def _open_timer() -> Iterator[None]:
    def fail(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {TIME_LIMIT_S:.0f} s of CPU")

    before = signal.signal(signal.SIGPROF, fail)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _limit_time() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, TIME_LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


ROW = Row(
    "mutated texts, books, lexicons",
    "no exception outside the error tree, none takes 30 s of CPU",
    short=200,
    full=100_000,
    attack=attack_texts,
)
