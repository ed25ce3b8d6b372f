"""Loading: text in, checked document out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.problem import Problem
from stigmer_dsl.syntax.tree import SyntaxTree, parse_pointer

Profile = Literal["dsl", "zigflow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDocument:
    """A valid document: its model, its plain JSON (normalised, treat as immutable) and the warnings about it.

    A document of the `zigflow` profile was translated: `workflow` and `raw` are the translation, warnings and `locate`
    are about the text.
    """

    workflow: Workflow
    raw: JsonObject
    warnings: tuple[Problem, ...] = ()
    source: str = field(default="document")
    profile: Profile = "dsl"
    tree: SyntaxTree | None = field(default=None, repr=False, compare=False)
    came_from: Callable[[str], str] | None = field(default=None, repr=False, compare=False)

    def origin(self, pointer: str) -> str:
        """Return the pointer into the text for one into `raw`; they differ in a translated document only."""
        return pointer if self.came_from is None else self.came_from(pointer)

    def locate(self, pointer: str) -> tuple[int, int] | None:
        """Return line and column (both from 1) of what a JSON pointer names, None when the document has no text.

        An object or list is found at its name, anything else at its value; of a pointer to something absent, the
        deepest part that is there.
        """
        if self.tree is None:
            return None
        pointer = self.origin(pointer)
        line, column = self.tree.position(pointer, key=_is_container(self.tree.value, pointer))
        return line, column


def _is_container(value: JsonValue, pointer: str) -> bool:
    for token in parse_pointer(pointer):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            break
    return isinstance(value, (dict, list))
