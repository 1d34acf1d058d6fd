"""The voice's rules answer as hibari-tts loads them itself."""

import json

import pytest
from hibari.g2p import G2P

from mixer.speech.embedded.rules import FeatureWeights, Rules, parse_tagger

TEXT = """He will read what she read, and wind a bandage in the wind. “Don't,” Mrs O'Neil's
brother-in-law replied; 1,234 people live at No. 7 (a live wire), e.g. Zxqtl & co."""


@pytest.mark.parametrize("british", [False, True])
def test_words_sound_and_are_tagged_alike(british):
    whole, quick = G2P(british=british), Rules(british=british)
    for text in (TEXT, TEXT.upper()):
        tokens, known = quick.tokenize(text), whole.tokenize(text)
        assert [(each.text, each.tag) for each in tokens] == [
            (each.text, each.tag) for each in known
        ]
        assert quick(text) == whole(text)


def test_all_weights_are_those_of_the_whole_model():
    quick, whole = Rules(british=False).tagger, G2P().tagger
    assert (quick.tags, quick.tagdict, quick.vocab) == (whole.tags, whole.tagdict, whole.vocab)
    assert isinstance(quick.weights, FeatureWeights)
    assert {each: quick.weights.get(each) for each in whole.weights} == whole.weights
    assert quick.weights.get("w=no such word") is None


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("feature", ["w=plain", 'w="', "w=},", "w=é", 'w=":{'])
def test_a_tagger_that_is_written_otherwise_is_read_too(separators, feature):
    weights = {"b": {"NN": 1.5}, feature: {"''": -2.0, "NN": 0.5}, "c": {"DT": 1.0}}
    model = {"tags": ["NN"], "tagdict": {"a": "DT"}, "weights": weights}
    for fields in (model, dict(reversed(model.items()))):
        content = json.dumps(fields, ensure_ascii=False, separators=separators).encode()
        found = parse_tagger(content)
        assert {each: found["weights"].get(each) for each in [*weights, "x"]} == {
            **weights,
            "x": None,
        }
