"""Whether an expression reads `.`: one that does not, is evaluated without sending it.

A condition on the loop variable would otherwise send the whole input for every item, which is quadratic when the input
holds the items.
"""

from typing import Final

from stigmer_dsl.expressions import tokenize

_OPERATORS: Final = frozenset(["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "//", "(", ")", "[", "]"])
_WORDS: Final = frozenset(["and", "or", "true", "false", "null"])


def reads_input(source: str) -> bool:
    """Whether bare jq may read `.`. True when in doubt: any function, pipe, object or bare field counts as reading."""
    before = ""
    for token in tokenize(source):
        match token.kind:
            case "variable" | "number" | "quote" | "chars":
                harmless = True
            case "field":
                harmless = before in ("variable", "field")
            case "operator":
                harmless = token.text in _OPERATORS
            case "identifier":
                harmless = token.text in _WORDS
            case _:
                harmless = False
        if not harmless:
            return True
        before = token.kind
    return False
