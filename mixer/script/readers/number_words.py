"""The words of numbers up to 99, by which chapters are counted."""

UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
TEENS = [
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_GERMAN = ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"]
_FRENCH = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"]
_SPANISH = ["uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"]
NUMBER_VALUES = {
    **{word: value for value, word in enumerate(UNITS + TEENS)},
    **{word: 10 * value for value, word in enumerate(TENS, start=2)},
    **{
        f"{tens}-{unit}": 10 * value + number
        for value, tens in enumerate(TENS, start=2)
        for number, unit in enumerate(UNITS[1:10], start=1)
    },
    **{word: n for n, word in enumerate(_GERMAN, start=1)},
    **{word: n for n, word in enumerate(_FRENCH, start=1)},
    **{word: n for n, word in enumerate(_SPANISH, start=1)},
}
NUMBER_WORDS = {value: word for word, value in reversed(NUMBER_VALUES.items())}
"""The English words of numbers up to 99."""

NUMBER_VALUES |= {word.replace("-", " "): value for word, value in NUMBER_VALUES.items()}
