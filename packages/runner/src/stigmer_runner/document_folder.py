"""The folder of registered documents: read whole, and refused whole when anything in it is wrong."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from stigmer_dsl import InvalidDocument
from stigmer_engine import Engine, PreparedDocument
from stigmer_ports.logs import get_logger

from stigmer_runner.config import ConfigError, EngineSettings

log = get_logger(__name__)

_SUFFIXES: Final = (".yaml", ".yml", ".json")
# Cases of `stigmer test` stand beside the documents that they are about.
_CASES: Final = (".test.yaml", ".test.yml")


async def register_folder(settings: EngineSettings, engine: Engine) -> tuple[PreparedDocument, ...]:
    """Make the documents of DOCUMENTS_DIR, if it is set, known to `run: workflow`. Raises ConfigError."""
    if settings.documents_dir is None:
        return ()
    found = await asyncio.to_thread(
        load_folder, settings.documents_dir, engine.load, max_bytes=settings.max_document_bytes
    )
    for document in found:
        engine.documents.register(document)
    if not found:
        log.warning("there is no document in DOCUMENTS_DIR", folder=str(settings.documents_dir))
    return found


def load_folder(
    folder: Path, load: Callable[[bytes, str], PreparedDocument], *, max_bytes: int
) -> tuple[PreparedDocument, ...]:
    """Every document below the folder, in the order of their paths. Blocks while expressions compile.

    Documents are files that end with .yaml, .yml or .json; hidden ones, and cases (.test.yaml), are passed over.

    Raises:
        ConfigError: with every problem of every file.
    """
    documents: dict[tuple[str, str, str], tuple[str, PreparedDocument]] = {}
    problems: list[str] = []
    for path in sorted(_files(folder)):
        name = path.relative_to(folder).as_posix()
        try:
            document = load(_read(path, max_bytes), name)
        except OSError as error:
            problems.append(f"{name}: {(error.strerror or str(error)).lower()}")
            continue
        except InvalidDocument as invalid:
            problems += [str(problem) for problem in invalid.problems if problem.severity == "error"]
            continue
        head = document.workflow.document
        other, _ = documents.setdefault((head.namespace, head.name, head.version), (name, document))
        if other != name:
            problems.append(f"{name}: {head.namespace}/{head.name}:{head.version} is also in {other}")
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        raise ConfigError("\n".join([f"DOCUMENTS_DIR {str(folder)!r} has {count}.", *problems]))
    return tuple(document for _, document in documents.values())


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        # Mounted volumes of Kubernetes keep their versions in hidden folders.
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(_SUFFIXES) and not name.endswith(_CASES) and not name.startswith("."):
                yield Path(place, name)


def _read(path: Path, max_bytes: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(f"it has more than {max_bytes} bytes (MAX_DOCUMENT_BYTES)")
    return data
