"""The picture of a workflow's document, and the same as data."""

from functools import lru_cache

from stigmer_dsl import load
from stigmer_dsl.graph import chart, svg
from stigmer_dsl.graph.chart import Chart, Group, Node
from stigmer_dsl.json_types import JsonObject

_KEPT = 64


@lru_cache(maxsize=_KEPT)
def graph_svg(document: str) -> str:
    """The control flow as SVG; boxes of tasks carry the JSON pointer of their task in `data-pointer`."""
    return svg(load(document).workflow)


def graph_data(document: str) -> JsonObject:
    """The control flow as nodes and edges; `pointer` is the JSON pointer of a node's task."""
    picture = chart(load(document).workflow)
    return {"nodes": [_node(node) for node in _nodes(picture.root)], "edges": _edges(picture)}


def _nodes(group: Group) -> list[Node]:
    found: list[Node] = []
    for member in group.members:
        found += [member] if isinstance(member, Node) else _nodes(member)
    return found


def _node(node: Node) -> JsonObject:
    return {"id": node.id, "label": node.label, "shape": node.shape, "name": node.name, "pointer": node.pointer}


def _edges(picture: Chart) -> list[JsonObject]:
    return [
        {"source": edge.source, "target": edge.target, "label": edge.label, "dotted": edge.dotted}
        for edge in picture.edges
    ]
