"""Whether a workflow can run: converted, loaded and checked before it is stored."""

import asyncio
from dataclasses import dataclass

from stigmer_converter import ConversionError, ConversionProblem, convert
from stigmer_dsl import ExpressionChecker, InvalidDocument, load
from stigmer_ports.problem_message import problem_message
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowSpec
from stigmer_proto.ai.stigmer.agentic.workflow.v1.serverless import ServerlessWorkflowValidation, ValidationState
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem

from stigmer_server.refusals import Reason, Refused
from stigmer_server.timestamps import moment, now_ms

_SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Findings:
    yaml: str = ""
    problems: tuple[ValidationProblem, ...] = ()

    @property
    def errors(self) -> list[ValidationProblem]:
        return [problem for problem in self.problems if problem.severity == "error"]


class WorkflowValidation:
    """Checks specs in a thread, one at a time. `checker` compiles expressions, when the program lends one."""

    def __init__(self, *, max_bytes: int, checker: ExpressionChecker | None = None) -> None:
        self._max_bytes = max_bytes
        self._checker = checker
        self._turn = asyncio.Lock()

    async def validate(self, spec: WorkflowSpec | None) -> ServerlessWorkflowValidation:
        """The document and its warnings. Raises Refused (INVALID_SPEC) with every problem of a spec that cannot run."""
        if spec is None:
            raise Refused(Reason.INVALID_REQUEST, "spec is missing", field="spec")
        async with self._turn:
            findings = await asyncio.to_thread(self._check, spec)
        if findings.errors:
            raise Refused(Reason.INVALID_SPEC, _sentence(findings.errors), field="spec", problems=findings.problems)
        return ServerlessWorkflowValidation(
            state=ValidationState.VALID,
            yaml=findings.yaml,
            warnings=[problem.message for problem in findings.problems],
            validated_at=moment(now_ms()),
        )

    def _check(self, spec: WorkflowSpec) -> _Findings:
        try:
            conversion = convert(spec)
        except ConversionError as error:
            return _Findings(problems=tuple(map(_of_conversion, error.problems)))
        warnings = tuple(map(_of_conversion, conversion.warnings))
        size = len(conversion.yaml.encode("utf-8", "surrogatepass"))
        if size > self._max_bytes:
            limit = f"the document has {size} bytes, the limit is {self._max_bytes} (STIGMER_SERVER_MAX_DOCUMENT_BYTES)"
            return _Findings(problems=(ValidationProblem(code="too-large", message=limit, severity="error"),))
        try:
            document = load(conversion.yaml, checker=self._checker)
        except InvalidDocument as error:
            return _Findings(yaml=conversion.yaml, problems=(*warnings, *map(problem_message, error.problems)))
        return _Findings(yaml=conversion.yaml, problems=(*warnings, *map(problem_message, document.warnings)))


def _of_conversion(problem: ConversionProblem) -> ValidationProblem:
    return ValidationProblem(
        code=problem.code,
        message=problem.message,
        pointer=problem.path,
        source="spec",
        severity=problem.severity,
        hint=problem.hint,
    )


def _sentence(errors: list[ValidationProblem]) -> str:
    shown = "; ".join(
        f"{error.pointer}: {error.message}" if error.pointer else error.message for error in errors[:_SHOWN_PROBLEMS]
    )
    more = f"; and {len(errors) - _SHOWN_PROBLEMS} more" if len(errors) > _SHOWN_PROBLEMS else ""
    return f"the workflow has {len(errors)} problem{'s' if len(errors) != 1 else ''}: {shown}{more}"
