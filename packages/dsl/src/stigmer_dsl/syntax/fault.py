"""The one error of the readers."""

from stigmer_dsl.syntax.tree import Position


class SyntaxFault(Exception):
    """The text cannot be read; `code` is a problem code, `position` is where reading stopped."""

    def __init__(self, code: str, message: str, hint: str = "", position: Position | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.position = position
