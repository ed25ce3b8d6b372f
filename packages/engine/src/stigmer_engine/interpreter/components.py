"""Components that tasks use by name: the properties of `use` (dsl.md 1.2)."""

from collections.abc import Mapping
from typing import TypeVar

from stigmer_engine.faults import fault

_T = TypeVar("_T")


def component(named: Mapping[str, _T] | None, section: str, what: str, name: str) -> _T:
    """The component of a name.

    Args:
        named: the section of `use`, or None when the document has none.
        section: its property, such as `retries`; `what` is what one of them is called.

    Raises:
        Fault: `configuration`, for a name that is not there.
    """
    if not named or name not in named:
        raise fault("configuration", f"There is no {what} {name!r} in use.{section}")
    return named[name]
