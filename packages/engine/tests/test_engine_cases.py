"""The cases of `cases/*.yaml`: a document, its input, and the output or error it must come to.

`output` must be equal to the last bit (1 is not 1.0); of `error` the given fields must be equal, `type` by its short
name where it is a standard one; `seconds` is virtual time.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.faults import ERROR_BASE
from stigmer_engine.testing import run_document


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    document: JsonObject
    input: JsonValue = None
    output: JsonValue = None
    error: JsonObject | None = None
    seconds: float | None = None
    secrets: dict[str, str] = field(default_factory=dict)


CASES = [
    pytest.param(Case(**case), id=f"{path.stem}: {case['name']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case) -> None:
    run = run_document(case.document, input=case.input, secrets=case.secrets)
    if case.error is None:
        assert json.dumps(run.output, sort_keys=True) == json.dumps(case.output, sort_keys=True)
    else:
        error = {**run.error, "type": str(run.error["type"]).removeprefix(ERROR_BASE)}
        assert {name: error.get(name) for name in case.error} == case.error, error
    if case.seconds is not None:
        assert run.seconds == case.seconds
