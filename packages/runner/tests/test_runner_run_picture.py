"""The picture of a run: tasks inside each other, in the order of their start, with the time that each takes."""

from dataclasses import replace

from rich.cells import cell_len
from rich.console import ConsoleDimensions
from stigmer_runner.cli.run_picture import Row, Scene, drawn

RUN = Row(name="order", status="running", started_ms=1_000)


def lines(scene: Scene, *, width: int = 80, height: int = 24) -> list[str]:
    return [line.plain for line in drawn(scene, ConsoleDimensions(width, height), now_ms=10_000, turning="~")]


def task(
    reference: str, status: str = "running", *, started_ms: int = 2_000, ended_ms: int | None = None, detail: str = ""
) -> Row:
    name = reference.rpartition("/")[2]
    return Row(reference=reference, name=name, status=status, detail=detail, started_ms=started_ms, ended_ms=ended_ms)


def test_tasks_stand_inside_those_they_belong_to() -> None:
    scene = Scene(RUN)
    for row in (
        task("/do/0/all"),
        task("/do/0/all/fork/branches/0/left"),
        task("/do/0/all/fork/branches/1/right"),
        task("/do/0/all/fork/branches/0/left/do/0/leaf"),
    ):
        scene = scene.with_task(row)
    scene = scene.with_task(task("/do/0/all/fork/branches/1/right", "failed", ended_ms=3_500, detail="no\x1b[2Janswer"))
    assert lines(scene) == [
        "~ order          9.0s  running",
        "  ~ all          8.0s",
        "    ~ left       8.0s",
        "      ~ leaf     8.0s",
        "    ✗ right      1.5s  no [2Janswer",
    ]


def test_a_task_that_begins_again_counts_and_times_itself_anew() -> None:
    scene = Scene(RUN)
    for number in range(3):
        begun = 2_000 + 1_000 * number
        scene = scene.with_task(task("/do/0/nap", started_ms=begun))
        scene = scene.with_task(replace(task("/do/0/nap", "completed", ended_ms=begun + 500), started_ms=None))
    assert lines(scene)[1] == "  ✓ nap     0.5s  ×3"


def test_the_oldest_of_many_are_left_out() -> None:
    scene = Scene(RUN, tuple(task(f"/do/{number}/t{number}") for number in range(40)))
    shown = lines(scene)
    assert shown[:3] == ["~ order     9.0s  running", "  … 24 tasks before", "  ~ t24     8.0s"]
    assert len(shown) == 18


def test_a_task_that_goes_on_is_shown_before_those_that_are_over() -> None:
    over = tuple(task(f"/do/{number}/t{number}", "completed", ended_ms=3_000) for number in range(40))
    again = Scene(RUN, over).with_task(task("/do/2/t2", started_ms=9_000))
    shown = lines(again)
    assert shown[3] == "  ~ t2      1.0s  ×2"
    assert shown[-1] == "  … 24 tasks behind"
    assert len(shown) == 18


def test_what_is_over_without_success_says_how() -> None:
    scene = Scene(replace(RUN, status="cancelled", ended_ms=4_000), (task("/do/0/a", "cancelled", ended_ms=4_000),))
    assert lines(scene) == ["■ order     3.0s  cancelled", "  ■ a       2.0s  cancelled"]


def test_a_small_terminal_shows_the_newest_and_every_time() -> None:
    names = ("short", "a-name-that-is-longer-than-the-terminal-is-wide", "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 30)
    scene = Scene(RUN, tuple(replace(task(f"/do/{number}/t"), name=name) for number, name in enumerate(names)))
    shown = lines(scene, width=30)
    assert [line.rstrip().endswith("8.0s") for line in shown[1:]] == [True] * 3
    assert max(map(cell_len, shown[1:])) <= 30
    assert "…" in shown[2]
    many = Scene(RUN, tuple(task(f"/do/{number}/t{number}") for number in range(40)))
    low = lines(many, height=8)
    assert len(low) <= 8
    assert low[-1].startswith("  ~ t39")
