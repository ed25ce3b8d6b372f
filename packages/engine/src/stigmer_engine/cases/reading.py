"""Case files: text in, cases ready to perform or all problems out, each with its place."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from stigmer_dsl import InvalidDocument, Limits, Problem
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.reader import decode, read
from stigmer_dsl.syntax.tree import SyntaxTree
from stigmer_dsl.validation.findings import Findings
from stigmer_dsl.validation.model_errors import describe, report_model_errors

from stigmer_engine.cases.model import Case, CaseFile, Mock

PATTERNS: Final = ("*.test.yaml", "*.test.yml", "*.test.json")
"""Names of case files, by which a folder is searched."""

_DSL: Final = "1.0.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """A document of a case: its text, and where it comes from.

    `origin` and `pointer` say where a document in place stands in its case file; a file of its own has no `origin`.
    """

    text: str
    source: str
    origin: SyntaxTree | None = None
    pointer: str = ""

    def locate(self, problem: Problem) -> Problem:
        """The problem with its place in the file that a person edits."""
        if self.origin is None:
            return problem
        pointer = self.pointer + problem.pointer
        line, column = self.origin.position(pointer)
        return replace(problem, pointer=pointer, line=line, column=column)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCase:
    """One case with everything it needs. `line` is where it stands in `source`."""

    source: str
    line: int
    case: Case
    workflow: DocumentText
    documents: tuple[DocumentText, ...]
    mocks: tuple[Mock, ...]
    covers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The case's name."""
        return self.case.name


def find_case_files(place: Path) -> Iterator[Path]:
    """The case files of a folder and those below it, by path; a file is taken whatever its name."""
    if place.is_dir():
        yield from sorted(path for pattern in PATTERNS for path in place.rglob(pattern))
    else:
        yield place


def read_cases(path: Path, *, source: str | None = None) -> tuple[PlannedCase, ...]:
    """The cases of a file.

    Raises:
        InvalidDocument: with every problem of the case file. What is wrong in a document shows when it is performed.
        OSError: the file cannot be read.
    """
    return parse_cases(path.read_bytes(), source=source or str(path), folder=path.parent)


def parse_cases(text: str | bytes, *, source: str, folder: Path) -> tuple[PlannedCase, ...]:
    """The cases of a text whose paths are relative to `folder`. Raises InvalidDocument."""
    tree = _parse(text, source)
    findings = Findings(tree, source)
    if not isinstance(tree.value, dict):
        hint = "Start with `workflow:` and `cases:`."
        findings.add("wrong-type", "", f"A case file is an object, this is {describe(tree.value)}", hint)
        raise InvalidDocument(findings.sorted())
    if "do" in tree.value and "cases" not in tree.value:
        hint = "Its cases belong into a file beside it, with `workflow:` and `cases:`."
        findings.add("missing-property", "", "This is a workflow document, and no file of cases", hint)
        raise InvalidDocument(findings.sorted())
    try:
        file = CaseFile.model_validate(tree.value, by_alias=True, by_name=False, context={"document": True})
    except ValidationError as error:
        report_model_errors(error, tree.value, findings, CaseFile)
        raise InvalidDocument(findings.sorted()) from None
    reader = _Documents(tree, source, folder, findings)
    documents = tuple(
        reader.document(document, f"/documents/{index}", f"document-{index}")
        for index, document in enumerate(file.documents)
    )
    cases = tuple(_plan(file, index, case, tree, reader, documents) for index, case in enumerate(file.cases))
    problems = findings.sorted()
    if problems:
        raise InvalidDocument(problems)
    return cases


def _parse(text: str | bytes, source: str) -> SyntaxTree:
    try:
        return read(decode(text, Limits()), Limits(), json_only=source.endswith(".json"))
    except SyntaxFault as fault:
        line, column = fault.position or (None, None)
        problem = Problem(
            code=fault.code, message=fault.message, hint=fault.hint, line=line, column=column, source=source
        )
        raise InvalidDocument([problem]) from None


def _plan(
    file: CaseFile,
    index: int,
    case: Case,
    tree: SyntaxTree,
    reader: "_Documents",
    documents: tuple[DocumentText, ...],
) -> PlannedCase:
    pointer = f"/cases/{index}"
    if case.workflow is not None:
        workflow = reader.document(case.workflow, f"{pointer}/workflow", case.name)
    else:
        assert file.workflow is not None
        workflow = reader.document(file.workflow, "/workflow", Path(reader.source).name.partition(".")[0])
    return PlannedCase(
        source=reader.source,
        line=tree.position(pointer).line,
        case=case,
        workflow=workflow,
        documents=documents,
        mocks=(*case.mocks, *file.mocks),
        covers=tuple(dict.fromkeys((*file.covers, *case.covers))),
    )


@dataclass(frozen=True, slots=True)
class _Documents:
    tree: SyntaxTree
    source: str
    folder: Path
    findings: Findings

    def document(self, given: str | JsonObject, pointer: str, name: str) -> DocumentText:
        """The text of a document by path or in place."""
        if isinstance(given, str):
            path = self.folder / given
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
                message = f"The document {given} cannot be read: {str(reason).lower()}"
                self.findings.add("unknown-reference", pointer, message, "Paths are relative to the case file.")
                text = ""
            return DocumentText(text=text, source=str(path))
        value: JsonObject = given
        if "document" not in value:
            header: JsonValue = {"dsl": _DSL, "namespace": "cases", "name": _label(name), "version": "1.0.0"}
            value = {"document": header, **value}
        # Text that opens with a brace is read as JSON, wherever it comes from.
        text = json.dumps(value, ensure_ascii=False)
        return DocumentText(text=text, source=self.source, origin=self.tree, pointer=pointer)


def _label(name: str) -> str:
    """A name as a DNS label."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].rstrip("-")
    return label or "workflow"


__all__ = ["PATTERNS", "DocumentText", "PlannedCase", "find_case_files", "parse_cases", "read_cases"]
