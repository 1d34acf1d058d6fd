"""Languages as books state them."""

import pytest

from mixer.script.readers.languages import normalise_language_tag


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"), ("eng", "en"), ("en_US", "en-US"), ("EN-gb", "en-GB"), ("ger", "de"),
        ("deu-AT", "de-AT"), ("fre", "fr"), ("zho-hant-tw", "zh-Hant-TW"), ("cmn-CN", "cmn-CN"),
        ("en_US.UTF-8", "en-US"), ("English", "en"), ("english (US)", "en"), ("Deutsch", "de"),
        ("Français", "fr"), ("español", "es"), ("und", ""), ("UND", ""), ("mul", ""), ("zxx", ""),
        ("", ""), ("  ", ""), ("Klingonese", ""), ("en\x01", ""), ("<b>", ""), ("x" * 500, ""),
    ],
)  # fmt: skip
def test_a_language_is_a_tag_or_none(written, tag):
    assert normalise_language_tag(written) == tag
