"""Draws the graph of the templates: `make picture` writes docs/Fullinfra.png.

Three columns: who is asked first, who works, where things lie. Cards bear the colour of their
stack. The picture carries the digest of its graph, so that a test can tell when it is out of date.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from deploy.graph import Arrow, Node, ResourceGraph, build_graph
from deploy.stacks import ROOT, STACKS
from deploy.templates import load_templates

PICTURE = ROOT / "docs" / "Fullinfra.png"
DIGEST = "graph"

SCALE = 3
"""Everything is drawn so much larger and then reduced, which smooths it."""

CARD_W, HEAD_H, NOTE_H, CARD_GAP = 300, 54, 20, 22
COLUMN_GAP, MARGIN, TOP = 250, 50, 150
INK, PALE, PAPER, SHEET = "#1d2733", "#64748b", "#f6f7f9", "#ffffff"
READ, WRITE = "#94a3b8", "#334155"
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d")
DEFAULT_COLOUR = "#475569"
TITLES = ("Asked first", "Does the work", "Where things lie")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Card:
    """A node and its place."""

    node: Node
    x: float
    y: float

    @property
    def height(self) -> float:
        """With all its notes."""
        return card_height(self.node)

    def port(self, number: int, of: int, *, out: bool) -> Point:
        """Where the arrow of a number, among so many, leaves or arrives."""
        share = (number + 1) / (of + 1)
        return (self.x + CARD_W if out else self.x, self.y + self.height * share)


def card_height(node: Node) -> float:
    """How high a card must be for its notes."""
    return HEAD_H + (len(node.notes) * NOTE_H + 10 if node.notes else 0)


def lay_out_cards(graph: ResourceGraph) -> dict[str, Card]:
    """A place for every node, near those that it is joined to."""
    columns = [[each for each in graph.nodes if each.column == number] for number in range(3)]
    columns[2] = _order_column(columns[2], columns[1], graph.arrows)
    columns[0] = _order_column(columns[0], columns[1], graph.arrows)
    heights = [sum(card_height(n) + CARD_GAP for n in column) - CARD_GAP for column in columns]
    cards = {}
    for number, column in enumerate(columns):
        free = (max(heights) - heights[number]) / (len(column) + 1)
        y = TOP + free
        for node in column:
            x = MARGIN + number * (CARD_W + COLUMN_GAP)
            cards[node.key] = Card(node, x, y)
            y += card_height(node) + CARD_GAP + free
    return cards


def _order_column(column: list[Node], middle: list[Node], arrows: Sequence[Arrow]) -> list[Node]:
    """A column in the order of what its nodes are joined to in the middle one."""
    places = {node.key: number for number, node in enumerate(middle)}

    def mean(node: Node) -> float:
        others = [a.source if a.target == node.key else a.target for a in arrows
                  if node.key in (a.source, a.target)]  # fmt: skip
        known = [places[each] for each in others if each in places]
        return sum(known) / len(known) if known else len(middle)

    return sorted(column, key=mean)


class Sheet:
    """Paper, and pens that count in unscaled units."""

    def __init__(self, width: float, height: float) -> None:
        self.size = (round(width), round(height))
        self.image = Image.new("RGB", (self.size[0] * SCALE, self.size[1] * SCALE), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def draw_box(self, at: Point, size: Point, fill: str, edge: str = "") -> None:
        """A rounded box, from its upper left corner."""
        (x, y), (width, height) = at, size
        corners = [x * SCALE, y * SCALE, (x + width) * SCALE, (y + height) * SCALE]
        self._draw.rounded_rectangle(corners, 9 * SCALE, fill, edge or None, SCALE)

    def draw_text(self, at: Point, words: str, size: int, ink: str = INK) -> None:
        """A line of text, from its upper left corner."""
        font = ImageFont.load_default(size * SCALE)
        self._draw.text((at[0] * SCALE, at[1] * SCALE), words, ink, font)

    def draw_arrow(self, begin: Point, end: Point, *, writes: bool) -> None:
        """A curve that leaves and arrives level."""
        ink, width = (WRITE, 2.2) if writes else (READ, 1.6)
        path = curve(begin, (end[0] - 8, end[1]))
        points = [(x * SCALE, y * SCALE) for x, y in path]
        self._draw.line(points, ink, round(width * SCALE), joint="curve")
        tip = [end, (end[0] - 11, end[1] - 5), (end[0] - 11, end[1] + 5)]
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in tip], ink)

    def downscale(self) -> Image.Image:
        """The picture in its final size."""
        small = self.image.resize(self.size, Image.Resampling.LANCZOS)
        return small.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def curve(begin: Point, end: Point, steps: int = 48) -> list[Point]:
    """Points of a cubic Bézier curve that is level at both ends."""
    reach = max(60.0, (end[0] - begin[0]) * 0.5)
    xs = (begin[0], begin[0] + reach, end[0] - reach, end[0])
    ys = (begin[1], begin[1], end[1], end[1])
    return [(_bezier(xs, n / steps), _bezier(ys, n / steps)) for n in range(steps + 1)]


def _bezier(control: tuple[float, float, float, float], t: float) -> float:
    a, b, c, d = control
    s = 1 - t
    return s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d


def draw_graph(graph: ResourceGraph) -> Image.Image:
    """The picture of a graph."""
    cards = lay_out_cards(graph)
    width = MARGIN * 2 + CARD_W * 3 + COLUMN_GAP * 2
    height = max(card.y + card.height for card in cards.values()) + MARGIN + 40
    sheet, colours = Sheet(width, height), assign_colours(graph)
    _draw_head(sheet, colours)
    _draw_arrows(sheet, graph.arrows, cards)
    for card in cards.values():
        _draw_card(sheet, card, colours.get(card.node.stack, DEFAULT_COLOUR))
    told = (
        "Dark arrows may change what they point to, light ones ask or read. Drawn from IaC/*.yml."
    )
    sheet.draw_text((MARGIN, height - 44), told, 14, PALE)
    return sheet.downscale()


def assign_colours(graph: ResourceGraph) -> Mapping[str, str]:
    """A colour for every stack, in the order of deployment."""
    stacks = [each.template.removesuffix(".yml") for each in STACKS]
    used = [each for each in stacks if any(node.stack == each for node in graph.nodes)]
    return dict(zip(used, COLOURS, strict=False))


def _draw_head(sheet: Sheet, colours: Mapping[str, str]) -> None:
    sheet.draw_text((MARGIN, 24), "Mixer on AWS", 30)
    x = MARGIN + 260.0
    for stack, colour in colours.items():
        sheet.draw_box((x, 34), (16, 16), colour)
        sheet.draw_text((x + 24, 32), stack, 16)
        x += 60 + 9.2 * len(stack)
    for number, title in enumerate(TITLES):
        sheet.draw_text((MARGIN + number * (CARD_W + COLUMN_GAP), 100), title, 18, PALE)


def _draw_arrows(sheet: Sheet, arrows: Sequence[Arrow], cards: Mapping[str, Card]) -> None:
    leaving = {key: [a for a in arrows if a.source == key] for key in cards}
    arriving = {key: [a for a in arrows if a.target == key] for key in cards}
    for key in cards:
        leaving[key].sort(key=lambda a: cards[a.target].y)
        arriving[key].sort(key=lambda a: cards[a.source].y)
    for arrow in sorted(arrows, key=lambda a: a.writes):
        out, into = leaving[arrow.source], arriving[arrow.target]
        begin = cards[arrow.source].port(out.index(arrow), len(out), out=True)
        end = cards[arrow.target].port(into.index(arrow), len(into), out=False)
        sheet.draw_arrow(begin, end, writes=arrow.writes)


def _draw_card(sheet: Sheet, card: Card, colour: str) -> None:
    sheet.draw_box((card.x, card.y), (CARD_W, card.height), SHEET, colour)
    sheet.draw_box((card.x, card.y), (12, card.height), colour)
    sheet.draw_text((card.x + 26, card.y + 7), card.node.label, 19)
    sheet.draw_text((card.x + 26, card.y + 31), card.node.kind, 14, PALE)
    for number, note in enumerate(card.node.notes):
        sheet.draw_text((card.x + 26, card.y + HEAD_H + number * NOTE_H), note, 14)


def read_digest(path: Path) -> str:
    """The digest of the graph that a picture was drawn from; empty where it tells none."""
    with Image.open(path) as picture:
        return str(picture.info.get(DIGEST, ""))


def main() -> int:
    """Draw docs/Fullinfra.png."""
    what, told = build_graph(load_templates()), PngInfo()
    told.add_text(DIGEST, what.digest)
    draw_graph(what).save(PICTURE, optimize=True, pnginfo=told)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
