"""Small whole numbers as short text, for the two kilobytes of metadata that an object may carry.

Five bits a character, the sixth says that more follow: steps between words or pauses mostly take
one character each, a third of what they take as JSON.
"""

from collections.abc import Iterable

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_BITS = 5
_MORE = 1 << _BITS


def encode_vlq(numbers: Iterable[int]) -> str:
    """Numbers as text; those below zero count as zero."""
    return "".join(_encode_number(max(0, number)) for number in numbers)


def decode_vlq(text: str) -> list[int]:
    """The numbers of a text.

    Raises:
        ValueError: it is none of `packed`.
    """
    numbers, number, shift = [], 0, 0
    for char in text:
        value = _VALUES.get(char)
        if value is None:
            raise ValueError(f"{char!r} is no digit of packed numbers.")
        number |= (value & (_MORE - 1)) << shift
        shift += _BITS
        if value < _MORE:
            numbers.append(number)
            number, shift = 0, 0
    if shift:
        raise ValueError("The last of the packed numbers is cut off.")
    return numbers


def _encode_number(number: int) -> str:
    digits = []
    while number >= _MORE:
        digits.append(_ALPHABET[_MORE | number & (_MORE - 1)])
        number >>= _BITS
    return "".join([*digits, _ALPHABET[number]])
