"""Loading: text in, checked document or all its problems out."""

from stigmer_dsl.checker import ExpressionChecker
from stigmer_dsl.document import LoadedDocument
from stigmer_dsl.limits import DEFAULT_LIMITS, Limits
from stigmer_dsl.problem import InvalidDocument, Problem
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.reader import decode, read
from stigmer_dsl.syntax.tree import SyntaxTree
from stigmer_dsl.validation.validate import validate


def load(
    text: str | bytes,
    *,
    source: str = "document",
    checker: ExpressionChecker | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> LoadedDocument:
    """Load a workflow document from YAML 1.2 or JSON.

    `source` is the file's name for messages; a name that ends in `.json` excludes YAML. With a `checker` every
    expression is compiled too. Raises InvalidDocument with all problems, warnings included.
    """
    tree = _parse(text, source, limits)
    found = validate(tree, source, checker)
    if found.workflow is None:
        raise InvalidDocument(found.problems)
    return LoadedDocument(
        workflow=found.workflow,
        raw=found.raw,
        warnings=found.problems,
        source=source,
        profile="dsl" if found.origin is None else "zigflow",
        tree=tree,
        came_from=found.origin,
    )


def find_problems(
    text: str | bytes,
    *,
    source: str = "document",
    checker: ExpressionChecker | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Problem, ...]:
    """Return every problem of the text by position, warnings included; empty when there is none. Never raises."""
    try:
        return load(text, source=source, checker=checker, limits=limits).warnings
    except InvalidDocument as error:
        return error.problems


def _parse(text: str | bytes, source: str, limits: Limits) -> SyntaxTree:
    try:
        return read(decode(text, limits), limits, json_only=source.endswith(".json"))
    except SyntaxFault as fault:
        line, column = fault.position or (None, None)
        problem = Problem(
            code=fault.code, message=fault.message, hint=fault.hint, line=line, column=column, source=source
        )
        raise InvalidDocument([problem]) from None
