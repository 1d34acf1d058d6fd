"""Bytes of many encodings, as text."""

import pytest

from mixer.errors import UnreadableText
from mixer.script.readers.encodings import decode_page, decode_text
from mixer.script.readers.registry import read_document
from mixer.script.readers.text_types import TextType

WORDS = "Café – “quoted”."


@pytest.mark.parametrize(
    ("stated", "actual"),
    [
        ("utf-8", "utf-8"), ("utf-8", "utf-8-sig"), ("iso-8859-1", "utf-8"), ("utf-8", "cp1252"),
        ("iso-8859-1", "cp1252"), ("windows-1252", "cp1252"), ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"), ("utf-16be", "utf-16-be"), ("utf-8", "utf-16"),
        ("no-such", "utf-8"), ("punycode", "cp1252"), ("undefined", "cp1252"), ("idna", "utf-8"),
        ("rot13", "cp1252"), ("macintosh", "mac-roman"), ("utf-32", "utf-32"),
    ],
)  # fmt: skip
def test_a_page_is_decoded_whatever_it_states(stated, actual):
    page = f'<?xml version="1.0" encoding="{stated}"?><html><p>{WORDS}</p></html>'
    assert WORDS in decode_page(page.encode(actual))


@pytest.mark.parametrize(
    ("language", "encoding", "words"),
    [
        ("ja", "iso-2022-jp", "吾輩は猫"), ("ja", "shift_jis", "吾輩は猫"),
        ("ru", "koi8-r", "Привет"), ("ru", "windows-1251", "Привет"), ("zh", "gb18030", "你好"),
        ("ko", "euc-kr", "안녕"),
    ],
)  # fmt: skip
def test_a_page_of_another_script_is_decoded_as_it_states(language, encoding, words):
    page = f'<html lang="{language}"><meta charset="{encoding}"><p>{words}</p>'
    assert words in decode_page(page.encode(encoding))


@pytest.mark.parametrize("text_type", [TextType.TEXT, TextType.MARKDOWN, TextType.HTML])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("It\x92s late.", "It’s late."), ("\x93Now\x94, he wrote.", "“Now”, he wrote."),
        ("He wrote\x85 and \x97 left.", "He wrote… and — left."),
        ("It cost \x8020.", "It cost €20."),
        ("\x9d0;title\x9c The Sea\x9bm.", "\u200b0;titleœ The Sea›m."),
    ],
)  # fmt: skip
def test_controls_of_unicode_are_the_punctuation_that_they_were(text_type, written, read):
    assert read_document(written, text_type).blocks[0].text == read
    assert read_document(written.encode(), text_type).blocks[0].text == read


@pytest.mark.parametrize(
    ("page", "text_type"),
    [("<speak>{}</speak>", TextType.SSML), ("<p>{}</p>", TextType.HTML)],
)
def test_references_to_controls_are_the_punctuation_that_they_were(page, text_type):
    written = page.format("It&#146;s &#x93;late&#148;&#133; &#155;2J")
    assert read_document(written, text_type).blocks[0].text == "It’s “late”… ›2J"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_a_text_file_is_decoded(encoding):
    assert decode_text(f"It was late. {WORDS}\v\x1a".encode(encoding), "a.txt").startswith("It was")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Hello\x00 world.", "not a text file"),
        (b"\xff\xfe\x00\xd8", "not a text file"),
        ("Café is fine – “so”.\n".encode() + b"Bad \xe9 byte", "line 2 is not valid UTF-8"),
        (b"GIF89a\x01\x00", "not a text file"),
        (b"\x7fELF", "not a text file"),
    ],
)
def test_what_is_not_a_text_is_refused(content, reason):
    with pytest.raises(UnreadableText, match=reason):
        decode_text(content, "a.txt")


UNLABELLED = {
    "ru": "Лодка отошла от причала чуть позже шести. «Куда мы плывём?» — спросила Анна у него.\n",
    "zh": "渡船在六点过后不久离开了码头。老亨利绕着它走了一圈，一言不发地坐在船尾。\n",
    "zh-TW": "渡船在六點過後不久離開了碼頭。老亨利繞著它走了一圈，一言不發地坐在船尾。\n",
    "ja": "渡し船は六時を少し過ぎて桟橋を離れた。老人はその周りを歩き、黙って船尾に座った。\n",
    "ko": "나룻배는 여섯 시가 조금 지나 부두를 떠났다. 늙은 선장은 말없이 뒤쪽에 앉았다.\n",
    "el": "Το πλοίο έφυγε από την προβλήτα λίγο μετά τις έξι. Ο γέρος κάθισε σιωπηλά.\n",
    "de": "Die Fähre verließ den Steg spät. „Wohin?“, fragte Änne; der Bär ging übers Deck.\n",
    "fr": "Le bac quitta le quai après la fête. « Où ? » demanda Hélène à l’élève étonné.\n",
    "en": "He didn’t know why the ferry hadn’t left. “It isn’t late,” she wrote—but it was.\n",
    "pl": "Stary Józef obszedł łódź dookoła. Dokąd płyniemy, zapytała Żaneta i usiadła.\n",
    "cs": "Starý Jindřich přívoz obešel. Kam plujeme, zeptala se Růžena, ale žádný neodpověděl.\n",
    "hu": "Hová megyünk? kérdezte Júlia, de az öreg Győző a mólón fűtött és hallgatott.\n",
    "hr": "Kamo plovimo, pitala je Žaklina, ali đak je šutio; noć je već došla, a čamac otišao.\n",
    "tr": "Nereye gidiyoruz? diye sordu Ayşe, ama yaşlı kaptan sustu. Işık söndü, güneş battı.\n",
    "lt": "Kur plaukiame? paklausė Žydrūnė, bet senas Ąžuolas tylėjo ir žiūrėjo į jūrą.\n",
    "da": "Hvor sejler vi hen? spurgte Søren, men den gamle Åge gik på færgens dæk.\n",
    "es": "La señora no volvió; el niño preguntó: «¿Cuándo?», y él cerró la puerta del jardín.\n",
}


@pytest.mark.parametrize("times", [2, 40])
@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "mac-cyrillic"), ("ru", "cp866"),
        ("zh", "gb18030"), ("zh", "gbk"), ("zh-TW", "big5"), ("ja", "shift_jis"),
        ("ja", "euc_jp"), ("ko", "euc-kr"), ("el", "cp1253"),
        ("de", "cp1252"), ("fr", "cp1252"), ("en", "cp1252"), ("es", "cp1252"),
        ("pl", "cp1250"), ("pl", "iso8859-2"), ("cs", "cp1250"), ("cs", "iso8859-2"),
        ("cs", "mac-latin2"), ("hu", "cp1250"), ("hr", "cp1250"), ("tr", "cp1254"),
        ("lt", "cp1257"), ("da", "cp1252"), ("da", "mac-roman"), ("pl", "cp852"),
        ("de", "mac-roman"), ("fr", "mac-roman"), ("en", "mac-roman"), ("es", "mac-roman"),
    ],
)  # fmt: skip
def test_a_text_without_a_label_is_decoded_by_its_looks(language, encoding, times):
    text = UNLABELLED[language] * times
    decoded = decode_text(text.encode(encoding, "replace"), "a.txt")
    assert decoded == text.encode(encoding, "replace").decode(encoding)
