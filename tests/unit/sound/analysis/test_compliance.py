"""The rules of presets, judged on figures."""

import math

import pytest

from mixer.sound.analysis.compliance import StreamInfo, check_compliance
from mixer.sound.analysis.verification import Verification
from mixer.sound.formats.encoding import Encoding
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import Mastering, Timeline
from mixer.stories.outputs.sidecars import Mix, collect_measurements

BLOCK_S = 0.1
ROOM, WORD = -72.0, -20.0
MASTERING = Mastering(0.0, -20.0, -3.0, None)
CARRIER = StreamInfo("mp3", 44_100, 192.0, 60.0)


def check(
    *, head: float = ROOM, gap: float = ROOM, tail: float = ROOM, peak: float = -4.0
) -> Verification:
    """Words between 0.7 s and 2 s of room tone, at some levels."""
    levels = [head] * 7 + [WORD] * 20 + [gap] * 10 + [WORD] * 20 + [tail] * 20
    return Verification(-20.0, peak, (-20.0,) * len(levels), (), tuple(levels), BLOCK_S)


def broken(checked: Verification, carrier: StreamInfo = CARRIER) -> set[str]:
    rules = check_compliance(checked, carrier, PRESETS["audiobook-acx"], -20.0)
    return {rule.name for rule in rules if not rule.passed}


def test_a_book_as_the_shop_wants_it_breaks_no_rule():
    assert broken(check()) == set()


def test_each_rule_of_the_shop_can_be_broken():
    assert broken(check(peak=-2.9)) == {"true_peak_dbtp"}
    assert broken(check(head=-math.inf)) == {"room_tone_dbfs"}
    assert broken(check(tail=-96.0)) == {"room_tone_dbfs"}
    hissing = check(head=-59.0, gap=-59.0, tail=-59.0)
    assert broken(hissing) == {"noise_floor_dbfs", "room_tone_dbfs"}
    assert broken(check(head=-40.0)) == {"room_tone_before_s", "room_tone_dbfs"}
    assert broken(check(tail=-40.0)) == {"room_tone_after_s", "room_tone_dbfs"}
    soft = Verification(
        -27.0, -9.0, (), (), tuple(level - 6 for level in check().levels_dbfs), BLOCK_S
    )
    assert broken(soft) == {"rms_dbfs"}
    assert broken(check(), StreamInfo("mp3", 44_100, 128.0, 60.0)) == {"bitrate_kbps"}
    assert broken(check(), StreamInfo("aac", 44_100, 192.0, 60.0)) == {"codec"}
    assert broken(check(), StreamInfo("mp3", 48_000, 192.0, 60.0)) == {"sample_rate_hz"}
    assert broken(check(), StreamInfo("mp3", 44_100, 192.0, 7_201.0)) == {"duration_s"}


def test_broken_rule_says_what_was_measured_and_what_is_required():
    found = check_compliance(
        check(head=-59.0, gap=-59.0, tail=-59.0),
        StreamInfo("mp3", 44_100, 64.0, 60.0),
        PRESETS["audiobook-acx"],
        -20.0,
    )
    assert [rule.sentence for rule in found if not rule.passed] == [
        "Noise floor: -59.0 dBFS, but at most -60 dBFS is required.",
        "Room tone: -59.0 dBFS, but -90 to -60 dBFS is required.",
        "Bit rate: 64.0 kbit/s, but MP3 of at least 192 kbit/s is required.",
    ]


@pytest.mark.parametrize(
    ("preset", "codec", "kbps", "has_music", "words"),
    [
        ("audiobook-acx", "mp3", 192, False, []),
        ("audiobook-acx", "mp3", 192, True, ["music"]),
        ("audiobook-acx", "m4b", 192, False, ["m4b"]),
        ("audiobook-acx", "mp3", 64, False, ["64"]),
        ("audiobook-acx", "m4b", 64, True, ["music", "m4b", "64"]),
        ("podcast", "m4b", 64, True, []),
    ],
)
def test_what_cannot_meet_a_preset_is_known_before(
    preset: str, codec: str, kbps: int, has_music: bool, words: list[str]
):
    found = list(PRESETS[preset].find_conflicts(codec, kbps, has_music=has_music))
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_what_was_decoded_names_nothing_unmeasured():
    timeline = Timeline(24_000, 24_000, 1, (), (), (), MASTERING)
    measurements = collect_measurements(
        Mix(timeline, check(), None, "audiobook-acx", Encoding("mp3", 192))
    )
    assert measurements.unmeasured == ()
    assert all(rule.passed for rule in measurements.rules)
    assert measurements.noise_floor_dbfs is not None
