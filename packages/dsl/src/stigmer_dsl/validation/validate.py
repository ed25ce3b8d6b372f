"""All checks of a parsed document, in one pass over each concern."""

from collections.abc import Callable
from dataclasses import dataclass, replace

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
from stigmer_dsl.validation.other_files import is_other_file
from stigmer_dsl.validation.references import check_references, declared_secrets
from stigmer_dsl.validation.sites import sites
from stigmer_dsl.validation.walk import child, task_lists
from stigmer_dsl.zigflow import is_zigflow, translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """The model (None when there are errors), the JSON that it was made of, and all problems by position.

    `origin` is set for a document of another dialect: it gives the pointer of the source for one of the JSON.
    """

    workflow: Workflow | None = None
    raw: JsonObject
    problems: tuple[Problem, ...]
    origin: Callable[[str], str] | None = None


def validate(tree: SyntaxTree, source: str, checker: ExpressionChecker | None) -> Validated:
    """Check a document, one of Zigflow after its translation."""
    findings = Findings(tree, source)
    if not isinstance(tree.value, dict):
        hint = "Start with `document:` and `do:`."
        findings.add("wrong-type", "", f"A workflow is an object, this is {describe(tree.value)}", hint)
        return Validated(raw={}, problems=findings.sorted())
    if is_other_file(tree.value, findings):
        return Validated(raw=tree.value, problems=findings.sorted())
    if is_zigflow(tree.value):
        return _validate_zigflow(tree, source, checker, findings)
    raw = normalise(tree.value, findings)
    return _validated(raw, checker, findings)


def _validate_zigflow(
    tree: SyntaxTree, source: str, checker: ExpressionChecker | None, findings: Findings
) -> Validated:
    translation = translate(tree.value, findings)
    if findings.sorted():
        # What is wrong there would be wrong here once more, in words of the other dialect.
        return Validated(raw=translation.raw, problems=findings.sorted())
    placed = Findings(tree, source, origin=translation.book.origin)
    return replace(_validated(translation.raw, checker, placed), origin=translation.book.origin)


def _validated(raw: JsonObject, checker: ExpressionChecker | None, findings: Findings) -> Validated:
    workflow = _model(without_extensions(raw), findings)
    _check_meaning(raw, checker, findings)
    problems = findings.sorted()
    valid = all(problem.severity == "warning" for problem in problems)
    return Validated(workflow=workflow if valid else None, raw=raw, problems=problems)


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
