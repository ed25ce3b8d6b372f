"""The file and its cases."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model

from stigmer_engine.cases.model.collection import not_empty
from stigmer_engine.cases.model.expectation import Expectation
from stigmer_engine.cases.model.fixed_duration import FixedDuration
from stigmer_engine.cases.model.happening import Happening
from stigmer_engine.cases.model.mock import Mock

WorkflowSource = Annotated[Annotated[str, Tag("<text>")] | Annotated[JsonObject, Tag("<object>")], TEXT_OR_OBJECT]
"""A document: its path, relative to the case file, or the document in place. In place, `document` may be left out."""


class Case(Model):
    """One run of a document, and what it must come to.

    Attributes:
        workflow: the document, when it is not the file's.
        covers: rows of the list of constructs that this case proves.
        limit: the time limit that the run is started with, beside the document's own.
        until: virtual time at which the case is over, whatever the run is doing then.
        mocks: come before those of the file.
        during: what happens from outside.
    """

    name: str = Field(min_length=1)
    workflow: Maybe[WorkflowSource] = None
    covers: tuple[str, ...] = ()
    input: JsonValue = None
    secrets: dict[str, str] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict)
    limit: Maybe[FixedDuration] = None
    until: Maybe[FixedDuration] = None
    mocks: tuple[Mock, ...] = ()
    during: tuple[Happening, ...] = ()
    expect: Expectation = Field(default_factory=Expectation)


class CaseFile(Model):
    """Documents, and cases of what they do.

    Attributes:
        workflow: the document of every case that names none itself.
        documents: further documents, which `run: workflow` finds by namespace, name and version.
        covers: rows of the list of constructs that all cases prove, beside their own.
        mocks: answer what no mock of the case answers.
    """

    workflow: Maybe[WorkflowSource] = None
    documents: tuple[WorkflowSource, ...] = ()
    covers: tuple[str, ...] = ()
    mocks: tuple[Mock, ...] = ()
    cases: Annotated[tuple[Case, ...], AfterValidator(not_empty)]

    @model_validator(mode="after")
    def _every_case_has_its_own_name_and_a_workflow(self) -> Self:
        seen: set[str] = set()
        for case in self.cases:
            if case.name in seen:
                raise PydanticCustomError(
                    "duplicate-name", f"Two cases have the name {case.name!r}", {"hint": "Give each its own name."}
                )
            seen.add(case.name)
            if case.workflow is None and self.workflow is None:
                raise PydanticCustomError(
                    "missing-property",
                    f"The case {case.name!r} has no `workflow`, and neither has the file",
                    {"hint": "Name the document under `workflow`: its path, or the document itself."},
                )
        return self
