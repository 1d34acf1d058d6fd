"""What Amazon Polly has and allows, as the strict server knows it.

Written down a second time on purpose, independent of the tables in `mixer`: a fault there shall
not hide itself here. Sources: the developer guide of Polly (limits, available voices) and its
service model (botocore).
"""

from dataclasses import dataclass

ENGINES = ("standard", "neural", "long-form", "generative")
LETTERS = {"s": "standard", "n": "neural", "l": "long-form", "g": "generative"}


@dataclass(frozen=True, slots=True)
class ListedVoice:
    """A voice as DescribeVoices states it."""

    id: str
    gender: str
    language: str
    engines: tuple[str, ...]
    more_languages: tuple[str, ...] = ()


VOICE_ROWS = """
Zeina F arb s
Hala F ar-AE n arb
Zayd M ar-AE n arb
Arlet F ca-ES n
Jitka F cs-CZ n
Zhiyu F cmn-CN ns
Hiujin F yue-CN n
Naja F da-DK s
Sofie F da-DK n
Laura F nl-NL n
Lotte F nl-NL s
Lisa F nl-BE n
Nicole F en-AU s
Olivia F en-AU gn
Amy F en-GB gns
Arthur M en-GB n
Brian M en-GB ns
Emma F en-GB ns
Aditi F en-IN s hi-IN
Kajal F en-IN gn hi-IN
Niamh F en-IE n
Aria F en-NZ n
Ayanda F en-ZA gn
Danielle F en-US gln
Gregory M en-US ln
Ivy F en-US ns
Joanna F en-US gns
Joey M en-US ns
Kendra F en-US ns
Kevin M en-US n
Matthew M en-US gns
Ruth F en-US gln
Salli F en-US gns
Stephen M en-US gn
Tiffany F en-US g
Suvi F fi-FI n
Celine F fr-FR s
Lea F fr-FR gns
Remi M fr-FR gn
Isabelle F fr-BE n
Gabrielle F fr-CA gn
Daniel M de-DE gn
Hans M de-DE s
Vicki F de-DE gns
Hannah F de-AT n
Bianca F it-IT gns
Giorgio M it-IT s
Kazuha F ja-JP n
Mizuki F ja-JP s
Takumi M ja-JP ns
Seoyeon F ko-KR gns
Ida F nb-NO n
Ewa F pl-PL s
Ola F pl-PL n
Camila F pt-BR gns
Ines F pt-PT ns
Carmen F ro-RO s
Tatyana F ru-RU s
Conchita F es-ES s
Lucia F es-ES gns
Sergio M es-ES gn
Mia F es-MX gns
Lupe F es-US gns
Pedro M es-US gn
Elin F sv-SE n
Burcu F tr-TR n
Filiz F tr-TR s
Gwyneth F cy-GB s
"""
"""Name, gender, language, engines by their first letters, further languages."""


def _parse_voice(row: str) -> ListedVoice:
    name, gender, language, letters, *more = row.split()
    engines = tuple(LETTERS[letter] for letter in letters)
    return ListedVoice(name, {"F": "Female", "M": "Male"}[gender], language, engines, tuple(more))


VOICES = tuple(_parse_voice(row) for row in VOICE_ROWS.strip().splitlines())

LANGUAGE_NAMES = {
    "ar": "Arabic", "arb": "Arabic", "ca": "Catalan", "cmn": "Chinese Mandarin",
    "cs": "Czech", "cy": "Welsh",
    "da": "Danish", "de": "German", "en": "English", "es": "Spanish", "fi": "Finnish",
    "fr": "French", "hi": "Hindi", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nb": "Norwegian",
    "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sv": "Swedish", "tr": "Turkish", "yue": "Chinese Cantonese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an account may do with one engine: calls a second, how many at once, in flight."""

    calls_per_s: float
    burst: float
    in_flight: int


ALLOWANCES = {
    "generative": Allowance(8, 8, 26),
    "long-form": Allowance(8, 10, 26),
    "neural": Allowance(8, 10, 18),
    "standard": Allowance(80, 100, 80),
}

SPEECH_RATES_HZ = frozenset({"8000", "16000", "22050", "24000", "44100", "48000"})
RATES_HZ = {
    "mp3": SPEECH_RATES_HZ,
    "ogg_vorbis": SPEECH_RATES_HZ,
    "json": SPEECH_RATES_HZ,
    "pcm": frozenset({"8000", "16000"}),
    "ogg_opus": frozenset({"48000"}),
    "mulaw": frozenset({"8000"}),
    "alaw": frozenset({"8000"}),
}
DEFAULT_RATES_HZ = {
    "standard": "22050",
    "neural": "24000",
    "long-form": "24000",
    "generative": "24000",
}
MARK_TYPES = frozenset({"sentence", "ssml", "viseme", "word"})
ENGINES_WITH_MARKS = frozenset({"standard", "neural", "long-form"})

BILLED_CHARS = 3_000
TOTAL_CHARS = 6_000
LEXICONS_PER_CALL = 5
LEXICONS_PER_ACCOUNT = 100
LEXICON_CHARS = 40_000
LEXEME_CHARS = 100
PLS_ALPHABETS = frozenset(
    {
        "ipa",
        "x-sampa",
        "x-amazon-pinyin",
        "x-amazon-jyutping",
        "x-amazon-pron-kana",
        "x-amazon-yomigana",
    }
)

STATUSES = {
    "ServiceFailureException": 500,
    "ServiceUnavailableException": 503,
    "LexiconNotFoundException": 404,
    "UnknownOperationException": 404,
    "AccessDeniedException": 403,
    "MissingAuthenticationTokenException": 403,
    "NotImplementedException": 501,
}
"""HTTP statuses of errors, where they are not 400."""


class Refusal(Exception):
    """What the service answers instead of speech."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = STATUSES.get(code, 400)
