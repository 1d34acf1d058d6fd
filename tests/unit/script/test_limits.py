"""What an engine honours of an author's SSML is checked before anything is paid."""

import pytest

from mixer.errors import BadInput
from mixer.script.limits import LIMITS
from mixer.script.planning.pauses import NATURAL
from mixer.script.planning.plan import PlanStyle, plan_document
from mixer.script.planning.ssml import SsmlStyle
from mixer.script.readers.ssml_text import read_ssml_text

PITCH = '<prosody pitch="+10%">'
RATE = '<prosody rate="90%" volume="loud">'
DURATION = '<prosody amazon:max-duration="2s">'
WHISPER = '<amazon:effect name="whispered">'
COMPRESSION = '<amazon:effect name="drc">'
SOFT = '<amazon:effect phonation="soft">'
TRACT = '<amazon:effect vocal-tract-length="+10%">'


def plan(element: str, engine: str) -> None:
    tag = element.strip("<>").split()[0]
    document = read_ssml_text(f"<speak>\n{element}Hello there.</{tag}></speak>")
    plan_document(document, PlanStyle(ssml=SsmlStyle(LIMITS[engine], NATURAL)))


@pytest.mark.parametrize(
    ("element", "engines"),
    [
        (PITCH, "neural long-form generative embedded"),
        (DURATION, "neural long-form generative embedded"),
        ('<prosody volume="loud">', "embedded"),
        (WHISPER, "neural long-form generative embedded"),
        (SOFT, "neural long-form generative embedded"),
        (TRACT, "neural long-form generative embedded"),
        (COMPRESSION, "generative embedded"),
        ('<emphasis level="strong">', "neural long-form generative embedded"),
    ],
)
def test_what_an_engine_does_not_honour_is_refused_with_its_line(element, engines):
    for engine in engines.split():
        with pytest.raises(BadInput, match="line 2: this engine does not support"):
            plan(element, engine)


@pytest.mark.parametrize(
    ("element", "engines"),
    [
        (PITCH, "standard"),
        (WHISPER, "standard"),
        (SOFT, "standard"),
        (TRACT, "standard"),
        (RATE, "standard neural long-form generative"),
        ('<prosody rate="90%">', "embedded"),
        (COMPRESSION, "standard neural long-form"),
        ('<sub alias="hi">', "standard neural long-form generative embedded"),
    ],
)
def test_what_an_engine_honours_is_planned(element, engines):
    for engine in engines.split():
        plan(element, engine)
