"""The picture of a workflow's document, and the same as data."""

from functools import lru_cache

from stigmer_dsl import load
from stigmer_dsl.graph import chart, svg
from stigmer_dsl.graph.chart import Chart, Group, Node
from stigmer_dsl.json_types import JsonObject

_KEPT = 64


@lru_cache(maxsize=_KEPT)
def graph_svg(document: str) -> str:
    """The control flow as SVG; boxes of tasks carry `data-pointer` and `data-reference`, as in `graph_data`."""
    return svg(load(document).workflow)


def graph_data(document: str) -> JsonObject:
    """The control flow as nodes and edges.

    `pointer` says where the document has a node, `reference` what events call its task.
    """
    picture = chart(load(document).workflow)
    return {"nodes": [_node(node) for node in _nodes(picture.root)], "edges": _edges(picture)}


def _nodes(group: Group) -> list[Node]:
    found: list[Node] = []
    for member in group.members:
        found += [member] if isinstance(member, Node) else _nodes(member)
    return found


def _node(node: Node) -> JsonObject:
    return {
        "id": node.id,
        "label": node.label,
        "shape": node.shape,
        "name": node.name,
        "pointer": node.pointer,
        "reference": node.reference,
    }


def _edges(picture: Chart) -> list[JsonObject]:
    return [
        {"source": edge.source, "target": edge.target, "label": edge.label, "dotted": edge.dotted}
        for edge in picture.edges
    ]
