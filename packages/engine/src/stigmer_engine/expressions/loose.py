"""The loose mode of evaluation: any text of a data position may be an expression (dsl.md 1.1, `evaluate.mode`)."""

import json
from collections.abc import Callable

from stigmer_dsl.expressions import LexicalError, forbidden
from stigmer_dsl.json_types import JsonValue

Compiles = Callable[[str, frozenset[str]], bool]
"""Whether jq compiles a text with these variables (with their `$`) bound."""


def loosen(template: JsonValue, names: frozenset[str], compiles: Compiles) -> JsonValue:
    """The template with each text that is jq put into `${ }`, to be kept as it is when its evaluation fails.

    Text that jq does not compile, or that names what a workflow must not use, is literal; `${ }` is left alone.
    """
    if isinstance(template, dict):
        return {key: loosen(value, names, compiles) for key, value in template.items()}
    if isinstance(template, list):
        return [loosen(value, names, compiles) for value in template]
    if not isinstance(template, str) or "${" in template or not _is_jq(template, names, compiles):
        return template
    return f"${{ try ({template}\n\n) catch {json.dumps(template)} }}"


def _is_jq(text: str, names: frozenset[str], compiles: Compiles) -> bool:
    try:
        return bool(text.strip()) and not forbidden(text) and compiles(text, names)
    except LexicalError:
        return False
