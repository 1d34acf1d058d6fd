"""Messages: money to its last digit that counts, and no message without an end."""

import math

import pytest

from mixer.errors import MAX_MESSAGE_CHARS, MixerError, format_usd


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        *((0.0, "$0.00"), (0.5, "$0.50"), (12.0, "$12.00"), (1_234.5, "$1,234.50")),
        *((0.000144, "$0.000144"), (0.01872, "$0.01872"), (1e-9, "$1e-09"), (math.inf, "$inf")),
        *((1e308, "$1e+308"), (1e12, "$1e+12"), (1e12 - 1, "$999,999,999,999.00")),
    ],
)
def test_money_is_exact_to_its_millionth(usd, text):
    assert format_usd(usd) == text


def test_message_that_quotes_a_long_name_has_an_end():
    assert str(MixerError("x" * 10**6)) == "x" * MAX_MESSAGE_CHARS + "…"
