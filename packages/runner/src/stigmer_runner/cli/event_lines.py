"""`--events`: one JSON object a line, written as the events happen."""

import json
import sys
from types import TracebackType
from typing import Self, TextIO

from stigmer_engine import ProgressEvent
from stigmer_ports.redaction import Redactor

from stigmer_runner.cli.exit_codes import UsageFailure

STDERR = "-"


class EventLines:
    """Writes every field of `WorkflowProgressEvent` under its proto name, unset ones too, and flushes each line.

    `-` is standard error, because standard output is the workflow's output and nothing else. A context manager.
    """

    def __init__(self, name: str, redactor: Redactor) -> None:
        self._name = name
        self._redactor = redactor
        self._file: TextIO | None = None
        self._failed = False

    def __enter__(self) -> Self:
        if self._name == STDERR:
            self._file = sys.stderr
            return self
        try:
            self._file = open(self._name, "w", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageFailure(f"The events file {self._name} cannot be written: {reason}.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None and self._file is not sys.stderr:
            self._file.close()

    def write(self, event: ProgressEvent) -> None:
        """Write one line. A disk that is full or a reader that left ends the writing, not the workflow."""
        if self._file is None or self._failed:
            return
        line = json.dumps(self._redactor.json(event.to_json()), ensure_ascii=False, separators=(",", ":"))
        try:
            self._file.write(f"{line}\n")
            self._file.flush()
        except OSError as error:
            self._failed = True
            print(f"Events are no longer written to {self._name}: {error.strerror}.", file=sys.stderr)
