"""Language tags as books write them: `eng`, `en_US`, `English`, `und`."""

import regex

from mixer.lazy import compile_lazily

_TAG = compile_lazily(r"(?P<code>[A-Za-z]{2,3})(?P<rest>(?:-[A-Za-z0-9]{1,8}){0,4})")
MAX_TAG_CHARS = 35
"""BCP 47 (RFC 5646, 4.4.1)."""

_UNKNOWN = frozenset({"und", "mul", "mis", "zxx", "unk", "xxx"})
"""ISO 639-2 codes, and habits, for no certain language."""

_CODES = (
    "afr:af alb:sq amh:am ara:ar arm:hy aze:az baq:eu bel:be ben:bn bos:bs bul:bg bur:my cat:ca "
    "ces:cs chi:zh cym:cy cze:cs dan:da deu:de dut:nl ell:el eng:en epo:eo est:et eus:eu fas:fa "
    "fin:fi fra:fr fre:fr geo:ka ger:de gle:ga glg:gl gre:el guj:gu heb:he hin:hi hrv:hr hun:hu "
    "hye:hy ice:is ind:id isl:is ita:it jpn:ja kan:kn kat:ka kaz:kk khm:km kor:ko lat:la lav:lv "
    "lit:lt mac:mk mal:ml mar:mr may:ms mkd:mk mlt:mt mon:mn msa:ms nep:ne nld:nl nno:nn nob:nb "
    "nor:no pan:pa per:fa pol:pl por:pt ron:ro rum:ro rus:ru san:sa sin:si slk:sk slo:sk slv:sl "
    "spa:es sqi:sq srp:sr swa:sw swe:sv tam:ta tel:te tgl:tl tha:th tur:tr ukr:uk urd:ur uzb:uz "
    "vie:vi wel:cy yid:yi zho:zh"
)
"""ISO 639-2 (both forms of each code) to ISO 639-1."""

_NAMES = (
    "af:afrikaans ar:arabic,العربية bg:bulgarian ca:catalan,català cs:czech,čeština "
    "cy:welsh,cymraeg da:danish,dansk de:german,deutsch el:greek,ελληνικά en:english,englisch,"
    "anglais,inglés,inglese,engels es:spanish,español,castellano et:estonian fa:persian,farsi "
    "fi:finnish,suomi fr:french,français,francais,französisch he:hebrew,עברית hi:hindi,हिन्दी "
    "hr:croatian,hrvatski hu:hungarian,magyar id:indonesian is:icelandic,íslenska "
    "it:italian,italiano ja:japanese,日本語 ko:korean,한국어 la:latin lt:lithuanian lv:latvian "
    "nb:bokmål nl:dutch,nederlands no:norwegian,norsk pl:polish,polski pt:portuguese,português "
    "ro:romanian,română ru:russian,русский sk:slovak,slovenčina sl:slovenian,slovenščina "
    "sr:serbian,srpski sv:swedish,svenska th:thai tr:turkish,türkçe uk:ukrainian,українська "
    "vi:vietnamese zh:chinese,mandarin,中文"
)
"""Names in English and in the language itself."""

_SHORT_CODES = dict(pair.split(":") for pair in _CODES.split())
_CODES_BY_NAME = {
    name: code
    for code, names in (entry.split(":") for entry in _NAMES.split())
    for name in names.split(",")
}
_NAME = compile_lazily(r"(?P<name>\p{L}+)(?:[\s,(-].*)?", regex.DOTALL)


def normalise_language_tag(written: str) -> str:
    """The BCP 47 tag of a language; empty where none is known, so that the voice's own applies."""
    text = written.strip()[:MAX_TAG_CHARS]
    if match := _match_tag(text):
        code = match["code"].lower()
        return (
            "" if code in _UNKNOWN else _SHORT_CODES.get(code, code) + _format_rest(match["rest"])
        )
    name = _NAME.fullmatch(text)
    return _CODES_BY_NAME.get(name["name"].lower(), "") if name else ""


def names_language(written: str) -> bool:
    """Whether a text is empty, has the form of a tag, or is a language's known name."""
    return not written or bool(_match_tag(written) or normalise_language_tag(written))


def _match_tag(text: str) -> regex.Match[str] | None:
    return _TAG.fullmatch(text.replace("_", "-").split(".")[0])


def _format_rest(rest: str) -> str:
    """Script and region in their usual case: `-Latn`, `-US`."""
    parts = rest.split("-")[1:]
    cased = [each.upper() if len(each) == len("US") else each for each in parts]
    return "".join(f"-{each.title() if len(each) == len('Latn') else each}" for each in cased)
