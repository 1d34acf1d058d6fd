"""Bytes to text: valid Unicode first, then what they state, what they look like, Windows-1252.

A text without a label that is mostly not in Latin letters is judged by charset-normalizer, which
does not distinguish Latin encodings: those are judged by the alphabets of languages, and a
Macintosh's is known by signs inside words.

Follows the practice of browsers (WHATWG Encoding Standard): the label iso-8859-1 means
windows-1252, and only the encodings of text that the standard lists are ever used.
"""

import codecs
from functools import partial

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import normalise_newlines, split_names
from mixer.script.readers.alphabets import detect_latin_encoding

_XML_ENCODING = compile_lazily(
    rb"""\A\s*+<\?xml[^>]{0,200}?encoding\s*+=\s*+["']([\w.:-]{1,40})["']"""
)
_META_CHARSET = compile_lazily(rb"""(?i)<meta[^>]{0,200}?charset\s*+=\s*+["']?([\w.:-]{1,40})""")
SNIFFED_BYTES = 4_096
"""At the beginning of a page, where it states its encoding."""

_WESTERN = frozenset({"ascii", "iso8859-1", "latin-1", "cp1252"})
_STATEFUL = frozenset({"iso2022_jp", "hz"})
"""Encodings whose bytes are also valid UTF-8."""

_KNOWN = _STATEFUL | split_names(
    "big5 big5hkscs cp866 cp874 cp932 cp936 cp949 cp950 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 "
    "cp1257 cp1258 euc_jp euc_kr gb18030 gb2312 gbk iso8859-2 iso8859-3 iso8859-4 iso8859-5 "
    "iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 "
    "iso8859-15 iso8859-16 koi8-r koi8-u mac-roman mac-cyrillic shift_jis tis-620"
)
_FOREIGN = (
    "cp1251", "koi8_r", "mac_cyrillic", "cp866", "iso8859_5", "cp1253", "cp1255", "cp1256",
    "gb18030", "big5", "euc_jp", "cp949",
)  # fmt: skip
"""What texts without a label are written in, as charset-normalizer calls it."""

MAX_DETECTED_BYTES, MIN_FOREIGN_SHARE = 1 << 16, 0.25
MIN_KANA_SHARE, MIN_MAC_WORDS = 0.2, 2
_KANA = compile_lazily(r"[ぁ-んァ-ヶー]")
_LETTER = compile_lazily(r"\p{L}")
_ODD_LETTER = compile_lazily(
    r"(?<=\p{Ll})[^\x00-\x7f\p{Ll}\p{M}\p{N}’‘“”–—…·\u00a0\u00ad](?=\p{Ll})"
)
"""Inside a word: what no language writes there."""

