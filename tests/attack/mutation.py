"""Random changes of texts and files. The same random numbers make the same changes."""

import random
from collections.abc import Sequence

TOKENS = (
    *("[[", "]]", "[[pause 1s]]", "[[say x=y]]", "[[sound a.wav]]", "[[", "[[cast", "[[music"),
    *("<", ">", "&", "&amp;", "&#0;", "&#x110000;", "<!--", "-->", "<![CDATA[", "]]>", "<![x"),
    *("<a ", "</", "<?", "<speak>", "</speak>", "<prosody rate='50%'>", "<break time='1s'/>"),
    *("---\n", "\n\n", "\n", "\r", "\t", "\0", "\x0b", "\u2028", "\ufeff", "\ud800", "\udfff"),
    *("\u202e", "\u200d", "\u0301" * 9, "😀", "ﷺ", "ß", "İ", "١٢٣", "9" * 40, "1,234.5", "1/0"),
    *("$1.5bn", "10^9", "12:61", "31/02/2026", "Dr.", "…", "“", "”", "'", '"', "* * *", "# ", "> "),
    *("```", "|a|b|", "![x](y)", "[^1]", "{#id}", "title: ", "cast:\n  A: B\n", "language: x\n"),
    *("://[", "../", "%00", "\\", "a=", "a = b", "/əˈ/", "IPA", " " * 60, "_" * 60, "*" * 60),
)

MAX_COPIES = 40
MAX_CHARS = 20_000


def mutate_text(draw: random.Random, seeds: Sequence[str]) -> str:
    """Change one of some texts in one to eight places."""
    text = draw.choice(seeds)
    for _ in range(draw.randint(1, 8)):
        begin, end = sorted((draw.randint(0, len(text)), draw.randint(0, len(text))))
        end = min(end, begin + draw.choice((1, 3, 20, 300)))
        other = draw.choice(seeds)
        start = draw.randint(0, len(other))
        replacement = draw.choice(
            (
                "",
                draw.choice(TOKENS),
                draw.choice(TOKENS) * draw.randint(2, MAX_COPIES),
                text[begin:end] * draw.randint(2, MAX_COPIES),
                other[start : start + draw.choice((5, 50, 500))],
                "".join(chr(draw.choice((draw.randint(1, 127), draw.randint(1, 0xD7FF))))),
            )
        )
        text = (text[:begin] + replacement + text[end:])[:MAX_CHARS]
    return text


def mutate_bytes(draw: random.Random, content: bytes) -> bytes:
    """Change a file: bits, bytes, cuts, copies, runs of one value, numbers at their limits."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        if not changed:
            break
        at = draw.randrange(min(len(changed), draw.choice((64, 1_024, len(changed)))))
        size = min(len(changed) - at, draw.choice((1, 2, 4, 16, 500)))
        match draw.randrange(6):
            case 0:
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                changed[at : at + size] = draw.randbytes(size)
            case 2:
                del changed[at : at + size]
            case 3:
                changed[at:at] = changed[at : at + size] * draw.randint(1, 3)
            case 4:
                changed[at : at + size] = bytes([draw.choice((0, 255, 127, 128))]) * size
            case _:
                del changed[draw.randint(at, len(changed)) :]
    return bytes(changed)
