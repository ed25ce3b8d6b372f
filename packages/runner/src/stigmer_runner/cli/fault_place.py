"""Where in the author's file a run failed, in the form of `stigmer validate`."""

from stigmer_dsl import InvalidDocument, Problem, load, render
from stigmer_engine import WorkflowError


def fault_text(error: WorkflowError, document: bytes, source: str) -> str:
    """The error with the line of the task that it comes from; empty when it comes from none."""
    if not error.instance:
        return ""
    try:
        place = load(document, source=source).locate(error.instance)
    except InvalidDocument:
        return ""
    line, column = place or (None, None)
    problem = Problem(
        code=error.type.rstrip("/").rpartition("/")[2],
        message=": ".join(text for text in (error.title, error.detail) if text),
        pointer=error.instance,
        line=line,
        column=column,
        source=source,
    )
    return render(problem, document.decode("utf-8", errors="replace"))
