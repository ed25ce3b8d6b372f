"""What Temporal's UI says of a running execution: its state, and where it stands."""

from typing import Final

from temporalio import workflow

from stigmer_engine.execution import Execution
from stigmer_engine.interpreter.prepared import PreparedDocument

_SHOWN: Final = 20
_MOST_CHARACTERS: Final = 2_000


class CurrentDetails:
    """Keeps the details of one workflow. They cost no history: the UI asks for them by a query."""

    def __init__(self) -> None:
        self._stale = True

    def tell(self) -> None:
        """Note that something has happened."""
        self._stale = True

    async def run(self, execution: Execution) -> None:
        """Write the details anew whenever an activation has changed something. To be run beside everything else."""
        while True:
            await workflow.wait_condition(lambda: self._stale)
            self._stale = False
            workflow.set_current_details(described(execution))


def described(execution: Execution) -> str:
    """A few lines of Markdown: the state, and JSON pointers of the open tasks, outermost first."""
    tasks = execution.open_tasks[::-1]
    lines = [f"**{execution.status}**, {execution.log.size} events", *(f"- `{task}`" for task in tasks[:_SHOWN])]
    if len(tasks) > _SHOWN:
        lines.append(f"- and {len(tasks) - _SHOWN} more")
    return "\n".join(lines)


def static_details(document: PreparedDocument) -> str:
    """What the UI always says of an execution: the document's title and summary, in Markdown as they are."""
    head = document.workflow.document
    text = "\n\n".join(text for text in (head.title and f"**{head.title}**", head.summary) if text)
    return text[:_MOST_CHARACTERS]
