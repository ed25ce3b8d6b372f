"""A text that must not be shown."""

from __future__ import annotations

from typing import Final, final

_HIDDEN: Final = "Secret('***')"


@final
class Secret:
    """A secret text, such as an API key, that no `print`, `repr`, log record or traceback shows.

    Only `reveal()` gives the text; call it at the moment of use and keep the result in no variable.
    Pickling is refused, so that a secret does not end up in a file or a queue by accident.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Return the secret text itself."""
        text: str = object.__getattribute__(self, "_text")
        return text

    def redact(self, text: str) -> str:
        """Return `text` with every occurrence of the secret replaced, for words that come from a peer."""
        return text.replace(self.reveal(), "***") if self.reveal() else text

    def __setattr__(self, name: str, value: object) -> None:
        msg = "a Secret cannot be changed"
        raise AttributeError(msg)

    def __repr__(self) -> str:
        return _HIDDEN

    def __str__(self) -> str:
        return _HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __reduce__(self) -> str:
        msg = "a Secret cannot be pickled or copied to another process"
        raise TypeError(msg)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self
