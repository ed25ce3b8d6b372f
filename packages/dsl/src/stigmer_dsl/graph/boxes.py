"""The parts of a picture: boxes in columns, frames around columns, branches side by side; and how large each is."""

import unicodedata
from dataclasses import dataclass, field

from stigmer_dsl.graph.chart import Chart, Edge, Group, Node

CHARACTER = 7.3  # the width of a character of the picture's font, in pixels
LINE, ROW = 16.0, 20.0
_MARGIN, _LEAST_WIDTH = 12.0, 110.0
_LONGEST_NAME, _LONGEST_LINE, _MOST_LINES, _LONGEST_ROW = 40, 42, 2, 48


@dataclass(slots=True, eq=False)
class Row:
    """A labelled way out of a box: a line of text in it, at whose height the edge leaves."""

    edge: Edge
    text: str
    y: float = 0.0


@dataclass(slots=True, eq=False)
class Box:
    """A node; `x` is its middle, `y` its upper side, `head` the height of its part above the rows."""

    node: Node
    lines: tuple[str, ...]
    parent: "Column"
    rows: list[Row] = field(default_factory=list)
    head: float = 0.0
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        """The width that its longest line needs."""
        longest = max(text_width(text) for text in (*self.lines, *(row.text for row in self.rows)))
        return max(_LEAST_WIDTH, longest * CHARACTER + 2 * _MARGIN)

    @property
    def height(self) -> float:
        """Head and rows."""
        return self.head + ROW * len(self.rows)

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.height


@dataclass(slots=True, eq=False)
class Column:
    """Items below one another around the axis `x`; `left` and `right` are what they need on both sides of it."""

    holder: "Frame | Branches | None"
    items: "list[Box | Frame | Branches]" = field(default_factory=list)
    x: float = 0.0
    left: float = 0.0
    right: float = 0.0
    lanes_left: int = 0
    lanes_right: int = 0


@dataclass(slots=True, eq=False)
class Frame:
    """A border around a column."""

    id: str
    parent: Column
    column: Column
    y: float = 0.0
    bottom: float = 0.0


@dataclass(slots=True, eq=False)
class Branches:
    """Columns side by side; `tracks` numbers the ways that leave below them, by where they lead."""

    parent: Column
    columns: list[Column] = field(default_factory=list)
    tracks: dict[tuple[str, bool], int] = field(default_factory=dict)
    y: float = 0.0
    bottom: float = 0.0


Item = Box | Frame | Branches


def build(chart: Chart) -> tuple[Column, dict[str, Box | Frame]]:
    """Return the outermost column, and every box and frame by its id."""
    known: dict[str, Box | Frame] = {}
    return _column(chart.root, None, known), known


def _column(group: Group, holder: Frame | Branches | None, known: dict[str, Box | Frame]) -> Column:
    column = Column(holder)
    for member in group.members:
        if isinstance(member, Node):
            known[member.id] = box = Box(member, _lines(member), column)
            box.head = LINE * len(box.lines) + 12
            column.items.append(box)
        elif member.members:
            column.items.append(_frame(member, column, known))
    return column


def _frame(group: Group, parent: Column, known: dict[str, Box | Frame]) -> Frame:
    inside = Column(None)
    frame = Frame(group.id, parent, inside)
    known[group.id] = frame
    if not group.branches:
        frame.column = _column(group, frame, known)
        return frame
    inside.holder = frame
    branches = Branches(inside)
    inside.items.append(branches)
    branches.columns = [_column(member, branches, known) for member in group.members if isinstance(member, Group)]
    return frame


def shorten(text: str, longest: int) -> str:
    """Return the text on one line, printable, cut to a number of columns."""
    flat = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if text_width(flat) <= longest:
        return flat
    while text_width(flat) > longest - 1:
        flat = flat[: min(len(flat) - 1, longest)]
    return f"{flat.rstrip()}…"


def text_width(text: str) -> int:
    """Count the columns of a text: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def row_text(edge: Edge) -> str:
    """Return the label of an edge as it stands in a row."""
    return shorten(edge.label, _LONGEST_ROW)


def _lines(node: Node) -> tuple[str, ...]:
    if not node.name:
        return _wrap(node.label, _MOST_LINES)
    rest = node.label.removeprefix(f"{node.name}: ")
    return (shorten(node.name, _LONGEST_NAME) or " ", *_wrap(rest, _MOST_LINES))


def _wrap(text: str, most: int) -> tuple[str, ...]:
    """Break a text at spaces where that is possible, into no more than `most` lines."""
    rest = shorten(text, _LONGEST_LINE * most)
    lines: list[str] = []
    while text_width(rest) > _LONGEST_LINE and len(lines) < most - 1:
        cut = rest[: _LONGEST_LINE + 1].rfind(" ")
        cut = cut if cut > _LONGEST_LINE // 2 else _LONGEST_LINE
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return (*lines, shorten(rest, _LONGEST_LINE))
