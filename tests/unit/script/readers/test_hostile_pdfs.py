"""PDFs of a few bytes that ask for more than any book: refused, or their process ends."""

import zlib

import pytest

from mixer.errors import ObjectTooLarge, OutOfTime, UnreadableText
from mixer.script.readers.pdf import read_pdf
from tests.isolation import list_isolated_processes

WORDS = "This is a line of a page of words."
FLATE, TWICE = "/Filter/FlateDecode", "/Filter[/FlateDecode/LZWDecode]"


def show(text: str, y: int = 700) -> bytes:
    return f"BT /F1 12 Tf 72 {y} Td ({text}) Tj ET\n".encode()


LINES = b"".join(show(f"{WORDS} {number}", 780 - 14 * number) for number in range(20))


def build_stream(data: bytes, fields: str = "") -> bytes:
    return f"<<{fields}/Length {len(data)}>>stream\n".encode() + data + b"\nendstream"


def build_pdf(
    content: bytes, fields: str = "", *, contents: str = "5 0 R", font: str = "", cmap: bytes = b""
) -> bytes:
    """A PDF of one page."""
    page = f"/Resources<</Font<</F1 4 0 R>>>>/Contents {contents}"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]{page}>>".encode(),
        f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica{font}>>".encode(),
        build_stream(content, fields),
        build_stream(cmap),
    ]
    written, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(written)
    written += b"xref\n0 7\n0000000000 65535 f \n" + rows
    return written + b"trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start


def pack_lzw(runs: int, times: int = 1) -> bytes:
    """LZW of zeros: at most 3,800 runs, each one byte longer than the one before; all of it again.

    Codes are as wide as the table needs, one code early (ISO 32000-2, 7.4.4.2).
    """
    bits, known = list[str](), 257
    for code in (256, 0, *range(258, 258 + runs)) * times:
        width = min(12, max(9, (known + 1).bit_length()))
        bits.append(f"{code:0{width}b}")
        known = 257 if code == 256 else known + 1
    whole = "".join(bits)
    size_bytes = -(-len(whole) // 8)
    return int(whole.ljust(size_bytes * 8, "0"), 2).to_bytes(size_bytes)


BOMB = pack_lzw(3_700, 50)
LETTER = b"begincmap\n1 beginbfchar\n<61> <" + b"0061" * 60_000 + b">\nendbfchar\nendcmap"


PAGE_AGAIN = build_pdf(LINES).replace(b"/Kids[3 0 R]", b"/Kids[" + b"3 0 R " * 900 + b"]")
AGAIN = "it draws the same parts again and again"
LARGE = "a part of it unpacks to more than a page holds"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            build_pdf(LINES, contents="[" + "5 0 R " * 2_000 + "]"), LARGE, id="one part again"
        ),
        pytest.param(PAGE_AGAIN.replace(b"/Count 1", b"/Count 900"), AGAIN, id="one page again"),
    ],
)
def test_few_bytes_that_take_long_are_refused(content, reason):
    with pytest.raises(ObjectTooLarge, match=reason):
        read_pdf(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(build_pdf(zlib.compress(BOMB), TWICE), id="LZW in Flate"),
        pytest.param(build_pdf(BOMB, "/Filter/LZ#57Decode"), id="LZW by an escaped name"),
        pytest.param(build_pdf(zlib.compress(b"q " * 9_000_000), FLATE), id="states in each other"),
        pytest.param(
            build_pdf(show("a" * 2_000), font="/ToUnicode 6 0 R", cmap=LETTER),
            id="a letter that stands for pages",
        ),
    ],
)
def test_few_bytes_that_take_all_memory_end_their_own_process(content):
    with pytest.raises(UnreadableText, match=r"^A letter cannot be read: the library .* stopped"):
        read_pdf(content, "A letter")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(build_pdf(b"q " * 5_000 + LINES), id="states in each other"),
        pytest.param(build_pdf(b"q Q " * 5_000 + LINES), id="states one after another"),
        pytest.param(build_pdf(LINES, contents="[5 0 R]"), id="a list of parts"),
        pytest.param(build_pdf(show("9" * 5_000, 790) + LINES), id="a line of 5,000 digits"),
    ],
)
def test_unusual_pages_are_read(content):
    text = " ".join(block.text for block in read_pdf(content).blocks)
    assert f"{WORDS} 3" in text


def build_slow_pdf() -> bytes:
    """A page that draws 5 MB of nothing 10,000 times."""
    drawing, nothing = b"/X Do " * 10_000, zlib.compress(b"0 0 m " * 900_000)
    content = build_pdf(drawing, cmap=b"", font="")
    form = build_stream(nothing, f"{FLATE}/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    content = content.replace(b"<</Font", b"<</XObject<</X 7 0 R>>/Font")
    return content.replace(b"xref\n0 7", b"7 0 obj\n%s\nendobj\nxref\n0 7" % form)


def test_a_page_that_takes_minutes_ends_with_its_time():
    looks = iter(range(20))

    def check_time() -> None:
        if next(looks, None) is None:
            raise OutOfTime("The time is over.")

    with pytest.raises(OutOfTime):
        read_pdf(build_slow_pdf(), check_time=check_time)
    assert not list_isolated_processes()


def test_letters_beyond_the_first_plane_are_read():
    """PDFium reports them in two halves."""
    table = b"begincmap\n1 beginbfchar\n<61> <D83DDE00>\nendbfchar\nendcmap"
    page = show(f"a {WORDS}") + LINES
    blocks = read_pdf(build_pdf(page, font="/ToUnicode 6 0 R", cmap=table)).blocks
    assert "\U0001f600 This" in " ".join(block.text for block in blocks)
