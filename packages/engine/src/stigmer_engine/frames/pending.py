"""What is still pending in a tree: its times, which a user's pause shifts, and its open tasks."""

from collections.abc import Sequence

from stigmer_engine.frames.frame import (
    Body,
    BranchFrame,
    DoFrame,
    ExtensionFrame,
    ForFrame,
    ForkFrame,
    FunctionFrame,
    ListenFrame,
    TaskFrame,
    Tree,
    TryFrame,
    WaitFrame,
)

Frame = Body | BranchFrame | TaskFrame | ExtensionFrame | None


def shift_times(tree: Tree, seconds: float) -> None:
    """Move every pending time of the tree by `seconds`: deadlines, ends of waits, and the clocks of retry limits.

    What already happened stays: `started_at` moves only as long as the workflow's own deadline depends on it.
    """
    if tree.deadline is not None:
        tree.deadline += seconds
    if tree.phase != "running":
        # The workflow's timeout counts from here, and is not in `deadline` before the tasks start.
        tree.started_at += seconds
    pending: list[Frame] = [tree.root]
    while pending:
        frame = pending.pop()
        match frame:
            case TaskFrame() if frame.deadline is not None:
                frame.deadline += seconds
            case TryFrame():
                frame.began_at += seconds
                frame.attempt_began_at += seconds
                if frame.next_at is not None:
                    frame.next_at += seconds
            case WaitFrame():
                frame.until += seconds
            case _:
                pass
        pending += _below(frame)


def open_tasks(frame: Frame) -> list[TaskFrame]:
    """The open tasks from a frame on, innermost first, branches in declaration order."""
    found: list[TaskFrame] = []
    pending: list[Frame] = [frame]
    while pending:
        current = pending.pop()
        if isinstance(current, TaskFrame):
            found.append(current)
        pending += _below(current)
    found.reverse()
    return found


def open_listeners(tree: Tree) -> list[ListenFrame]:
    """The listeners that are open, in no promised order."""
    found: list[ListenFrame] = []
    pending: list[Frame] = [tree.root]
    while pending:
        frame = pending.pop()
        if isinstance(frame, ListenFrame):
            found.append(frame)
        pending += _below(frame)
    return found


def _below(frame: Frame) -> Sequence[Frame]:
    match frame:
        case TaskFrame():
            return (frame.body, frame.extension)
        case ExtensionFrame():
            return (frame.list,)
        case DoFrame() | BranchFrame():
            return (frame.child,)
        case ForFrame() | TryFrame() | FunctionFrame() | ListenFrame():
            return (frame.body,)
        case ForkFrame():
            return frame.branches
        case _:
            return ()
