"""Workflows in folders, found by what is in the files."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from stigmer_dsl import JsonObject
from stigmer_dsl.limits import DEFAULT_LIMITS
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.reader import decode, read

_ENDINGS: Final = (".yaml", ".yml", ".json")
_BINARY: Final = ".binpb"
_HEADER: Final = re.compile(r"^document:|^\s*\{?\s*\"document\"\s*:", re.MULTILINE)


def is_document(value: JsonObject) -> bool:
    """Whether the content of a file is meant as a workflow document."""
    return {"document", "do"} <= set(value)


def is_workflow(value: JsonObject) -> bool:
    """Whether it is meant as a workflow in any form: a document, a WorkflowSpec, or a Workflow resource."""
    return is_document(value) or {"document", "tasks"} <= set(value) or value.get("kind") == "Workflow"


def files_below(place: str, wanted: Callable[[JsonObject], bool]) -> Iterator[str]:
    """The file itself, or of a folder every file below it whose content is wanted; no case files, nothing hidden.

    A file that cannot be read as YAML or JSON, but has the header of a document, is given too: somebody should know.
    """
    if not Path(place).is_dir():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or ".test." in name or not path.is_file():
                continue
            if (path.suffix == _BINARY and wanted is is_workflow) or (path.suffix in _ENDINGS and _has(path, wanted)):
                yield str(path)


def _has(path: Path, wanted: Callable[[JsonObject], bool]) -> bool:
    try:
        data = path.read_bytes()
        value = read(decode(data, DEFAULT_LIMITS), DEFAULT_LIMITS).value
    except SyntaxFault:
        return _HEADER.search(data.decode(errors="replace")) is not None
    except OSError:
        return False
    return isinstance(value, dict) and wanted(value)
