"""Runtime expressions: where they are in text, and what they name. jq itself is evaluated elsewhere."""

from stigmer_dsl.expressions.names import FORBIDDEN, forbidden, variables
from stigmer_dsl.expressions.text import Expression, Text, UnclosedExpression, is_strict, split_text, strip
from stigmer_dsl.expressions.tokens import LexicalError, Token, tokenize

__all__ = [
    "FORBIDDEN",
    "Expression",
    "LexicalError",
    "Text",
    "Token",
    "UnclosedExpression",
    "forbidden",
    "is_strict",
    "split_text",
    "strip",
    "tokenize",
    "variables",
]
