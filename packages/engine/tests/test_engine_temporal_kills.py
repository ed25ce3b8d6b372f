"""Workers are killed by SIGKILL while a corpus of documents runs; `just kills` does it more often."""

from scripts.kills.hunt import hunt


async def test_nothing_comes_of_killed_workers() -> None:
    verdict = await hunt(kills=5, seed=4)
    assert verdict.wrong == []
    assert verdict.kills == 5
    assert set(verdict.by_document) == {"sequence", "loop", "fork", "retry", "parent", "listener"}
