"""The control flow as a picture that stands alone: SVG without scripts, fonts or anything else from elsewhere."""

import itertools
from collections.abc import Iterator
from html import escape

from stigmer_dsl.graph.boxes import LINE, Box
from stigmer_dsl.graph.chart import chart
from stigmer_dsl.graph.layout import Line, Picture, Point, arrange
from stigmer_dsl.graph.style import style_sheet
from stigmer_dsl.models.workflow import Workflow

_RADIUS = 6.0
_TEXT_MARGIN = 12.0
_ARROW = '<path d="M0,0 L8,4 L0,8 z" class="{}"/>'


def svg(workflow: Workflow) -> str:
    """Return the control flow as an SVG document; the same workflow gives the same text."""
    return f"{svg_element(workflow)}\n"


def svg_element(workflow: Workflow) -> str:
    """Return the picture as an `svg` element, fit to be put into HTML too."""
    picture = arrange(chart(workflow))
    width, height = round(picture.width), round(picture.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{_text(f"Control flow of {workflow.document.name}")}">'
    )
    return "\n".join([head, f"<style>{style_sheet()}</style>", _definitions(), *_parts(picture), "</svg>"])


def _definitions() -> str:
    marker = '<marker id="{}" markerWidth="8" markerHeight="8" refX="7.5" refY="4" orient="auto">{}</marker>'
    head = marker.format("head", _ARROW.format("head"))
    dotted = marker.format("dotted-head", _ARROW.format("dotted-head"))
    return f"<defs>{head}{dotted}</defs>"


def _parts(picture: Picture) -> Iterator[str]:
    for frame in picture.frames:
        yield (
            f'<rect class="frame" x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" '
            f'height="{frame.height:.1f}" rx="8"/>'
        )
    # Long ways first, so that short ones are seen where they meet.
    for line in sorted(picture.lines, key=lambda one: (-_length(one.points), one.points)):
        yield from _line(line)
    for box in picture.boxes:
        yield from _box(box)


def _length(points: tuple[Point, ...]) -> float:
    return sum(abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in itertools.pairwise(points))


def _line(line: Line) -> Iterator[str]:
    kind = "edge dotted" if line.edge.dotted else "edge"
    head = "dotted-head" if line.edge.dotted else "head"
    yield f'<path class="{kind}" d="{_rounded(line.points)}" marker-end="url(#{head})"/>'
    if line.label:
        x, y = line.points[0]
        yield f'<text class="beside" x="{x + 8:.1f}" y="{y + 19:.1f}">{_text(line.label)}</text>'


def _rounded(points: tuple[Point, ...]) -> str:
    """A path through the points with rounded corners; points that do not bend it are left out."""
    kept = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        straight = (before[0] == point[0] == after[0]) or (before[1] == point[1] == after[1])
        if not straight and point != kept[-1]:
            kept.append(point)
    kept.append(points[-1])
    parts = [f"M{kept[0][0]:.1f},{kept[0][1]:.1f}"]
    for before, corner, after in zip(kept, kept[1:], kept[2:], strict=False):
        radius = min(_RADIUS, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{start[0]:.1f},{start[1]:.1f} Q{corner[0]:.1f},{corner[1]:.1f} {end[0]:.1f},{end[1]:.1f}")
    parts.append(f"L{kept[-1][0]:.1f},{kept[-1][1]:.1f}")
    return " ".join(parts)


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(start: Point, end: Point, distance: float) -> Point:
    whole = _distance(start, end) or 1.0
    return (
        start[0] + (end[0] - start[0]) * distance / whole,
        start[1] + (end[1] - start[1]) * distance / whole,
    )


def _box(box: Box) -> Iterator[str]:
    left, node = box.x - box.width / 2, box.node
    # What shows a run over the picture finds the task of an event by its reference, and its line by the pointer.
    places = {"data-pointer": node.pointer, "data-reference": node.reference}
    attributes = "".join(f' {name}="{_text(value)}"' for name, value in places.items() if value)
    yield f'<g class="node {node.shape}"{attributes}>'
    told = "\n".join(part for part in (node.label, node.pointer, node.detail, *(_full(box))) if part)
    yield f"<title>{_text(told)}</title>"
    yield _outline(box, left)
    for index, text in enumerate(box.lines):
        name = ' class="name"' if index == 0 else ""
        yield _centred(text, box.x, box.y + 6 + LINE * (index + 0.75), name)
    for row in box.rows:
        top = row.y - 10
        yield f'<path class="rule" d="M{left:.1f},{top:.1f} H{left + box.width:.1f}"/>'
        yield f'<text class="row" x="{left + _TEXT_MARGIN:.1f}" y="{row.y + 4:.1f}">{_text(row.text)}</text>'
    yield "</g>"


def _full(box: Box) -> Iterator[str]:
    for row in box.rows:
        if row.text != row.edge.label:
            yield row.edge.label


def _outline(box: Box, left: float) -> str:
    radius = {"terminal": 16, "decision": 3, "parallel": 0}.get(box.node.shape, 7)
    outline = (
        f'<rect class="shape" x="{left:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{radius}"/>'
    )
    if box.node.shape != "workflow":
        return outline
    # A second pair of sides says: what stands here is drawn elsewhere.
    sides = f"M{left + 5:.1f},{box.y:.1f} v{box.height:.1f} M{left + box.width - 5:.1f},{box.y:.1f} v{box.height:.1f}"
    return f'{outline}<path class="shape" d="{sides}"/>'


def _centred(text: str, x: float, y: float, attributes: str) -> str:
    return f'<text{attributes} x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{_text(text)}</text>'


def _text(text: str) -> str:
    """Escape, and leave out what XML cannot hold."""
    return escape("".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text))
