"""Places everything of a picture: heights from top to bottom, lanes beside columns, then widths from inside out."""

from dataclasses import dataclass

from stigmer_dsl.graph.boxes import ROW, Box, Branches, Column, Frame, Item, build
from stigmer_dsl.graph.chart import Chart, Edge
from stigmer_dsl.graph.ways import Detour, Drop, HeightOf, Trunk, Ways

Point = tuple[float, float]
_GAP, _PADDING, _LANE, _BETWEEN, _EDGE = 30.0, 16.0, 12.0, 28.0, 20.0


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as a chain of points; `label` stands beside its first part, when no row of a box shows it."""

    edge: Edge
    points: tuple[Point, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A frame, by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to draw, in pixels from the upper left corner; outer frames come before inner ones."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    frames: tuple[Rectangle, ...]
    lines: tuple[Line, ...]


def arrange(chart: Chart) -> Picture:
    """Place a chart. No two boxes overlap, and no line runs through a box."""
    root, known = build(chart)
    ways = Ways(root, known, chart.edges)
    ways.note_tracks()
    bottom = _heights(root, _EDGE)
    ways.take_lanes(HeightOf())
    _widths(root)
    _positions(root, _EDGE + root.left)
    return Picture(
        width=root.left + root.right + 2 * _EDGE,
        height=bottom + _EDGE,
        boxes=tuple(part for part in known.values() if isinstance(part, Box)),
        frames=tuple(_rectangle(frame) for frame in _frames(root)),
        lines=(*(_straight(drop) for drop in ways.drops), *(_around(detour) for detour in ways.detours)),
    )


def _heights(column: Column, y: float) -> float:
    """Place the items from `y` downwards; return where the last one ends."""
    for index, item in enumerate(column.items):
        if index:
            y += _GAP
        item.y = y
        if isinstance(item, Box):
            for number, row in enumerate(item.rows):
                row.y = item.y + item.head + ROW * (number + 0.5)
            y = item.bottom
        elif isinstance(item, Frame):
            y = item.bottom = _heights(item.column, y + _PADDING) + _PADDING
        else:
            lowest = max(_heights(branch, y) for branch in item.columns)
            y = item.bottom = lowest + (8 * (len(item.tracks) + 1) if item.tracks else 0)
    return y


def _widths(column: Column) -> None:
    extents = [_extent(item) for item in column.items] or [(0.0, 0.0)]
    column.left = max(left for left, _ in extents) + _LANE * (column.lanes_left + bool(column.lanes_left) * 0.5)
    column.right = max(right for _, right in extents) + _LANE * (column.lanes_right + bool(column.lanes_right) * 0.5)


def _extent(item: Item) -> Point:
    """What an item needs to the left and to the right of its column's axis."""
    if isinstance(item, Box):
        return item.width / 2, item.width / 2
    if isinstance(item, Frame):
        _widths(item.column)
        return item.column.left + _PADDING, item.column.right + _PADDING
    for branch in item.columns:
        _widths(branch)
    whole = sum(branch.left + branch.right for branch in item.columns) + _BETWEEN * (len(item.columns) - 1)
    return whole / 2, whole / 2


def _positions(column: Column, x: float) -> None:
    column.x = x
    for item in column.items:
        if isinstance(item, Box):
            item.x = x
        elif isinstance(item, Frame):
            _positions(item.column, x)
        else:
            left = x - _extent(item)[0]
            for branch in item.columns:
                _positions(branch, left + branch.left)
                left += branch.left + branch.right + _BETWEEN


def _frames(column: Column) -> list[Frame]:
    found: list[Frame] = []
    pending: list[Column] = [column]
    while pending:
        for item in pending.pop(0).items:
            if isinstance(item, Frame):
                found.append(item)
                pending.append(item.column)
            elif isinstance(item, Branches):
                pending.extend(item.columns)
    return found


def _rectangle(frame: Frame) -> Rectangle:
    column = frame.column
    return Rectangle(
        column.x - column.left - _PADDING,
        frame.y,
        column.left + column.right + 2 * _PADDING,
        frame.bottom - frame.y,
    )


def _straight(drop: Drop) -> Line:
    source, target = drop.source, drop.target
    x = source.x if isinstance(source, Box) else source.column.x
    start, end = (x, source.bottom), (target.x, target.y)
    if abs(x - target.x) < 0.5:
        return Line(drop.edge, (start, end), drop.edge.label if isinstance(source, Frame) else "")
    # Sideways in the free space above or below the branches, next to the box that they share.
    spreads = target.y - source.bottom < _GAP + 1.5 * _PADDING and not _in_branch(source, target)
    middle = source.bottom + _GAP / 2 if spreads else target.y - _GAP / 2
    return Line(drop.edge, (start, (x, middle), (target.x, middle), end))


def _in_branch(source: Box | Frame, target: Box) -> bool:
    """Whether the edge leads out of branches, not into them."""
    column: Column | None = source.parent
    while column is not None:
        if column is target.parent:
            return column is not source.parent
        column = column.holder.parent if column.holder is not None else None
    return False


def _around(detour: Detour) -> Line:
    trunk = detour.trunk
    assert trunk is not None
    y = HeightOf.leaving(detour)
    sign = 1 if trunk.side == "right" else -1
    points: list[Point] = [(_side_of(detour.source, sign), y)]
    key = (detour.edge.target, detour.edge.dotted)
    for hop, branches in detour.hops:
        x = _lane(hop)
        below = HeightOf.track(branches, key)
        points += [(x, y), (x, below)]
        y = below
    entry = HeightOf.entry(detour.target)
    points += [(_lane(trunk), y), (_lane(trunk), entry), (_side_of(detour.target, sign), entry)]
    return Line(detour.edge, tuple(points))


def _side_of(part: Box | Frame, sign: int) -> float:
    if isinstance(part, Box):
        return part.x + sign * part.width / 2
    column = part.column
    return column.x + sign * ((column.right if sign > 0 else column.left) + _PADDING)


def _lane(trunk: Trunk) -> float:
    column = trunk.column
    if trunk.side == "right":
        return column.x + column.right - _LANE * (column.lanes_right - trunk.lane - 1) - 1
    return column.x - column.left + _LANE * (column.lanes_left - trunk.lane - 1) + 1
