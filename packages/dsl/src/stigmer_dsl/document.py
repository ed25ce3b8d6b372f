"""Loading: text in, checked document out."""

from dataclasses import dataclass, field

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDocument:
    """A valid document: its model, its plain JSON (normalised, treat as immutable) and the warnings about it."""

    workflow: Workflow
    raw: JsonObject
    warnings: tuple[Problem, ...] = ()
    source: str = field(default="document")
