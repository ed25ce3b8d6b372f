"""Which way each edge of a picture takes: straight down to what stands below, or along a lane beside the column."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.graph.boxes import Box, Branches, Column, Frame, Item, Row, row_text
from stigmer_dsl.graph.chart import Edge

Side = Literal["left", "right"]


@dataclass(slots=True, eq=False)
class Trunk:
    """A vertical line in a lane beside a column, shared by all edges that lead to the same place."""

    column: Column
    side: Side
    lane: int = 0
    top: float = float("inf")
    bottom: float = float("-inf")

    def reach(self, y: float) -> None:
        """Extend it to a height."""
        self.top, self.bottom = min(self.top, y), max(self.bottom, y)


@dataclass(slots=True, eq=False)
class Drop:
    """An edge straight down."""

    edge: Edge
    source: Box | Frame
    target: Box


@dataclass(slots=True, eq=False)
class Detour:
    """An edge along lanes: out of each `Branches` around the source by a track below them, then by the last trunk."""

    edge: Edge
    source: Box | Frame
    target: Box
    row: Row | None
    hops: list[tuple[Trunk, Branches]] = field(default_factory=list)
    trunk: Trunk | None = None


class Ways:
    """The ways of all edges; making them gives the boxes their rows."""

    def __init__(self, root: Column, known: dict[str, Box | Frame], edges: Iterable[Edge]) -> None:
        self.drops: list[Drop] = []
        self.detours: list[Detour] = []
        self.trunks: dict[tuple[int, Side, str, bool], Trunk] = {}
        self._known = known
        self._below = set(_below(root))
        leaving: dict[str, list[Edge]] = {}
        for edge in edges:
            leaving.setdefault(edge.source, []).append(edge)
        for source, outgoing in leaving.items():
            self._leave(known[source], outgoing)

    def _leave(self, source: Box | Frame, outgoing: list[Edge]) -> None:
        below = [edge for edge in outgoing if (edge.source, edge.target) in self._below]
        labelled = [edge for edge in outgoing if edge.label] if isinstance(source, Box) else []
        if isinstance(source, Box) and source.node.shape != "decision":
            labelled.sort(key=lambda edge: edge in below)
        elif len(labelled) == 2 and [edge.label for edge in labelled] == ["yes", "no"]:
            labelled.reverse()
        rows = {id(edge): Row(edge, row_text(edge)) for edge in labelled}
        if isinstance(source, Box):
            source.rows = list(rows.values())
        for edge in outgoing:
            target = self._known[edge.target]
            assert isinstance(target, Box)
            # What has a row goes straight down only from the lowest one; from the others it would cross them.
            last = not labelled or not edge.label or edge is labelled[-1]
            if edge in below and last:
                self.drops.append(Drop(edge, source, target))
            else:
                self.detours.append(Detour(edge, source, target, rows.get(id(edge))))

    def take_lanes(self, y_of: "HeightOf") -> None:
        """Give every detour its trunks, once all heights are known, and every trunk its lane."""
        for detour in self.detours:
            y = y_of.leaving(detour)
            up = detour.target.y <= detour.source.y
            side: Side = "left" if up else "right"
            key = (detour.edge.target, detour.edge.dotted)
            goal = detour.target.parent
            for branches, column in _branches_between(detour.source.parent, goal):
                trunk = self._trunk(column, side, key)
                trunk.reach(y)
                y = y_of.track(branches, key)
                trunk.reach(y)
                detour.hops.append((trunk, branches))
            detour.trunk = self._trunk(goal, side, key)
            detour.trunk.reach(y)
            detour.trunk.reach(y_of.entry(detour.target))
        _assign_lanes(self.trunks.values())

    def _trunk(self, column: Column, side: Side, key: tuple[str, bool]) -> Trunk:
        return self.trunks.setdefault((id(column), side, *key), Trunk(column, side))

    def note_tracks(self) -> None:
        """Count the tracks below branches, which take room, before heights are known."""
        for detour in self.detours:
            key = (detour.edge.target, detour.edge.dotted)
            for branches, _ in _branches_between(detour.source.parent, detour.target.parent):
                branches.tracks.setdefault(key, len(branches.tracks))


class HeightOf:
    """The heights at which edges leave and enter, once boxes have theirs."""

    @staticmethod
    def leaving(detour: Detour) -> float:
        """The height at which the edge leaves its source: at its row, or in the lower part of the head."""
        if detour.row is not None:
            return detour.row.y
        source = detour.source
        return source.y + source.head - 11 if isinstance(source, Box) else source.bottom - 6

    @staticmethod
    def entry(target: Box) -> float:
        """The height at which edges enter a box from the side."""
        return target.y + 11

    @staticmethod
    def track(branches: Branches, key: tuple[str, bool]) -> float:
        """The height of a track."""
        return branches.bottom - 8 * (len(branches.tracks) - branches.tracks[key])


def _branches_between(source: Column, goal: Column) -> Iterable[tuple[Branches, Column]]:
    column: Column | None = source
    while column is not None and column is not goal:
        holder = column.holder
        if isinstance(holder, Branches):
            yield holder, column
        column = holder.parent if holder is not None else None


def _below(column: Column) -> Iterable[tuple[str, str]]:
    """Yield every pair of ids of which the second stands directly below the first."""
    pending = [column]
    while pending:
        current = pending.pop()
        for item in current.items:
            if isinstance(item, Frame):
                pending.append(item.column)
            elif isinstance(item, Branches):
                pending.extend(item.columns)
        for above, under in zip(current.items, current.items[1:], strict=False):
            heads = list(_ends(under, 0))
            for tail in _ends(above, -1):
                yield from ((tail, head) for head in heads)


def _ends(item: Item, index: int) -> Iterable[str]:
    """Yield the ids of what stands at the top (index 0) or at the bottom (-1) of an item."""
    if isinstance(item, Box):
        yield item.node.id
    elif isinstance(item, Frame):
        yield item.id
        if item.column.items:
            yield from _ends(item.column.items[index], index)
    else:
        for column in item.columns:
            if column.items:
                yield from _ends(column.items[index], index)


def _assign_lanes(trunks: Iterable[Trunk]) -> None:
    by_place: dict[tuple[int, Side], list[Trunk]] = {}
    for trunk in trunks:
        by_place.setdefault((id(trunk.column), trunk.side), []).append(trunk)
    for (_, side), group in by_place.items():
        lanes: list[list[Trunk]] = []
        # Short ones next to the column, so that long ones do not cut their way in.
        for trunk in sorted(group, key=lambda one: (one.bottom - one.top, one.top)):
            free = (index for index, lane in enumerate(lanes) if not any(_overlap(trunk, other) for other in lane))
            trunk.lane = next(free, len(lanes))
            if trunk.lane == len(lanes):
                lanes.append([])
            lanes[trunk.lane].append(trunk)
        column = group[0].column
        if side == "left":
            column.lanes_left = len(lanes)
        else:
            column.lanes_right = len(lanes)


def _overlap(one: Trunk, other: Trunk) -> bool:
    return one.top < other.bottom + 8 and other.top < one.bottom + 8
