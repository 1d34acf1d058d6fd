"""hibari-tts's rules for English, loaded without what few words need.

Of the 80,000 features of its tagger, each with weights of its own, a chunk asks for some hundreds.
To parse them all takes a fifth of the time until the voice speaks.
"""

import gzip
import json
from pathlib import Path
from typing import Any

from hibari.g2p import ASSETS, G2P
from hibari.g2p.lexicon import Lexicon
from hibari.g2p.tagger import Tagger
from hibari.g2p.tokenize import Tokenizer

TAGGER = "tagger.json.gz"
WEIGHTS = b',"weights":{"'
"""Before the tagger's last field, an object of objects."""

NEXT_FEATURE = b'},"'
VALUE = b'":{'


class FeatureWeights:
    """Weights by feature, each parsed when it is first asked for."""

    def __init__(self, content: bytes) -> None:
        features = content.removesuffix(b"}}}").split(NEXT_FEATURE)
        self._encoded = dict([each.rsplit(VALUE, 1) for each in features])
        self._known: dict[str, dict[str, float] | None] = {}

    def get(self, feature: str) -> dict[str, float] | None:
        """The weights of a feature by tag; None for an unknown one."""
        if feature not in self._known:
            found = self._encoded.get(json.dumps(feature, ensure_ascii=False)[1:-1].encode())
            self._known[feature] = None if found is None else json.loads(b"{%s}" % found)
        return self._known[feature]


class Rules(G2P):  # type: ignore[misc] # it has no types
    """The rules of one accent; another tagger than the known one is parsed as a whole."""

    def __init__(self, *, british: bool) -> None:
        accent = "gb" if british else "us"
        gold, silver = (_load(f"lexicon_{accent}_{kind}.json.gz") for kind in ("gold", "silver"))
        self.lexicon = Lexicon(gold, silver, british)
        self.tokenizer = Tokenizer(_load("tokenizer_exceptions.json"))
        self.tagger = Tagger(parse_tagger(_read(TAGGER)))
        self._oov, self.unk, self.british = None, "", british


def parse_tagger(content: bytes) -> dict[str, Any]:
    """Parse a tagger's model, all but its weights."""
    head, _, weights = content.partition(WEIGHTS)
    try:
        return {**json.loads(head + b"}"), "weights": FeatureWeights(weights)}
    except ValueError:  # it is written in another way
        model: dict[str, Any] = json.loads(content)
        return model


def _load(name: str) -> Any:  # noqa: ANN401 - whatever the file has
    return json.loads(_read(name))


def _read(name: str) -> bytes:
    content = Path(ASSETS, name).read_bytes()
    return gzip.decompress(content) if name.endswith(".gz") else content
