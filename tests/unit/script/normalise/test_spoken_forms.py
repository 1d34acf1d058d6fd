"""Kinds of writing that engines misread, and their likes that stay as they are written."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from mixer.script.normalise import normalise

DEMO = Path(__file__).parents[4] / "demo" / "story.md"

READINGS = Path(__file__).with_name("readings_by_language.txt")

SENTENCES = 2_000

SPECIAL = re.compile(r"[\d*&#—]|[A-Z]{2}|\b[A-Z]?[a-z]{0,3}\.(?! [A-Z]|$)|\b(?:Mrs?|Dr|St)\b")
"""What is written out, or cleaned, on purpose."""

SPOKEN = {
    "formulas by their elements": {
        "H2S and Al2O3": "H 2 S and A L 2 O 3",
        "Ca2+ and Cl− here": "C A 2 plus and C L minus here",
        "N2O5 or MgSO4": "N 2 O 5 or M G S O 4",
    },
    "sums by code": {
        "SEK 199 or 19.95 EUR": "199 Swedish kronor or 19 euros and 95 cents",
        "They raised ₹2 crore.": "They raised 2 crore rupees.",
        "about 45 kr and Rs. 500": "about 45 kroner and 500 rupees",
        "USD 3–4 million": "3 to 4 million US dollars",
        "₺90 and ₦500": "90 lira and 500 naira",
    },
    "fractions with a unit": {
        "Cut 1 3/4 lb. of beef": "Cut 1 and 3 quarters pounds of beef",
        "and 3/4 tsp salt": "and 3 quarters teaspoon salt",
        "a 3/8-inch drill": "a 3 eighths-inch drill",
        "1/250 of a second": "One two hundred and fiftieth of a second",
        "some 9/10ths of it": "some 9 tenths of it",
    },
    "what was left as written": {
        "Open 12:30–2 p.m. here": "Open 12:30 to 2 PM here",
        "warmed by 0.4%/°C": "warmed by 0.4 percent per degree Celsius",
        "Bake at 180°C/350°F.": "Bake at 180 degrees Celsius, 350 degrees Fahrenheit.",
        "rated BB– and B-": "rated BB minus and B minus",
        "rock 'n' roll": "rock and roll",
        "the A–Z of it": "the A to Z of it",
        "the .com boom": "the dot com boom",
        "Roe v. Wade": "Roe versus Wade",
        "the vessel Endeavour II": "the vessel Endeavour 2",
        "12 Elm Ct., Apt. 3C": "12 Elm Court, Apartment 3C",
        "It boils at 373 K.": "It boils at 373 kelvins.",
        "odds of 7/2 and 9-4": "odds of 7 to 2 and 9-4",
        "as @john_doe wrote": "as at john underscore doe wrote",
        "Sat.–Sun. only": "Saturday to Sunday only",
        "and IT staff": "and I T staff",
        "MRS. BENNET’S girls": "Missus Bennet’s girls",
        "lunch 12–1:30 p.m. there": "lunch 12 to 1:30 PM there",
        "1.5–2 million": "1.5 to 2 million",
        "drifts 0.1 °C/year": "drifts 0.1 degrees Celsius per year",
        "Ctrl-Z undoes": "Control-Z undoes",
        "~30 people": "About 30 people",
        "1/10th of it": "One tenth of it",
        "eq. (5) holds": "equation (5) holds",
    },
    "capitals": {
        "SHE CRIED.": "She cried.",
        "IT WAS THE BEST of times.": "It was the best of times.",
        "IN MY younger years": "In my younger years",
        "GET OUT OF MY HOUSE!": "Get out of my house!",
        "“WHERE ARE WE?” HE ASKED.": "“Where are we?” He asked.",
        "He said: I’LL NEVER GO.": "He said: I’ll never go.",
        "CALL THE FBI NOW!": "Call the FBI now!",
        "THE HISTORY OF NASA": "The history of NASA",
        "GIVE IT TO US AT ONCE": "Give it to us at once",
        "It is NOT yours, SHE said": "It is not yours, she said",
        "ORSON walked in.": "Orson walked in.",
        "WHO would come?": "Who would come?",
        "SO IT GOES, he said.": "So it goes, he said.",
        "IT IS A TRUTH universally acknowledged": "It is a truth universally acknowledged",
        "A SQUAT grey building": "A squat grey building",
        "CALL ME ISHMAEL.": "Call me ishmael.",
        "HELP ME!": "Help me!",
        "MR. SMITH WENT TO THE BANK.": "Mister Smith went to the bank.",
        "THE US ARMY LEFT": "The US army left",
        "NEWS FROM THE UK": "News from the UK",
    },
    "decimals": {
        "rose by .5 percent": "rose by point five percent",
        "from .05 to .5": "from point zero five to point five",
        "(.25 inch)": "(point two five inch)",
        ".5 km away": "Point five kilometers away",
        "only $.50 more": "only $0.50 more",
        "a .22 rifle, a .45": "a point two two rifle, a point four five",
    },
    "powers": {
        "10⁶ and 10⁻³": "10 to the sixth and 10 to the minus 3",
        "2³² places": "2 to the thirty-second places",
        "x⁴, x² and x³": "x to the fourth, x squared and x cubed",
        "2^10 of them": "2 to the tenth of them",
        "about 3² and 4³": "about 3 squared and 4 cubed",
        "so $x^2$ is": "so x squared is",
        "E = mc²": "E = mc squared",
    },
    "fractions": {
        "1½ cups": "1 and a half cups",
        "1 1/2 mile": "1 and a half mile",
        "5 3/4 inch": "5 and 3 quarters inch",
        "2⅔ of it": "2 and two thirds of it",
        "a 5/16 bit": "a 5 sixteenths bit",
        "12 1/8 inches": "12 and an eighth inches",
        "in 4/4 time": "in 4 4 time",
        "It was 10/10.": "It was 10 out of 10.",
        "open 24/7": "open 24 7",
        "split 50/50": "split 50 50",
        "blood pressure of 140/90": "blood pressure of 140 over 90",
        "gave it 7/10": "gave it 7 out of 10",
    },
    "digit strings": {
        "Agent 007": "Agent zero zero seven",
        "code 0451": "code zero four five one",
        "dial 911": "dial nine one one",
        "90210": "Nine zero two one zero",
        "Beverly Hills, CA 90210": "Beverly Hills, California nine zero two one zero",
        "(212)": "(two one two)",
        "his PIN was 4821": "his PIN was four eight two one",
        "a 911 operator": "a nine one one operator",
        "SW1A 1AA": "S W 1 A, 1 A A",
        "ISBN 0-306-40615-2": "ISBN zero, three zero six, four zero six one five, two",
        "at 0630 hours": "at zero 6 30 hours",
        "zip 90210-1234": "zip nine zero two one zero, one two three four",
    },
    "ranges": {
        "9am–5pm": "9 AM to 5 PM",
        "20%-30%": "20 percent to 30 percent",
        "1914–18": "1914 to 18",
        "1,000–2,000 men": "1,000 to 2,000 men",
        "5 km–10 km": "5 kilometers to 10 kilometers",
        "9:00–17:00": "9:00 to 17:00",
        "2:30-4:30 pm": "2:30 to 4:30 PM",
        "≈50 and ±5": "About 50 and plus or minus 5",
        "a 3x5 card, a 4×4": "a 3 by 5 card, a 4 by 4",
    },
    "shares": {
        "$9.99/month": "9 dollars and 99 cents per month",
        "3.2 L/min": "3.2 liters per minute",
        "12 kN/m and 6 km/s": "12 kilonewtons per meter and 6 kilometers per second",
        "1.2 g/kg/day": "1.2 grams per kilogram per day",
        "$450/hr, $1,850/mo.": "450 dollars per hour, 1,850 dollars per month.",
        "at $0.05/GB": "at 5 cents per gigabyte",
    },
    "letters that are units": {
        "75g sugar at 65W": "75 grams sugar at 65 watts",
        "a 24h clock, 5V": "a 24 hour clock, 5 volts",
        "0.043s behind, after 9.87 s": "0.043 seconds behind, after 9.87 seconds",
        "rated for 16A at 250V": "rated for 16 amps at 250 volts",
        "bake at 350F": "bake at 350 degrees Fahrenheit",
        "the 100m final": "the 100 meter final",
    },
    "durations": {
        "took 3m 20s": "took 3 minutes and 20 seconds",
        "a 1h 30m ride": "a 1 hour and 30 minutes ride",
        "in 2:01:09": "in 2 hours 1 minute and 9 seconds",
        "under 1:30:00": "under 1 hour and 30 minutes",
        "a mile in 3:59.4": "a mile in 3:59 point 4",
    },
    "inches and feet": {
        'a 65" TV': "a 65-inch TV",
        "84\" wide and 8' high": "84 inches wide and 8 feet high",
        "4.4 in., or 6 in. from it": "4.4 inches, or 6 inches from it",
        "a ¾-in. pipe, a 2-lb. loaf": "a ¾-inch pipe, a 2-pound loaf",
        "50 mm × 70 mm × 2 mm": "50 millimeters by 70 millimeters by 2 millimeters",
    },
    "sums over a range": {
        "£1.5bn–£2bn": "1.5 to 2 billion pounds",
        "$800k–$1.2m": "800 thousand to 1.2 million dollars",
        "$3.10–$3.30": "3 dollars and 10 cents to 3 dollars and 30 cents",
        "2,50 € in Berlin": "2 euros and 50 cents in Berlin",
    },
    "parties, courts and quarters": {
        "Lee (R-Ariz.) and Day, D-Mich., met": (
            "Lee (Republican of Arizona) and Day, Democrat of Michigan, met"
        ),
        "Main Street NW, 9 km SSW of Rome": (
            "Main Street Northwest, 9 kilometers south-southwest of Rome"
        ),
        "Art. 6 and Sec. 4": "Article 6 and Section 4",
        "a 401(k), a 501(c)(3)": "a 401k, a 501c3",
        "(No. 22-1234)": "(number 22 1234)",
    },
    "ratings and multiples": {
        "★★★★☆": "4 stars",
        "rated it 4.5/5": "rated it 4.5 out of 5",
        "Honestly, 8/10.": "Honestly, 8 out of 10.",
        "3x a day, at 18x earnings": "3 times a day, at 18 times earnings",
        "5M copies, 10k downloads": "5 million copies, 10 thousand downloads",
    },
    "formulas": {
        "CO₂": "C O 2",
        "H₂O and CO2": "H 2 O and C O 2",
        "Na₂CO₃": "N A 2 C O 3",
        "x₁ and x₂": "x 1 and x 2",
        "C₆H₁₂O₆": "C 6 H 12 O 6",
        "O₃ in the air": "O 3 in the air",
    },
    "numerals": {
        "II": "2",
        "XIV.": "14.",
        "II. The Sea": "2. The Sea",
        "p. xiv": "page 14",
        "pp. xii–xv": "pages 12 to 15",
        "page ix": "page 9",
        "pp. iv and vi": "pages 4 and 6",
        "Sec. IV.A.2": "Section 4 A 2",
        "John Smith III": "John Smith the Third",
        "Thutmose II died": "Thutmose the Second died",
        "section III.B": "section 3 B",
        "Article IV.2": "Article 4 2",
        "Mark II and Type III": "Mark 2 and Type 3",
        "Rocky IV": "Rocky 4",
    },
    "names cut short": {
        "Wm. Smith and Geo. Brown": "William Smith and George Brown",
        "Thos. and Jas. Hill": "Thomas and James Hill",
        "Mme. Curie, Mlle. Hill": "Madame Curie, Mademoiselle Hill",
        "Gen. 1:1": "Genesis 1 1",
        "1 Cor. 13:4-7": "First Corinthians 13 4 to 7",
        "Rev. 3:20": "Revelation 3 20",
        "Rev. Hill": "Reverend Hill",
        "Gen 1:1-2:3": "Genesis 1 1 to 2 3",
        "I Cor. 13": "First Corinthians 13",
        "Gen. Lee": "General Lee",
        "II Kings 2:11": "Second Kings 2 11",
        "Ps. 119:105": "Psalm 119 105",
    },
    "note marks": {
        "He read it.[1] Then he slept.": "He read it. Then he slept.",
        "it.¹ Then": "it. Then",
        "word[12] more": "word more",
        "it,[2][3] and": "it, and",
        "the king² died": "the king died",
        "it.[a] Then": "it. Then",
        "it.† Then": "it. Then",
        "it¹ was": "it was",
        "word.[1]–[3]": "word.",
        "the claim [7].": "the claim.",
        "it.[^note] Then": "it. Then",
    },
    "stutters": {
        "W-what?": "Wuh what?",
        "b-b-but": "buh buh but",
        "I-I know": "I, I know",
        "Th-this": "Thuh this",
        "“P-please.”": "“Puh please.”",
        "a-and": "ah and",
    },
}

AS_WRITTEN = [
    "you sha'n't",
    "uploads/….mp3",
    "POP3, WIN32 and OS",
    "push(@tied_array)",
    "plan B– he said",
    "the IT department",
    "US troops",
    "NASA and the EU",
    "HMS Victory sank",
    "He works at IBM",
    "an X-ray, a T-shirt, D-Day, a t-test",
    "the U.S. and the UK",
    "a MIX of XXL",
    "array[0] and list[i] and the[y]",
    "[1] is a number",
    "on 4/4 and by 5/16",
    "9/11 of it",
    "5 May 05",
    "section 12.5.2020",
    "at 12:05 or 7:45",
    "127.0.0.1.5",
    "2-1 and 3-0",
    "in 1994 and 2026",
    "45000 people",
    "0 and 10 and 05",
    "m² and km²",
    "5' and 3 x y",
    "a 0x1F byte",
    "the I-35W bridge, a 5G and a 5g network",
    "the Series X and the Model X",
    "★ Item",
    "and/or 24/10/x",
    "J. R. Hale",
    "Malcolm X",
    "in² and cm²",
    "The IT guy and the US",
    "E. coli",
    "Henry I think",
    "$HOME/$USER",
    "He-he and e-edition",
    "well-known co-operation",
    "chapter 05",
]

OTHERS = [
    ("it-IT", "Il 1° maggio, al 3° piano", "Il primo maggio, al terzo piano"),
    ("it-IT", "5° posto e 10° capitolo", "Quinto posto e decimo capitolo"),
    ("it-IT", "fuori ci sono 30° oggi", "fuori ci sono 30 gradi oggi"),
    ("it-IT", "Cap. IV, pag. xii", "Capitolo 4, pagina 12"),
    ("es-ES", "el 3° piso, el 1° de mayo", "el tercer piso, el primero de mayo"),
    ("es-ES", "el 1° premio, el 2° acto", "el primer premio, el segundo acto"),
    ("es-ES", "Cap. IV", "Capítulo 4"),
    ("pt-BR", "o 3° andar, o 1° de maio", "o terceiro andar, o primeiro de maio"),
    ("pt-BR", "Cap. IX", "Capítulo 9"),
    ("fr-FR", "au 3° étage, le 2° acte", "au troisième étage, le deuxième acte"),
    ("fr-FR", "Chap. IV", "Chapitre 4"),
    ("nl-NL", "Willem II en Karel V", "Willem de tweede en Karel de vijfde"),
    ("de-DE", "Das war’s.[1] Er ging.", "Das war’s. Er ging."),
]


@pytest.mark.parametrize("kind", SPOKEN)
def test_what_engines_misread_is_written_out(kind):
    assert {written: normalise(written, "en-US").spoken for written in SPOKEN[kind]} == SPOKEN[kind]


@pytest.mark.parametrize("kind", SPOKEN)
def test_what_is_written_out_is_not_changed_again(kind):
    spoken = [each for each in SPOKEN[kind].values() if "$" not in each]
    assert [normalise(each, "en-US").spoken for each in spoken] == spoken


@pytest.mark.parametrize("written", AS_WRITTEN)
def test_what_may_be_something_else_stays_as_it_is(written):
    assert normalise(written, "en-US").spoken == written


@pytest.mark.parametrize(("language", "written", "spoken"), OTHERS)
def test_other_languages_have_rules_of_their_own(language, written, spoken):
    assert normalise(written, language).spoken == spoken


def iter_readings() -> Iterator[tuple[str, str, str]]:
    language = ""
    for line in READINGS.read_text(encoding="utf-8").splitlines():
        written, arrow, spoken = line.partition(" => ")
        if arrow:
            yield language, written, spoken
        elif line.startswith("["):
            language = line.strip("[]")


def test_six_languages_are_read_as_their_speakers_do():
    readings = list(iter_readings())
    assert len({language for language, _, _ in readings}) == 6
    assert len(readings) > 300
    assert [each for each in readings if normalise(each[1], each[0]).spoken != each[2]] == []


UNCHANGED = [
    ("fr-FR", "trop de motifs (10 000 au plus, 1 000 000 en tout)"),
    ("es-ES", "el 3/4 y el 4/4"),
    ("de-DE", "Er liest Markus 3:15 und 16:9."),
    ("de-DE", "Sie wohnt bei Peter V. Huber."),
    ("it-IT", "S. Rossi e D. Verdi"),
    ("pt-BR", "de 1914-1918"),
    ("nl-NL", "Hij woont op 12 hoog"),
]


@pytest.mark.parametrize(("language", "written"), UNCHANGED)
def test_other_languages_keep_what_may_be_something_else(language, written):
    assert normalise(written, language).spoken == written


def list_prose() -> list[str]:
    """Sentences of the demo that hold nothing to write out, and pairs of them."""
    text = " ".join(DEMO.read_text(encoding="utf-8").partition("\n\n")[2].split())
    sentences = [
        each for each in re.split(r"(?<=[.!?”]) (?=[A-Z“])", text) if not SPECIAL.search(each)
    ]
    pairs = (f"{one} {other}" for other in sentences for one in sentences)
    return list(islice(pairs, SENTENCES))


def test_ordinary_prose_is_never_changed():
    prose = list_prose()
    assert len(prose) == SENTENCES
    assert [each for each in prose if normalise(each, "en-US").spoken != each] == []
