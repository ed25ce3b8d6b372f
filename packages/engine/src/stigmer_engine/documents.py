"""The registry of documents that other documents can run, by namespace, name and version."""

from typing import Final

from stigmer_engine.interpreter.prepared import PreparedDocument

LATEST: Final = "latest"


class DocumentRegistry:
    """Prepared documents by identity. What runs keeps its version: registering a newer one changes nothing for it."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], dict[str, PreparedDocument]] = {}

    def register(self, document: PreparedDocument) -> None:
        """Add a document; the same identity again replaces it for executions that start later."""
        head = document.workflow.document
        self._documents.setdefault((head.namespace, head.name), {})[head.version] = document

    def find(self, namespace: str, name: str, version: str = LATEST) -> PreparedDocument | None:
        """The document, or None. `latest` is the highest semantic version, releases before pre-releases."""
        versions = self._documents.get((namespace, name), {})
        if version != LATEST:
            return versions.get(version)
        return versions[max(versions, key=_precedence)] if versions else None


def _precedence(version: str) -> tuple[object, ...]:
    """The order of semantic versions (semver.org, section 11); build metadata does not count."""
    core, _, pre_release = version.partition("+")[0].partition("-")
    numbers = tuple(int(number) for number in core.split("."))
    if not pre_release:
        return (numbers, 1, ())
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre_release.split("."))
    return (numbers, 0, parts)
