"""Languages as tags of files name them: three letters, while texts are tagged by two.

Source: ISO 639-2 (Library of Congress), the terminological codes, for languages of ISO 639-1.
"""

_CODES = (
    "af:afr ar:ara be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng "
    "es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun "
    "hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz km:khm kn:kan ko:kor la:lat lo:lao lt:lit "
    "lv:lav mk:mkd ml:mal mn:mon mr:mar ms:msa my:mya nb:nob ne:nep nl:nld nn:nno no:nor pa:pan "
    "pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa ta:tam te:tel th:tha "
    "tl:tgl tr:tur uk:ukr ur:urd uz:uzb vi:vie yi:yid zh:zho zu:zul"
)
_BY_TWO_LETTERS = dict(pair.split(":") for pair in _CODES.split())
UNKNOWN = "und"


def three_letter_code(tag: str) -> str:
    """The code of a BCP 47 tag's language; `und` for one that is not known here."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    is_code = len(language) == len(UNKNOWN) and language.isascii()
    return language if is_code else _BY_TWO_LETTERS.get(language, UNKNOWN)
