"""Functions from elsewhere: one task in a file, checked as if it stood in a document of its own."""

import asyncio
import json
from collections.abc import Sequence
from typing import Final

from stigmer_dsl import InvalidDocument, Problem
from stigmer_dsl.json_types import JsonObject

from stigmer_engine.calls.load import Load
from stigmer_engine.calls.resource import Fetch, Fetched, parse_document
from stigmer_engine.faults import Fault, fault

_NAME: Final = "function"
_SHOWN_PROBLEMS: Final = 5


class FunctionReader:
    """Reads `function.yaml`. It may use nothing of its caller's `use`: neither secrets, nor authentications."""

    def __init__(self, load: Load) -> None:
        self._load = load

    async def __call__(self, fetched: Fetched, _arguments: JsonObject, _fetch: Fetch) -> JsonObject:
        """`{"uri", "definition"}`. Raises Fault `configuration` with the problems found."""
        return {"uri": fetched.uri, "definition": await asyncio.to_thread(self._check, fetched)}

    def _check(self, fetched: Fetched) -> JsonObject:
        definition = parse_document(fetched)
        if not isinstance(definition, dict):
            raise fault("configuration", "The function is not a task", fetched.uri)
        wrapped = {
            "document": {"dsl": "1.0.0", "namespace": "functions", "name": _NAME, "version": "0.0.0"},
            "do": [{_NAME: definition}],
        }
        try:
            loaded = self._load(json.dumps(wrapped), f"{fetched.uri}.json")
        except InvalidDocument as error:
            raise _invalid(fetched.uri, error.problems) from None
        undeclared = [problem for problem in loaded.warnings if problem.code == "undeclared-secret"]
        if undeclared:
            raise _invalid(fetched.uri, undeclared)
        tasks = loaded.raw["do"]
        assert isinstance(tasks, list)
        task = tasks[0]
        assert isinstance(task, dict)
        checked = task[_NAME]
        assert isinstance(checked, dict)
        return checked


def _invalid(uri: str, problems: Sequence[Problem]) -> Fault:
    prefix = f"/do/0/{_NAME}"
    texts = [f"{problem.pointer.removeprefix(prefix) or '/'}: {problem.message}" for problem in problems]
    return fault("configuration", "The function is not valid", f"{uri}: {'; '.join(texts[:_SHOWN_PROBLEMS])}")