_DOS_END = b"\x1a"
"""The end of a text, as DOS marked it."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROL = compile_lazily(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LATE_CONTROL = compile_lazily(r"[\x80-\x84\x86-\x9f]")
"""Of Unicode; U+0085 alone is a line break."""

_PUNCTUATION = {
    code: bytes([code]).decode("cp1252", "ignore") or "\N{ZERO WIDTH SPACE}"
    for code in range(0x80, 0xA0)
}
_LONG_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"))
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode_text(content: bytes, name: str) -> str:
    """Decode a text file of any of the usual encodings.

    Raises:
        UnreadableText: it is not a text, or is damaged; names the line.
    """
    if unicode := _detect_wide_encoding(content):
        try:
            return content.decode(unicode).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise _build_error(name) from error
    if _CONTROL.search(content.rstrip(_DOS_END)):
        raise _build_error(name)
    content = content.rstrip(_DOS_END)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _reject_damaged(content, name, error)
    return _decode_single_bytes(content, name)


def decode_page(content: bytes) -> str:
    """Decode a page of a book or of the web, whatever it is; LF is its only line break."""
    wide = _detect_wide_encoding(content)
    stated = _find_stated_encoding(content)
    candidates = ([wide] if wide else []) + ([stated] if stated in _STATEFUL else [])
    for encoding in (*candidates, "utf-8-sig", stated or "cp1252", "cp1252"):
        try:
            return normalise_newlines(restore_punctuation(content.decode(encoding)))
        except UnicodeDecodeError:
            continue
    return normalise_newlines(content.decode(wide or "utf-8", errors="replace"))


def restore_punctuation(text: str) -> str:
    """Restore Windows-1252's quotation marks and dashes, which became controls of Unicode.

    They come from conversions that took a text for ISO 8859-1; a terminal would obey them.
    """
    return text.translate(_PUNCTUATION) if _LATE_CONTROL.search(text) else text


def _detect_wide_encoding(content: bytes) -> str:
    """UTF-16 or UTF-32, by its mark or by the zero bytes of its first ASCII characters."""
    for mark, encoding in (*_LONG_MARKS, *_MARKS):
        if content.startswith(mark):
            return encoding
    beginning = content[:SNIFFED_BYTES]
    beginning = beginning[: len(beginning) // 2 * 2]
    for encoding, zeros, others in (
        ("utf-16-le", beginning[1::2], beginning[::2]),
        ("utf-16-be", beginning[::2], beginning[1::2]),
    ):
        if zeros and zeros.count(0) * 2 > len(zeros) and 0 not in others:
            return encoding
    return ""


def _find_stated_encoding(content: bytes) -> str:
    beginning = content[:SNIFFED_BYTES]
    match = _XML_ENCODING.search(beginning) or _META_CHARSET.search(beginning)
    if match is None:
        return ""
    try:
        encoding = codecs.lookup(match[1].decode("ascii")).name
    except (LookupError, ValueError):
        return ""
    if encoding in _WESTERN:
        return "cp1252"
    return encoding if encoding in _KNOWN else ""


def _decode_single_bytes(content: bytes, name: str) -> str:
    stated = _find_stated_encoding(content)
    for encoding in filter(None, (stated or _detect_encoding(content), "cp1252")):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _build_error(name)


def _detect_encoding(content: bytes) -> str:
    """The encoding of a text without a label; empty where it is that of most Western texts."""
    sample = content[:MAX_DETECTED_BYTES]
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    foreign = sum(byte > 0x7F for byte in sample)  # noqa: PLR2004
    if foreign < MIN_FOREIGN_SHARE * len(b"".join(sample.split())):
        odd, mac = (_count_odd(sample, encoding) for encoding in ("cp1252", "mac-roman"))
        is_mac = odd >= MIN_MAC_WORDS and mac * 4 < odd
        return detect_latin_encoding(sample) or ("mac-roman" if is_mac else "")
    if encoding := next(filter(partial(_is_japanese, sample), ("cp932", "euc_jp")), ""):
        return encoding
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_FOREIGN)).best()
    return best.encoding if best else ""


def _count_odd(sample: bytes, encoding: str) -> int:
    return len(_ODD_LETTER.findall(sample.decode(encoding, "replace")))


def _is_japanese(sample: bytes, encoding: str) -> bool:
    text = sample.decode(encoding, "replace")
    letters = len(_LETTER.findall(text))
    return _REPLACEMENT not in text and len(_KANA.findall(text)) > MIN_KANA_SHARE * letters


def _build_error(name: str) -> UnreadableText:
    return UnreadableText(f"{name} is not a text file: save the story as plain text in UTF-8.")


def _reject_damaged(content: bytes, name: str, error: UnicodeDecodeError) -> None:
    """Distinguish UTF-8 with a few damaged bytes from older encodings."""
    text = content.decode(errors="replace")
    damaged = text.count(_REPLACEMENT)
    intact = sum(character > "\x7f" for character in text) - damaged
    if intact > damaged:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableText(f"{name} is damaged: line {line} is not valid UTF-8.") from error
