"""All checks of a parsed document, in one pass over each concern."""

from pydantic import ValidationError

from stigmer_dsl.checker import ExpressionChecker
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.problem import Problem
from stigmer_dsl.syntax.tree import SyntaxTree
from stigmer_dsl.validation.expression_checks import check_expression, compile_expressions
from stigmer_dsl.validation.findings import Findings
from stigmer_dsl.validation.flow import check_flow
from stigmer_dsl.validation.model_errors import describe, report_model_errors
from stigmer_dsl.validation.normalise import normalise, without_extensions
from stigmer_dsl.validation.references import check_references, declared_secrets
from stigmer_dsl.validation.sites import sites
from stigmer_dsl.validation.walk import child, task_lists


def validate(
    tree: SyntaxTree, source: str, checker: ExpressionChecker | None
) -> tuple[Workflow | None, JsonObject, tuple[Problem, ...]]:
    """Return the model (None when there are errors), the normalised JSON, and all problems by position."""
    findings = Findings(tree, source)
    if not isinstance(tree.value, dict):
        hint = "Start with `document:` and `do:`."
        findings.add("wrong-type", "", f"A workflow is an object, this is {describe(tree.value)}", hint)
        return None, {}, findings.sorted()
    raw = normalise(tree.value, findings)
    workflow = _model(without_extensions(raw), findings)
    _check_meaning(raw, checker, findings)
    problems = findings.sorted()
    valid = all(problem.severity == "warning" for problem in problems)
    return workflow if valid else None, raw, problems


def _model(raw: JsonObject, findings: Findings) -> Workflow | None:
    try:
        return Workflow.model_validate(raw, by_alias=True, by_name=False, context={"document": True})
    except ValidationError as error:
        report_model_errors(error, raw, findings)
        return None


def _check_meaning(raw: JsonObject, checker: ExpressionChecker | None, findings: Findings) -> None:
    lists = tuple(task_lists(raw))
    check_flow(lists, findings)
    check_references(raw, lists, findings)
    language = child(raw, "evaluate", "language")
    if language not in (None, "jq"):
        hint = "Write `language: jq`, or leave it out."
        findings.add("unsupported-language", "/evaluate/language", "Only jq expressions can be evaluated", hint)
        return
    secrets = declared_secrets(raw)
    uncompiled = [found for site in sites(raw, lists) for found in check_expression(site, secrets, findings)]
    if checker is not None:
        compile_expressions(uncompiled, checker, findings)
