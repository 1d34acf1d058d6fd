"""The lexicons of one account, as Amazon Polly keeps them."""

import re
import threading
import time
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from tests.emulators.polly_tables import (
    LANGUAGE_NAMES,
    LEXEME_CHARS,
    LEXICON_CHARS,
    LEXICONS_PER_ACCOUNT,
    PLS_ALPHABETS,
    Refusal,
)

NAME = re.compile(r"[0-9A-Za-z]{1,20}")
PLS = "{http://www.w3.org/2005/01/pronunciation-lexicon}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class StoredLexicon:
    """A lexicon and what Polly tells of it."""

    name: str
    content: str
    alphabet: str
    language: str
    lexemes: int
    modified_s: float

    def attributes(self) -> dict[str, object]:
        return {
            "Alphabet": self.alphabet,
            "LanguageCode": self.language,
            "LastModified": self.modified_s,
            "LexemesCount": self.lexemes,
            "LexiconArn": f"arn:aws:polly:us-east-1:123456789012:lexicon/{self.name}",
            "Size": len(self.content),
        }


class Lexicons:
    """Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, StoredLexicon] = {}

    def put(self, name: str, content: str) -> dict[str, object]:
        if not NAME.fullmatch(name):
            raise Refusal("ValidationException", f"Value '{name}' at 'name' is no lexicon name")
        lexicon = _parse_lexicon(name, content)
        with self._lock:
            if name not in self._by_name and len(self._by_name) >= LEXICONS_PER_ACCOUNT:
                raise Refusal("MaxLexiconsNumberExceededException", "Too many lexicons")
            self._by_name[name] = lexicon
        return {}

    def get(self, name: str) -> dict[str, object]:
        lexicon = self.find(name)
        return {
            "Lexicon": {"Name": name, "Content": lexicon.content},
            "LexiconAttributes": lexicon.attributes(),
        }

    def list_all(self) -> dict[str, object]:
        with self._lock:
            lexicons = sorted(self._by_name.values(), key=lambda lexicon: lexicon.name)
        rows = [{"Name": each.name, "Attributes": each.attributes()} for each in lexicons]
        return {"Lexicons": rows}

    def delete(self, name: str) -> dict[str, object]:
        self.find(name)
        with self._lock:
            self._by_name.pop(name, None)
        return {}

    def find(self, name: str) -> StoredLexicon:
        with self._lock:
            lexicon = self._by_name.get(name)
        if lexicon is None:
            raise Refusal("LexiconNotFoundException", f"Lexicon not found: {name}")
        return lexicon


def _parse_lexicon(name: str, content: str) -> StoredLexicon:
    if len(content) > LEXICON_CHARS:
        raise Refusal("LexiconSizeExceededException", "The lexicon is too long")
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Refusal("InvalidLexiconException", "The lexicon is no well-formed XML") from error
    if root.tag != f"{PLS}lexicon":
        raise Refusal("InvalidLexiconException", "The root must be <lexicon>")
    alphabet, language = root.get("alphabet", ""), root.get(XML_LANG, "")
    if alphabet not in PLS_ALPHABETS:
        raise Refusal("UnsupportedPlsAlphabetException", f"Unsupported alphabet: {alphabet}")
    if language.split("-")[0] not in LANGUAGE_NAMES:
        raise Refusal("UnsupportedPlsLanguageException", f"Unsupported language: {language}")
    return StoredLexicon(name, content, alphabet, language, _count_lexemes(root), time.time())


def _count_lexemes(root: Element) -> int:
    lexemes = root.findall(f"{PLS}lexeme")
    for lexeme in lexemes:
        spoken = [*lexeme.iter(f"{PLS}phoneme"), *lexeme.iter(f"{PLS}alias")]
        if lexeme.find(f"{PLS}grapheme") is None or not spoken:
            raise Refusal("InvalidLexiconException", "A lexeme lacks its grapheme or its sound")
        if any(len(each.text or "") > LEXEME_CHARS for each in spoken):
            raise Refusal("MaxLexemeLengthExceededException", "A lexeme is too long")
    return len(lexemes)
