"""Documents: converting a large specification, and loading what came out."""

import re
from collections.abc import Iterator
from itertools import count

import jq
import yaml
from stigmer_converter import Conversion, convert, spec_from_json
from stigmer_dsl import LoadedDocument, Workflow, load
from stigmer_engine import Engine, PreparedDocument

from .measure import Case, Yardstick
from .specification import document_by_hand, specification

_EXPRESSION = re.compile(r"\$\{ (.*?) \}")


def converting_case(tasks: int) -> Case:
    """A specification message to YAML."""
    spec = spec_from_json(specification(tasks))
    return Case(
        name=f"converting a specification of {tasks} tasks to YAML",
        unit="task",
        units=tasks,
        run=lambda: convert(spec),
        yardsticks=(
            Yardstick(
                name="its four kinds by hand, unchecked, and yaml.CSafeDumper",
                run=lambda: yaml.dump(document_by_hand(spec), Dumper=yaml.CSafeDumper, sort_keys=False),
            ),
        ),
        meaning=_document,
    )


def loading_case(tasks: int) -> Case:
    """A YAML text to a checked document: structure, positions, names, flow."""
    text = convert(spec_from_json(specification(tasks))).yaml
    return Case(
        name=f"loading a document of {tasks} tasks: `stigmer_dsl.load`",
        unit="task",
        units=tasks,
        run=lambda: load(text),
        yardsticks=(
            Yardstick(
                name="yaml.CSafeLoader and the same pydantic models",
                run=lambda: _model(text),
            ),
        ),
        meaning=_workflow,
    )


def compiling_case(engine: Engine, tasks: int) -> Case:
    """A YAML text to a document ready to run, every expression compiled. No run has seen its text before."""
    ours, theirs = _texts(tasks), _texts(tasks)

    def by_hand() -> Workflow:
        text = next(theirs)
        for expression in _EXPRESSION.findall(text):
            jq.compile(expression)
        return _model(text)

    return Case(
        name=f"loading a document of {tasks} tasks, with its expressions: `Engine.load`",
        unit="task",
        units=tasks,
        run=lambda: engine.load(next(ours)),
        yardsticks=(
            Yardstick(name="yaml.CSafeLoader, the same pydantic models, and jq.compile in this process", run=by_hand),
        ),
        meaning=_workflow,
    )


def _texts(tasks: int) -> Iterator[str]:
    return (convert(spec_from_json(specification(tasks, first))).yaml for first in count(0, tasks))


def _model(text: str) -> Workflow:
    return Workflow.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


def _document(result: object) -> object:
    return yaml.load(result.yaml if isinstance(result, Conversion) else str(result), Loader=yaml.CSafeLoader)


def _workflow(result: object) -> object:
    return result.workflow if isinstance(result, LoadedDocument | PreparedDocument) else result
