"""What is still pending in a tree: its times, which a user's pause shifts, and its open tasks."""

from stigmer_engine.frames.frame import (
    Body,
    BranchFrame,
    DoFrame,
    ForFrame,
    ForkFrame,
    TaskFrame,
    Tree,
    TryFrame,
    WaitFrame,
)


def shift_times(tree: Tree, seconds: float) -> None:
    """Move every pending time of the tree by `seconds`: deadlines, ends of waits, and the clocks of retry limits.

    What already happened stays: `started_at` moves only as long as the workflow's own deadline depends on it.
    """
    if tree.deadline is not None:
        tree.deadline += seconds
    if tree.phase != "running":
        # The workflow's timeout counts from here, and is not in `deadline` before the tasks start.
        tree.started_at += seconds
    pending: list[object] = [tree.root]
    while pending:
        frame = pending.pop()
        match frame:
            case TaskFrame():
                if frame.deadline is not None:
                    frame.deadline += seconds
                pending.append(frame.body)
            case DoFrame() | BranchFrame():
                pending.append(frame.child)
            case ForFrame():
                pending.append(frame.body)
            case ForkFrame():
                pending.extend(frame.branches)
            case TryFrame():
                frame.began_at += seconds
                frame.attempt_began_at += seconds
                if frame.next_at is not None:
                    frame.next_at += seconds
                pending.append(frame.body)
            case WaitFrame():
                frame.until += seconds
            case _:
                pass


def open_tasks(frame: Body | BranchFrame | None) -> list[TaskFrame]:
    """The open tasks below a frame, innermost first, branches in declaration order."""
    found: list[TaskFrame] = []
    pending: list[object] = [frame]
    while pending:
        current = pending.pop()
        match current:
            case TaskFrame():
                found.append(current)
                pending.append(current.body)
            case DoFrame() | BranchFrame():
                pending.append(current.child)
            case ForFrame() | TryFrame():
                pending.append(current.body)
            case ForkFrame():
                pending.extend(current.branches)
            case _:
                pass
    found.reverse()
    return found
