"""What expressions at one place of a specification may refer to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Position = Literal["body", "export"]
"""Where an expression stands: in a task's own properties, or in `export.as`, which sees the task's output."""

ARGUMENTS = frozenset(
    {"context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime", "__loc__"}
)
"""Names that every runtime binds (DSL reference, runtime expression arguments) or jq itself."""

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PLACEHOLDER_KEY = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
"""Keys of `.secrets` and `.env_vars` placeholders, as the runners that resolve them spell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names in reach.

    `variables` are bound by enclosing loops and catches. `lifted` are those that the SDK dialect writes as a field of
    the input (`.item` for `$item`). `errors` are the variables of enclosing catches.
    `environment` maps the names of `env_spec` that are no secret to their default values; `secrets` are the others.
    """

    variables: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()

    def in_loop(self, each: str) -> "Scope":
        """Return the scope of a loop's tasks; `index` is what the DSL calls the position when nothing else is said."""
        return replace(
            self,
            variables=self.variables | {each, "index"},
            lifted=(self.lifted - {"index"}) | {each},
            errors=self.errors - {each, "index"},
        )

    def in_catch(self, variable: str) -> "Scope":
        """Return the scope of a catch's tasks."""
        return replace(
            self,
            variables=self.variables | {variable},
            lifted=self.lifted | {variable},
            errors=self.errors | {variable},
        )
