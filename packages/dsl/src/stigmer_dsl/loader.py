"""Loading: text in, checked document or all its problems out."""

from pydantic import ValidationError

from stigmer_dsl.checker import ExpressionChecker
from stigmer_dsl.document import LoadedDocument
from stigmer_dsl.limits import DEFAULT_LIMITS, Limits
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.problem import InvalidDocument, Problem
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.yaml_reader import read_yaml


def load(
    text: str | bytes,
    *,
    source: str = "document",
    checker: ExpressionChecker | None = None,  # noqa: ARG001
    limits: Limits = DEFAULT_LIMITS,
) -> LoadedDocument:
    """Load a workflow document from YAML 1.2 or JSON text; raises InvalidDocument with all problems."""
    decoded = text if isinstance(text, str) else text.decode("utf-8")
    try:
        tree = read_yaml(decoded, limits)
    except SyntaxFault as fault:
        line, column = fault.position or (1, 1)
        raise InvalidDocument(
            [Problem(code=fault.code, message=fault.message, hint=fault.hint, line=line, column=column, source=source)]
        ) from None
    raw = tree.value
    if isinstance(raw, dict) and isinstance(raw.get("document"), dict) and "description" in raw["document"]:
        described = dict(raw["document"])
        described.setdefault("summary", described.pop("description"))
        raw = {**raw, "document": described}
    try:
        workflow = Workflow.model_validate(raw, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidDocument(
            [
                Problem(code=item["type"], message=item["msg"], pointer="/" + "/".join(map(str, item["loc"])))
                for item in error.errors()
            ]
        ) from None
    return LoadedDocument(workflow=workflow, raw=raw, source=source)


def find_problems(
    text: str | bytes,
    *,
    source: str = "document",
    checker: ExpressionChecker | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Problem, ...]:
    """Return every problem of the text, warnings included; empty when there is none. Never raises."""
    try:
        return load(text, source=source, checker=checker, limits=limits).warnings
    except InvalidDocument as error:
        return error.problems
