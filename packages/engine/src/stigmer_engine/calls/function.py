"""Functions from elsewhere: one task in a file, checked as if it stood in a document of its own."""

import asyncio
import json
from collections.abc import Callable
from typing import Final

from stigmer_dsl import InvalidDocument, LoadedDocument
from stigmer_dsl.json_types import JsonObject

from stigmer_engine.calls.resource import Fetch, Fetched, parse_document
from stigmer_engine.faults import fault

Load = Callable[[str, str], LoadedDocument]
"""Loads a document from text and the name of its source; raises InvalidDocument, unsupported constructs included."""

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
            prefix = f"/do/0/{_NAME}"
            texts = [f"{problem.pointer.removeprefix(prefix) or '/'}: {problem.message}" for problem in error.problems]
            shown = "; ".join(texts[:_SHOWN_PROBLEMS])
            raise fault("configuration", "The function is not valid", f"{fetched.uri}: {shown}") from None
        tasks = loaded.raw["do"]
        assert isinstance(tasks, list)
        task = tasks[0]
        assert isinstance(task, dict)
        checked = task[_NAME]
        assert isinstance(checked, dict)
        return checked
