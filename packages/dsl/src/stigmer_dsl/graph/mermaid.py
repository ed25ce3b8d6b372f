"""Mermaid flowchart text."""

from collections.abc import Iterator

from stigmer_dsl.graph.chart import Edge, Group, Node, Shape, chart
from stigmer_dsl.models.workflow import Workflow

_BRACKETS: dict[Shape, tuple[str, str]] = {
    "terminal": ("([", "])"),
    "task": ("[", "]"),
    "decision": ("{", "}"),
    "loop": ("{{", "}}"),
    "parallel": ("[[", "]]"),
    "error": (">", "]"),
    "workflow": ("[[", "]]"),
}
_LONGEST_LABEL = 80
# Mermaid reads entities in the form #name; or #number;, so `#` itself goes first.
_ENTITIES = {"#": "#35;", '"': "#quot;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\\": "#92;"}


def mermaid(workflow: Workflow) -> str:
    """Return the control flow as a Mermaid flowchart; the same workflow gives the same text."""
    picture = chart(workflow)
    lines = ["flowchart TD", *_members(picture.root, "    ")]
    lines.extend(f"    {_edge(edge)}" for edge in picture.edges)
    return "\n".join(lines) + "\n"


def escape_label(text: str) -> str:
    """Return text that stands for itself between double quotes: one line, cut to 80 characters, entities escaped."""
    flat = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if len(flat) > _LONGEST_LABEL:
        flat = flat[: _LONGEST_LABEL - 3] + "..."
    return "".join(_ENTITIES.get(character, character) for character in flat)


def _members(group: Group, indent: str) -> Iterator[str]:
    for member in group.members:
        if isinstance(member, Node):
            opening, closing = _BRACKETS[member.shape]
            yield f'{indent}{member.id}{opening}"{escape_label(member.label)}"{closing}'
        elif group.branches:
            # A branch has no frame of its own; all stand in that of the fork.
            yield from _members(member, indent)
        elif member.members:
            yield f'{indent}subgraph {member.id}["{escape_label(member.label)}"]'
            yield from _members(member, indent + "    ")
            yield f"{indent}end"


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.dotted else "-->"
    label = f'|"{escape_label(edge.label)}"|' if edge.label else ""
    return f"{edge.source} {arrow}{label} {edge.target}"
