"""Lists of tasks: the order of things, and the flow directives that change it (dsl.md 1.3, `then`)."""

from stigmer_dsl.models import NamedTask

from stigmer_engine.frames import DoFrame
from stigmer_engine.interpreter.lifecycle import run_task
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_list(run: Run, tasks: tuple[NamedTask, ...], prefix: str, frame: DoFrame, scope: Scope) -> Outcome:
    """Run a list, or go on with it, until it is through, or a task leaves it.

    `continue` goes to the next task, a name to that task of the same list (backwards too), `exit` leaves this list
    and nothing more, `end` completes the workflow.
    """
    while frame.index < len(tasks):
        named = tasks[frame.index]
        reference = f"{prefix}/{frame.index}/{escape(named.name)}"
        outcome = await run_task(run, named, reference, frame, frame.value, scope)
        frame.value = outcome.value
        if outcome.ends or outcome.then == "end":
            return Outcome(frame.value, ends=True)
        match outcome.then:
            case None | "continue":
                frame.index += 1
            case "exit":
                return Outcome(frame.value, exited=True)
            case target:
                frame.index = run.prepared.position(prefix, tasks, target)
    return Outcome(frame.value)


def escape(name: str) -> str:
    """A name as a token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name
