"""A run as a picture on a terminal: its state, and its tasks inside each other, with how long each takes."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleDimensions, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from stigmer_runner.terminal_text import printable

_SHOWN_TASKS: Final = 16
_WIDEST_NAME: Final = 40
_NARROWEST_NAME: Final = 8
_MARK_AND_TIME: Final = 2 + 2 + 7
_MARKS: Final = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "paused": ("‖", "yellow"),
    "skipped": ("-", "dim"),
    "pending": ("·", "dim"),
}
_AT_REST: Final = frozenset(_MARKS) - {"paused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The run, or a task of it; times are Unix times in milliseconds.

    Attributes:
        reference: JSON pointer of the task; empty for the run.
        status: a word; one without a mark of its own turns.
        detail: what else there is to say, such as an error.
        times: how often the task was begun.
    """

    reference: str = ""
    name: str
    status: str
    detail: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is known of a run. `tasks` by the order of their first start."""

    run: Row
    tasks: tuple[Row, ...] = ()

    def with_task(self, row: Row) -> "Scene":
        """The task in its new state; one that begins again counts."""
        for index, known in enumerate(self.tasks):
            if known.reference == row.reference:
                begins = row.started_ms is not None and known.ended_ms is not None
                counted = replace(row, times=known.times + int(begins), started_ms=row.started_ms or known.started_ms)
                return replace(self, tasks=(*self.tasks[:index], counted, *self.tasks[index + 1 :]))
        return replace(self, tasks=(*self.tasks, row))


class RunPicture:
    """Draws a scene again and again, on standard error, so that times go on. A context manager."""

    def __init__(self, console: Console, scene: Callable[[], Scene]) -> None:
        self._console = console
        self._scene = scene
        self._spinner = Spinner("dots")
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._drawn)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _drawn(self) -> Group:
        turning = self._spinner.render(self._console.get_time())
        mark = turning.plain if isinstance(turning, Text) else "…"
        return Group(*drawn(self._scene(), self._console.size, now_ms=time.time_ns() // 1_000_000, turning=mark))


def drawn(scene: Scene, size: ConsoleDimensions, *, now_ms: int, turning: str) -> list[Text]:
    """The lines of a scene: the run, then the last of its tasks that go on, or the newest, each inside its parent.

    No more of them than fit the terminal: what it cuts off would be the newest. Names are cut before times are.
    """
    rows = [(depth + 1, row) for depth, row in _nested(scene.tasks)]
    most = max(1, min(_SHOWN_TASKS, size.height - 4))
    active = [index for index, (_, row) in enumerate(rows) if row.status not in _AT_REST]
    end = max(active[-1] + 1, most) if active else len(rows)
    start = max(0, end - most)
    shown = [(0, scene.run), *rows[start:end]]
    widest = max(_NARROWEST_NAME, min(_WIDEST_NAME, size.width - _MARK_AND_TIME))
    width = min(widest, max(2 * depth + cell_len(printable(row.name)) for depth, row in shown))
    lines = [_line(row, depth, width, now_ms, turning) for depth, row in shown]
    if start:
        lines.insert(1, _left_out(start, "before"))
    return [*lines, _left_out(len(rows) - end, "behind")] if end < len(rows) else lines


def _left_out(count: int, where: str) -> Text:
    return Text(f"  … {count} tasks {where}", style="dim")


def _nested(tasks: Sequence[Row]) -> list[tuple[int, Row]]:
    """The tasks with their depths, each behind its parent."""
    known = {task.reference for task in tasks}
    inside: dict[str, list[Row]] = {}
    for task in tasks:
        inside.setdefault(_parent(task.reference, known), []).append(task)
    placed: list[tuple[int, Row]] = []
    open_rows = [(0, task) for task in reversed(inside.get("", ()))]
    while open_rows:
        depth, row = open_rows.pop()
        placed.append((depth, row))
        open_rows += [(depth + 1, task) for task in reversed(inside.pop(row.reference, ()))]
    return placed


def _parent(reference: str, known: Collection[str]) -> str:
    """The nearest known task around a task; empty for one of the document's own list."""
    while reference:
        reference = reference.rpartition("/")[0]
        if reference in known:
            return reference
    return ""


def _line(row: Row, depth: int, width: int, now_ms: int, turning: str) -> Text:
    mark, colour = _MARKS.get(row.status, (turning, ""))
    said = [f"{'  ' * depth}{mark} {_fitted(printable(row.name), width - 2 * depth)}", _took(row, now_ms)]
    if row.times > 1:
        said.append(f"×{row.times}")
    if not row.reference or row.status in ("cancelled", "paused", "skipped"):
        said.append(row.status)
    said.append(printable(row.detail))
    return Text("  ".join(part for part in said if part).rstrip(), style=colour, no_wrap=True, overflow="ellipsis")


def _fitted(name: str, cells: int) -> str:
    """The name in exactly so many cells of the terminal, of which some characters take two."""
    return set_cell_size(name, cells) if cell_len(name) <= cells else f"{set_cell_size(name, max(0, cells - 1))}…"


def _took(row: Row, now_ms: int) -> str:
    if row.started_ms is None:
        return f"{'':>7}"
    until = row.ended_ms if row.ended_ms is not None else max(now_ms, row.started_ms)
    return f"{(until - row.started_ms) / 1000:>6.1f}s"
